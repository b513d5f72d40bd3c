"""Habits on the command line: a measured home's file in words, shades and JSON, and plain refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from homeagent.agent.habit_terminal import week
from homeagent.cli import main


def a_home(folder: Path, days: int) -> Path:
    """Write a home that wakes at 6, is left at 8, lived in again at 17 and sleeps at 23, all days, in UTC."""
    hour = np.arange(days * 24)
    up = (hour % 24 >= 6) & (hour % 24 < 23) & ~((hour % 24 >= 8) & (hour % 24 < 17))
    rows = [
        f"{np.datetime64('2024-03-04T00:00:00') + np.timedelta64(int(h), 'h')}Z,{1.0 if on else 0.2},0.2,0.1,"
        f"{0.8 if h % 48 == 18 else 0.0}"
        for h, on in zip(hour, up, strict=True)
    ]
    file = folder / "home.csv"
    header = "timestamp,load_kw,price_import_per_kwh,price_export_per_kwh,appliance_dish_washer_kw"
    file.write_text("\n".join([header, *rows]) + "\n")
    return file


def test_a_home_is_told_in_words_and_shades(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["habits", "--data", str(a_home(tmp_path, 60))])
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "wakes at about 06:00 (mostly within 30 min, 39 of 40 days)" in said
    assert "it is left at about 08:00" in said
    assert "somebody is back at about 17:00" in said
    assert "it goes to sleep at about 23:00" in said
    assert "200 W never stop: 1752 kWh a year" in said
    assert "dish washer runs 3.5 times a week, mostly from about 18:00 on; a run takes 1.0 h and 0.80 kWh" in said
    assert "Mon ░░░░░░░░░░░░████" in result.output


def test_the_same_as_json(tmp_path: Path) -> None:
    told = json.loads(CliRunner().invoke(main, ["habits", "--data", str(a_home(tmp_path, 60)), "--json"]).output)
    assert told["times"]["workday"]["leave"]["hour"] == 8.0
    assert len(told["typical_kw"]) == 7


def test_a_short_past_is_no_habit(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["habits", "--data", str(a_home(tmp_path, 5))])
    assert result.exit_code == 0
    assert "only 5 such days are measured" in " ".join(result.output.split())
    assert "wakes" not in result.output


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../../etc/passwd", ""])
def test_an_unknown_zone_is_refused(tmp_path: Path, zone: str) -> None:
    result = CliRunner().invoke(main, ["habits", "--data", str(a_home(tmp_path, 5)), "--timezone", zone])
    assert result.exit_code != 0
    assert "is not known" in result.output


def test_an_unknown_week_draws_nothing() -> None:
    assert week([[None] * 24] * 7) == ["nothing is known of the week yet"]
