"""What `homeagent tell`, `thumb` and `satisfaction` say and send."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from still_home import still_view

from homeagent.agent.live.telling import minutes_of
from homeagent.cli import main
from homeagent.domain.errors import InputError
from homeagent.domain.satisfaction import SatisfactionDay
from homeagent.store import Store
from homeagent.web.server import Page

PORT = 8551 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])  # each worker has a home of its own


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home that stands still behind a real page, in a thread of its own."""
    loop, up = asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        with Store.open(tmp_path_factory.mktemp("home") / "home.db", lasting=False) as store:
            async with Page(still_view(store), "127.0.0.1", PORT):
                up.set()
                await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(20)
    yield
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)


def said(*words: str, port: int = PORT) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*words, "--port", str(port)])
    return result.exit_code, result.output


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("tell car pause --for 2h", "car is asked: paused: True, paused until: 2026-01-07T18:05:00Z"),
        ("tell tank boost", "tank is asked: boost until: 2026-01-07T17:05:00Z"),
        ("tell washer not-tonight", "washer is asked: not before: 2026-01-08T05:00:00Z"),
        ("tell guest ready-by 07:00 --target 60", "guest is asked: target: 0.6, ready by: 2026-01-08T06:00:00Z"),
        ("tell living target 21.5 --until 22:00", "living is asked: target: 21.5, target until: 2026-01-07T21:00:00Z"),
        ("tell van target 90%", "van is asked: target: 0.9"),
        ("tell van resume", "van is steered again"),
        ("tell van resume", "nothing was asked of van"),
        ("tell home vacation --until 2026-01-12T18:00", "from 2026-01-07T16:05:00Z to 2026-01-12T17:00:00Z"),
        ("tell home back", "the vacation is taken back"),
        ("thumb 1767801600-dryer down", "noted for 1767801600-dryer: wrong"),
    ],
)
def test_what_is_told_is_answered_in_a_sentence(words: str, answer: str) -> None:
    code, output = said(*words.split())
    assert code == 0, output
    assert answer in output


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("tell toaster pause", "no device of this name"),
        ("tell living target 99", "from 8 to 30 degC"),
        ("tell living target warm", "is no number"),
        ("tell car pause --for soon", "write it as 90min, 2h or 3d"),
        ("tell home boost", "say vacation or back"),
        ("tell home back", "there is no vacation"),
        ("thumb 1-dryer up", "no decision of this id"),
    ],
)
def test_what_cannot_be_is_said_plainly(words: str, answer: str) -> None:
    code, output = said(*words.split())
    assert code == 2
    assert answer in output


def test_without_an_agent_it_says_so() -> None:
    code, output = said("tell", "car", "pause", port=8559)
    assert code == 2
    assert "no agent answers on port 8559" in output


@pytest.mark.parametrize(("text", "minutes"), [("2h", 120), ("90min", 90), ("45m", 45), ("1.5d", 2160)])
def test_lengths_of_time(text: str, minutes: float) -> None:
    assert minutes_of(text) == minutes
    with pytest.raises(InputError):
        minutes_of(text + "s")


def test_satisfaction_is_printed_by_day(tmp_path: Path) -> None:
    path = tmp_path / "home.db"
    with Store.open(path) as store:
        store.write_satisfaction(SatisfactionDay(day=date(2026, 1, 6), cold_kh=5.0, comfort_known=0.8))
        store.write_satisfaction(SatisfactionDay(day=date(2026, 1, 7), overrides=2, comfort_known=1.0))
    printed = CliRunner().invoke(main, ["satisfaction", "--store", str(path)])
    assert printed.exit_code == 0
    assert "2026-01-06" in printed.output
    assert "mean 90.0 of 100 over 2 days, 90% measured" in printed.output
    told = CliRunner().invoke(main, ["satisfaction", "--store", str(path), "--json"])
    assert json.loads(told.output)["worst_day"] == "2026-01-06"
    missing = CliRunner().invoke(main, ["satisfaction", "--store", str(tmp_path / "none.db")])
    assert missing.exit_code == 2
