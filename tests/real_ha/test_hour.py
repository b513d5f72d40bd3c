"""What the running agent costs beside a real Home Assistant whose sensors never rest: one real hour, scaled."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from real_ha.agent_config import config_yaml
from real_ha.costs import HOUR_S, Costs, restless
from real_ha.imported_history import put_home
from real_ha.lab import Lab
from real_ha.process import running

START_S = 120.0
"""The start, the takeover of history and the first training are no everyday."""
LOOK_S = 600.0


@pytest.mark.full
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("control", ["modes", "continuous"])
def test_an_hour_beside_a_restless_home_costs_little(lab: Lab, tmp_path: Path, control: str) -> None:
    put_home(lab, days=12)
    lab.sim(prices="0.3,0.25,0.1,0.4,0.2")
    path = tmp_path / "config.yaml"
    path.write_text(config_yaml(lab, control=control))
    with restless(lab), running(path) as agent:
        time.sleep(START_S)
        first = before = Costs.of(agent.process.pid)
        most_mb = before.resident_mb
        for _ in range(round(HOUR_S / LOOK_S)):
            time.sleep(LOOK_S)
            now = Costs.of(agent.process.pid)
            most_mb = max(most_mb, now.resident_mb)
            print(json.dumps({"control": control, **now.since(before)}), flush=True)  # noqa: T201 - figures
            before = now
        hour = before.since(first)
        footprint = agent.get("footprint")
        told = {"control": control, "the hour": hour, "most_resident_mb": most_mb, "footprint": footprint}
        print(json.dumps(told), flush=True)  # noqa: T201 - as above
        assert agent.stop() < 5
    assert hour["cpu_s_a_day"] <= 20
    assert most_mb <= 90
    assert hour["wakeups_an_hour"] <= 600
    assert hour["written_mb_a_day"] <= 60
