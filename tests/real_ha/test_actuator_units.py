"""A battery whose steps give the power in another unit: the test ends at once, and names it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from real_ha.agent_config import config_yaml
from real_ha.lab import Lab

from homeagent.agent.live.actuator_bench import Pace
from homeagent.agent.live.actuator_test import run_test
from homeagent.config import load_config


def test_three_times_what_was_told_ends_the_test(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(config_yaml(lab, mode="advise").replace("{{ power_w }}", "{{ 3 * power_w }}"))
    pace = Pace(total_s=30, back_s=5, first_s=8, rest_s=1)
    report = asyncio.run(run_test(path, load_config(path), "battery", pace=pace))
    assert [(one.verb, one.verdict) for one in report.tried] == [("charge", "too much")]
    assert "another unit" in report.tried[0].seen
    assert "it did much more" in (report.ended or "")
    assert not report.works
    assert report.not_restored == ()
    assert lab.state("select.good_mode") == "auto"
    assert report.numbers == ()
