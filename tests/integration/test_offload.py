"""A training sent to real Dask schedulers and workers on this machine, and all that can go wrong with them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from dask_processes import request_of_a_home, scheduler, worker

from homeagent.domain.learning import Offload, TlsFiles
from homeagent.footprint.build import build_id
from homeagent.forecasting.learned import Quantity
from homeagent.learning.child import NotThere, train_by, train_in_child
from homeagent.learning.model import Model
from homeagent.learning.model_files import CARD, save
from homeagent.learning.pupil import Pupil
from homeagent.learning.training import Trained

REQUEST = request_of_a_home(30, priced=False)

PRETENDS = """
from homeagent.footprint.build import build_id
from homeagent.learning import dask_worker
from homeagent.learning.dask_worker import dask_setup
"""
OTHER_BUILD = f"""{PRETENDS}
from homeagent.learning import dask_link
dask_link.build_id = lambda: "0.0.9+0123456789ab"
"""
LIES_ABOUT_ITS_BUILD = f"""{PRETENDS}
dask_worker.build_id = lambda: "0.0.9+0123456789ab"
"""
DAMAGES = f"""{PRETENDS}
from homeagent.learning import answer_parcel as answers
if not hasattr(answers, "sound"):  # Dask imports a preload twice
    answers.sound = answers.answer_parcel
def damaged(trained, ahead):
    parcel = bytearray(answers.sound(trained, ahead))
    parcel[len(parcel) // 2] ^= 1
    return bytes(parcel)
answers.answer_parcel = damaged
"""
SENDS_A_BOMB = f"""{PRETENDS}
import pickle, time
from pathlib import Path
from distributed import get_worker

class Bomb:
    def __init__(self, name):
        self.name = name
    def __reduce__(self):
        return open, (str(Path(__file__).with_name(self.name)), "w")

class BombError(Exception):
    def __reduce__(self):
        return open, (str(Path(__file__).with_name("by-error")), "w")

def bomb(parcel, build, topic):
    get_worker().log_event("warn", {{"message": pickle.dumps(Bomb("by-warning"))}})
    time.sleep(1)
    if WHAT == "result":
        return Bomb("by-result")
    raise BombError

dask_worker.train_parcel = bomb
"""
NEVER_ENDS = f"""{PRETENDS}
import time
from distributed import get_worker
def begun(parcel, build, topic):
    get_worker().log_event(topic, "load: half way")
    time.sleep(60)
dask_worker.train_parcel = begun
"""


class Lines(list[str]):
    """What was said of the progress; `then` happens once, when something was heard from the training itself."""

    def __init__(self, then: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._then = then

    def __call__(self, line: str) -> None:
        self.append(line)
        if self._then is not None and line.startswith("load:"):
            then, self._then = self._then, None
            then()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dask")


@pytest.fixture(scope="module")
def bare(folder: Path) -> Iterator[str]:
    """Yield the address of a scheduler to which each test brings its own workers."""
    with scheduler(folder) as (address, _):
        yield address


@pytest.fixture
def preload(tmp_path: Path) -> Callable[[str], str]:
    """Return what writes a worker's preload."""

    def write(text: str) -> str:
        (tmp_path / "preload.py").write_text(text)
        return str(tmp_path / "preload.py")

    return write


def asked(address: str, silent_s: float = 60.0) -> Offload:
    return Offload(address=address, connect_s=3.0, silent_s=silent_s)


def files_of(model: Model | None, folder: Path) -> dict[str, bytes]:
    assert model is not None
    pupils: dict[Quantity, Pupil] = {name: Pupil(name, student, 24) for name, student in model.students.items()}
    samples = {name: pupil.student.network.standardised(pupil.sample) for name, pupil in pupils.items()}
    home = save(replace(model, notes=()), {}, samples, folder)
    return {file.name: file.read_bytes() for file in home.iterdir()}


def failure(done: Trained | NotThere) -> str:
    assert isinstance(done, NotThere), done
    return done.why


def test_the_same_model_comes_back_bit_by_bit(bare: str, folder: Path, tmp_path: Path) -> None:
    request, lines, here_lines = replace(request_of_a_home(30), search=True), Lines(), Lines()
    with worker(folder, bare):
        there = train_by(asked(bare), request, lines)
    assert isinstance(there, Trained), there
    here = train_in_child(request, here_lines)
    files = files_of(there.model, tmp_path / "there")
    assert CARD in files
    assert files == files_of(here.model, tmp_path / "here")
    assert here_lines
    assert lines[1:-1] == here_lines
    assert lines[0] == f"{bare} takes it"
    assert lines[-1].startswith(f"taught on {bare} in ")
    assert there.model is not None
    assert there.model.notes == (lines[-1].partition(";")[0],)


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        assert failure(train_by(asked(address), REQUEST, Lines())) == f"{address} does not answer within 3 s"


@pytest.mark.parametrize(
    "word", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 64], ids=["mute", "HTTP", "noise"]
)
def test_somebody_else_listens(word: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger, ThreadPoolExecutor(1) as pool:
        stranger.settimeout(0.05)
        address = f"tcp://127.0.0.1:{stranger.getsockname()[1]}"
        asking = pool.submit(train_by, asked(address), REQUEST, Lines())
        callers = []
        while not asking.done():
            with suppress(TimeoutError):
                callers.append(stranger.accept()[0])
                callers[-1].sendall(word)
        assert failure(asking.result()).startswith((f"{address} does not answer", f"{address} cannot be spoken to"))
        for caller in callers:
            caller.close()


def test_a_scheduler_without_workers(bare: str) -> None:
    assert failure(train_by(asked(bare), REQUEST, Lines())) == f"{bare} has no workers"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has workers, but none of homeagent's: docs/offload.md tells how to start them"),
        (OTHER_BUILD, f"works with homeagent 0.0.9+0123456789ab, this is {build_id()}: give both the same"),
        (LIES_ABOUT_ITS_BUILD, f"this worker runs homeagent 0.0.9+0123456789ab, not {build_id()}"),
        (DAMAGES, "sent is damaged: its hash differs from that of what was sent"),
    ],
    ids=["none of ours", "another build", "a lie", "damage"],
)
def test_workers_that_will_not_do(bare: str, folder: Path, preload: Callable[[str], str], text: str, why: str) -> None:
    lines = Lines()
    with worker(folder, bare, preload(text)):
        assert why in failure(train_by(asked(bare), REQUEST, lines))
    if text in {"", OTHER_BUILD}:
        assert not lines  # nothing was sent


