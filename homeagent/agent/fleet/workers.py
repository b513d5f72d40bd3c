"""Where homes are replayed: in one process beside this one, or by the workers of a Dask scheduler."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from homeagent.domain.errors import InputError, Issue, TransientError
from homeagent.footprint.build import build_id

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
AHEAD = 2
"""Homes on their way to each worker: one in work and one that waits, so that none idles and memory stays bounded."""
CONNECT_S, LOOK_S = 10.0, 5.0
NO_WORKER_S = 600.0
"""A scheduler without workers is left after so long; what is done is kept."""

Outcome: TypeAlias = "dict[str, Any] | Lost"
Work: TypeAlias = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A task that nobody could do. `died`: the process did that had it."""

    reason: str
    died: bool = False


class Workers(Protocol):
    """Do tasks in any order. Only a few are taken from `tasks` ahead of their turn."""

    @property
    def count(self) -> int:
        """How many tasks are worked on at once."""

    def do(self, work: Work, tasks: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Outcome]]:
        """Yield the name and the outcome of each task as it comes."""


def workers(dask: str | None, count: int | None, notice: Callable[[str], None]) -> AbstractContextManager[Workers]:
    """Give what `--dask` names: nothing, `local` or a scheduler's address.

    Raises:
        InputError: Dask is not installed, nobody answers, or no worker is of this build.
    """
    if dask is None:
        return _beside()
    try:
        import distributed  # noqa: F401, PLC0415 - an extra, and heavy
    except ImportError as error:
        remedy = "install it: uv tool install 'homeagent[dask]', or pip install 'homeagent[dask]'"
        raise InputError("--dask", (Issue(path="dask", message="is not installed", remedy=remedy),)) from error
    logging.disable()  # Dask's log stays off the terminal: what matters of it is said by us
    return _local(count or len(os.sched_getaffinity(0)), notice) if dask == LOCAL else _remote(dask, notice)


def _could_not(error: BaseException) -> Lost:
    return Lost(reason=f"its worker could not: {type(error).__name__}: {error}")


class _Beside:
    """One task after another in a process of its own, which a crash ends in our place."""

    count = 1

    def do(self, work: Work, tasks: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Outcome]]:
        pool = None
        for name, task in tasks:
            pool = pool or ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
            outcome: Outcome
            try:
                outcome = pool.submit(_quietly, work, task).result()
            except BrokenProcessPool:
                pool.shutdown()
                pool = None
                outcome = Lost(reason="its process died; was there memory enough?", died=True)
            except Exception as error:  # noqa: BLE001 - what was raised there must not end the others
                outcome = _could_not(error)
            yield name, outcome
        if pool is not None:
            pool.shutdown()


@contextmanager
def _beside() -> Iterator[Workers]:
    before = set(multiprocessing.active_children())
    try:
        yield _Beside()
    finally:
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()


def _quietly(work: Work, task: object) -> dict[str, Any]:
    """Do a task in a process that says nothing: the outcome tells all that there is to tell."""
    _mute()
    return work(task)


@cache
def _mute() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the solver greets on it, whatever it is told
    logging.getLogger("homeagent").setLevel(logging.CRITICAL)


@contextmanager
def _local(count: int, notice: Callable[[str], None]) -> Iterator[Workers]:
    """Give workers on this machine: processes of one thread each, which are started again if they die."""
    from distributed import Client  # noqa: PLC0415 - an extra, and heavy

    from homeagent.learning.dask_cluster import cluster  # noqa: PLC0415 - same

    with ExitStack() as started:
        try:
            address = started.enter_context(cluster("127.0.0.1", 0, count, None, logging.CRITICAL))
            client = started.enter_context(Client(address))
        except (OSError, RuntimeError) as error:
            raise TransientError(f"no workers could be started: {error.__cause__ or error}") from error
        yield _OnDask(client, LOCAL, notice)


@contextmanager
def _remote(address: str, notice: Callable[[str], None]) -> Iterator[Workers]:
    """Give the workers of a scheduler elsewhere."""
    from distributed import Client  # noqa: PLC0415 - an extra, and heavy

    try:
        client = Client(address, timeout=CONNECT_S)
    except (OSError, ValueError, TimeoutError) as error:
        remedy = "start one there: homeagent worker, or give --dask local"
        issue = Issue(path=address, message=f"no scheduler answers: {error}", remedy=remedy)
        raise InputError("--dask", (issue,)) from error
    with client:
        on_dask = _OnDask(client, address, notice)
        on_dask.require_one()
        yield on_dask


