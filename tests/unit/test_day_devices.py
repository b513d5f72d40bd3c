"""A day's picture has a row for each device: what was measured, what is planned, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from still_home import NOW, still_view

from homeagent.agent.day_section import day_section
from homeagent.agent.view import View
from homeagent.store import Store

TODAY = date(2026, 1, 7)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    with Store.open(tmp_path_factory.mktemp("home") / "home.db", lasting=False) as store:
        yield still_view(store)


def row(view: View, name: str) -> dict[str, Any]:
    devices: Any = view.thinks(TODAY)["devices"]
    return next(one for one in devices if one["name"] == name)


def test_what_was_measured_comes_before_what_is_planned(view: View) -> None:
    living = row(view, "living")
    assert len(living["power_kw"]) == len(living["level"]) == len(living["planned"]) == 96
    assert living["planned"] == [slot >= 68 for slot in range(96)]
    assert living["power_kw"][:16] == [2.0] * 16
    assert living["power_kw"][70:92] == [0.8] * 22  # from half past five on, as planned
    assert living["level_unit"] == "degC"
    assert all(level is not None for level in living["level"])
    assert row(view, "guest")["power_kw"][:68] == [None] * 68


def test_reasons_follow_each_other_as_long_as_a_device_does_the_same(view: View) -> None:
    reasons = row(view, "living")["reasons"]
    assert [one["why"].split()[0] for one in reasons] == [
        "heats",
        "rests:",
        "heats",
        "rests:",
        "rests,",
        "heats",
        "rests:",
    ]
    assert reasons[0]["from"] == "2026-01-06T23:00:00Z"
    assert [one["until"] for one in reasons[:3]] == [one["from"] for one in reasons[1:4]]
    assert reasons[3]["until"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"  # what was decided holds until now
    assert reasons[-1]["until"] == "2026-01-07T23:00:00Z"


def test_a_day_before_has_no_plan_in_it(view: View) -> None:
    devices: Any = view.thinks(TODAY - timedelta(days=1))["devices"]
    assert all(not any(one["planned"]) for one in devices)
    assert all(one["reasons"] == [] for one in devices)


def test_the_report_draws_it_too(view: View, tmp_path: Path) -> None:
    text = "".join(day_section({TODAY: view.thinks(TODAY)}, TODAY))
    assert "function drawDeviceDay" in text
    assert "id=devices-day-chart" in text
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
