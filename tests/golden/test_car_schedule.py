"""The schedule of a small made-up file of sessions stays as it is, unless somebody means to change it."""

from __future__ import annotations

from pathlib import Path

import pytest
from car_files import made_up
from click.testing import CliRunner

from homeagent.cli import main

GOLDEN = Path(__file__).parent


@pytest.mark.parametrize("known", ["announced", "learned"])
def test_the_schedule_is_the_golden_one(tmp_path: Path, known: str) -> None:
    sessions, prices = made_up(tmp_path, days=16)
    out = tmp_path / "schedule.csv"
    options = ["--sessions", str(sessions), "--prices", str(prices), "--known", known, "--confidence", "0.6"]
    told = CliRunner().invoke(main, ["car-sessions", *options, "--out", str(out)], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    golden = GOLDEN / f"car_schedule_{known}.csv"
    # To mean a change: copy what was written over the golden file, and read the difference.
    assert out.read_text() == golden.read_text()