class _OnDask:
    """The workers of a scheduler. A task goes only to a worker that offers this build as a resource."""

    def __init__(self, client: Client, address: str, notice: Callable[[str], None]) -> None:
        from homeagent.learning.dask_link import our_resource  # noqa: PLC0415 - an extra, and heavy

        self._client = client
        self._address = address
        self._ours = our_resource()
        self._notice = notice
        self._alone_since: float | None = None
        self._counted: tuple[float, int] | None = None

    @property
    def count(self) -> int:
        """How many workers of this build there are; asked every few seconds, for workers come and go."""
        now = time.monotonic()
        if self._counted is None or now - self._counted[0] > LOOK_S:
            self._counted = now, sum(self._ours in resources for resources in self._resources())
        return self._counted[1]

    def _resources(self) -> list[dict[str, float]]:
        info = self._client.scheduler_info(n_workers=-1)
        return [worker.get("resources", {}) for worker in info["workers"].values()]

    def require_one(self) -> None:
        """Refuse a scheduler none of whose workers is of this build. Workers may be a little late."""
        began = time.monotonic()
        while not (found := self._resources()) and time.monotonic() - began < CONNECT_S:
            time.sleep(0.2)
        if any(self._ours in resources for resources in found):
            return
        builds = sorted({name for resources in found for name in resources if name.startswith("homeagent ")})
        message = "has no worker" if not found else f"has {len(found)} workers, but none of this build ({build_id()})"
        issue = Issue(
            path=self._address,
            message=message,
            found=", ".join(builds) or None,
            remedy="start homeagent worker there, of the same homeagent as here",
        )
        raise InputError("--dask", (issue,))

    def do(self, work: Work, tasks: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Outcome]]:
        suspects: list[tuple[str, Any]] = []
        for name, task, outcome in self._passed(work, tasks):
            if isinstance(outcome, Lost) and outcome.died:
                suspects.append((name, task))
            else:
                yield name, outcome
        for suspect in suspects:  # which of those that died together it was shows when each is alone
            for name, _, outcome in self._passed(work, [suspect]):
                yield name, outcome

    def _passed(self, work: Work, tasks: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any, Outcome]]:
        waiting = iter(tasks)
        running: dict[Future[Any], tuple[str, Any]] = {}
        try:
            while True:
                with _reaching():
                    room = max(AHEAD * max(self.count, 1) - len(running), 0)
                for name, task in islice(waiting, room):
                    with _reaching():
                        future = self._client.submit(_quietly, work, task, pure=False, resources={self._ours: 1})
                    running[future] = (name, task)
                if not running:
                    return
                for future in self._done(running):
                    with _reaching():
                        outcome = _outcome(future)
                    yield *running.pop(future), outcome
        finally:
            with suppress(OSError, CancelledError):
                self._client.cancel(list(running))

    def _done(self, running: Iterable[Future[Any]]) -> Iterable[Future[Any]]:
        """Wait a while, and return what was done until then."""
        from distributed import wait  # noqa: PLC0415 - an extra, and heavy

        with _reaching():
            try:
                done: set[Future[Any]] = wait(list(running), timeout=LOOK_S, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                self._look()
                return ()
        self._alone_since = None
        return done

    def _look(self) -> None:
        """Say if no worker is left, and give up where none comes back."""
        if self.count:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = time.monotonic()
            self._notice(f"no worker is left; waiting {NO_WORKER_S / 60:.0f} minutes for one")
        elif time.monotonic() - self._alone_since > NO_WORKER_S:
            raise TransientError("no worker came back")


@contextmanager
def _reaching() -> Iterator[None]:
    """Turn whatever it looks like when the scheduler is gone into one error."""
    try:
        yield
    except (OSError, CancelledError) as error:
        raise TransientError("the scheduler is gone") from error


def _outcome(future: Future[Any]) -> Outcome:
    from distributed import KilledWorker  # noqa: PLC0415 - an extra, and heavy

    if future.status in {"cancelled", "lost"}:
        raise CancelledError
    error = future.exception()
    if error is None:
        return dict(future.result())
    if isinstance(error, KilledWorker):
        return Lost(reason="its worker died again and again; was there memory enough?", died=True)
    return _could_not(error)