@pytest.mark.parametrize("what", ["result", "error"])
def test_no_pickle_is_opened(bare: str, folder: Path, preload: Callable[[str], str], what: str) -> None:
    bomb = preload(f"WHAT = {what!r}\n{SENDS_A_BOMB}")
    with worker(folder, bare, bomb):
        assert (
            failure(train_by(asked(bare), REQUEST, Lines()))
            == f"{bare} failed at it: its workers died, or it is not set up as docs/offload.md tells"
        )
    assert [file.name for file in Path(bomb).parent.iterdir() if file.name.startswith("by-")] == []


def test_a_scheduler_that_vanishes(folder: Path, preload: Callable[[str], str]) -> None:
    with scheduler(folder) as (address, process), worker(folder, address, preload(NEVER_ENDS)) as one:
        assert (
            failure(train_by(asked(address), REQUEST, Lines(process.kill)))
            == f"{address} went away in the middle of it"
        )
        one.kill()


def test_what_a_dying_worker_leaves_another_one_does(bare: str, folder: Path, preload: Callable[[str], str]) -> None:
    with ExitStack() as later, worker(folder, bare, preload(NEVER_ENDS)) as first:

        def relieve() -> None:
            later.enter_context(worker(folder, bare))
            first.kill()

        assert isinstance(train_by(asked(bare), REQUEST, Lines(relieve)), Trained)


def test_the_last_worker_that_dies(bare: str, folder: Path, preload: Callable[[str], str]) -> None:
    with worker(folder, bare, preload(NEVER_ENDS)) as only:
        assert failure(train_by(asked(bare), REQUEST, Lines(only.kill))) == f"{bare} has no workers"


def test_a_worker_that_never_ends(bare: str, folder: Path, preload: Callable[[str], str]) -> None:
    with worker(folder, bare, preload(NEVER_ENDS)) as slow:
        why = failure(train_by(asked(bare, silent_s=4.0), REQUEST, Lines()))
        slow.kill()
    assert why == f"{bare} had no word of progress for 4 s"


def test_tls_lets_in_who_is_known_and_nobody_else(folder: Path, tmp_path: Path) -> None:
    ca, stranger = trustme.CA(), trustme.CA()
    known, unknown = pem_files(ca, ca, tmp_path / "known"), pem_files(stranger, ca, tmp_path / "unknown")
    distrusts = pem_files(ca, stranger, tmp_path / "distrusts")
    options = ("--tls-ca-file", str(known.ca), "--tls-cert", str(known.cert), "--tls-key", str(known.key))
    with scheduler(folder, options) as (address, _), worker(folder, address, security=options):
        assert isinstance(train_by(replace(asked(address), tls=known), REQUEST, Lines()), Trained)
        for files in (distrusts, unknown):
            why = failure(train_by(replace(asked(address), tls=files), REQUEST, Lines()))
            assert why.startswith((f"{address} cannot be spoken to", f"{address} does not answer")), why
        plain = address.replace("tls://", "tcp://")
        assert failure(train_by(asked(plain), REQUEST, Lines())).startswith(plain)


def pem_files(signed_by: trustme.CA, trusts: trustme.CA, folder: Path) -> TlsFiles:
    folder.mkdir()
    leaf = signed_by.issue_cert("127.0.0.1", "localhost")
    files = TlsFiles(ca=folder / "ca.pem", cert=folder / "cert.pem", key=folder / "key.pem")
    trusts.cert_pem.write_to_path(str(files.ca))
    files.cert.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(str(files.key))
    return files


def test_without_dask_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "distributed.py").write_text("raise ImportError('not here')\n")
    monkeypatch.syspath_prepend(str(tmp_path))  # a child process looks where this one does
    why = failure(train_by(asked("tcp://127.0.0.1:1"), REQUEST, Lines()))
    assert why == "Dask is not installed here: uv tool install 'homeagent[dask]', or pip install 'homeagent[dask]'"
