"""Each kind of device in each stance, and why: the sentences. Run this file with Python to renew the golden file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from device_plans import BERLIN, GRID, cost, plans

from homeagent.planning.device_reasons import DeviceReasons

GOLDEN = Path(__file__).with_name("device_reasons.json")
SHOWN_SLOTS = 112
"""As far as a page shows: today and tomorrow's daytime."""


def told(name: str) -> list[dict[str, Any]]:
    task, plan = plans()[name]
    return [
        {
            "at": f"{GRID.at(stretch.first).astimezone(BERLIN):%a %H:%M}",
            "why": stretch.choice.text,
            "runner_up": stretch.choice.runner_up,
            "costs": None if stretch.choice.runner_up_costs is None else round(stretch.choice.runner_up_costs, 3),
        }
        for stretch in DeviceReasons(task, plan, cost(), BERLIN).stretches(0, SHOWN_SLOTS)
    ]


@pytest.mark.parametrize("name", plans())
def test_each_stance_has_its_known_reason(name: str) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[name]
    got = told(name)
    assert [one["at"] for one in got] == [one["at"] for one in golden]
    for one, known in zip(got, golden, strict=True):
        assert one["why"] == known["why"]
        assert act(one["runner_up"]) == act(known["runner_up"])


def act(runner_up: str | None) -> str | None:
    """Return what the next best is without when it moves to: that turns on the price of the smallest wish."""
    return None if runner_up is None else " ".join(runner_up.replace(",", "").split()[:2])


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: told(name) for name in plans()}, indent=1) + "\n")
