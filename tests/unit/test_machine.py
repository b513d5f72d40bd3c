"""The machine's state, as the system tells it, and what learning makes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from homeagent.agent.learner import Learner
from homeagent.agent.remembering import Memory
from homeagent.agent.schooling import Schooling
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.learning import LearningRules
from homeagent.domain.machine import MachineState
from homeagent.footprint.machine import THROTTLED, read_machine
from homeagent.learning.means import LONGEST_WAIT, means_for
from homeagent.simulation.simulated_home import simulated_site

DAY = timedelta(days=1)
NOW = datetime(2024, 5, 1, tzinfo=UTC)


def tells(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


def test_a_machine_that_tells_nothing_is_known_by_nothing(tmp_path: Path) -> None:
    assert read_machine(tmp_path) == MachineState()
    assert means_for(MachineState(), "normal", timedelta(0)).wait is None


def test_a_machine_is_read(tmp_path: Path) -> None:
    tells(
        tmp_path,
        **{
            "proc/meminfo": "MemTotal:  4000000 kB\nMemAvailable:  2048000 kB",
            "sys/fs/cgroup/memory.max": str(900 << 20),
            "sys/fs/cgroup/memory.current": str(600 << 20),
            "sys/class/thermal/thermal_zone0/temp": "61500",
            "sys/class/thermal/thermal_zone1/temp": "-274000",
            "sys/class/power_supply/BAT0/status": "Discharging",
            "sys/class/power_supply/AC/online": "0",
            "sys/class/power_supply/mouse/scope": "Device",
            "sys/class/power_supply/mouse/online": "1",
            THROTTLED: "50000",
        },
    )
    found = read_machine(tmp_path)
    assert found.available_mb == pytest.approx(300)
    assert found.hottest_c == 61.5
    assert found.on_battery is True
    assert found.throttled is False
    tells(tmp_path, **{"sys/class/power_supply/AC/online": "1", THROTTLED: "50005"})
    found = read_machine(tmp_path)
    assert (found.on_battery, found.throttled) == (False, True)


def test_what_is_no_number_is_not_known(tmp_path: Path) -> None:
    tells(
        tmp_path,
        **{
            "proc/loadavg": "",
            "sys/fs/cgroup/memory.max": "max",
            "sys/class/thermal/thermal_zone0/temp": "?",
            THROTTLED: "x",
        },
    )
    assert read_machine(tmp_path) == MachineState()


@pytest.mark.parametrize(
    "strained",
    [
        MachineState(available_mb=200),
        MachineState(hottest_c=82),
        MachineState(throttled=True),
        MachineState(on_battery=True),
        MachineState(load=3.0),
    ],
)
def test_a_strained_machine_waits_and_then_trains_small(strained: MachineState) -> None:
    means = means_for(strained, "large", timedelta(0))
    assert means.wait is not None
    means = means_for(strained, "large", LONGEST_WAIT)
    assert (means.wait, means.budget, means.teacher) == (None, "normal", False)


def test_with_little_to_spare_the_smaller_students_are_trained() -> None:
    assert means_for(MachineState(available_mb=500), "normal", timedelta(0)).budget == "small"
    assert means_for(MachineState(available_mb=5000), "normal", timedelta(0)).budget == "normal"


def unpriced(grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
    return np.full(grid.count, np.nan), np.full(grid.count, np.nan)


def test_a_training_waits_for_the_machine_but_not_for_ever() -> None:
    site, hour = simulated_site(), timedelta(hours=1)
    state = [MachineState(hottest_c=90)]
    memory = Memory(site, hour, NOW, None, None)
    schooling = Schooling(site, LearningRules(teacher=False), memory, unpriced, "float32", lambda: state[0])
    assert schooling.begin(NOW, {}) is None
    assert schooling.waits_for == "the machine is hot (90 degC)"
    assert not schooling.last
    state[0] = MachineState(hottest_c=40)
    schooling.begin(NOW + hour, {})
    assert not schooling.waits_for
    assert schooling.last == NOW + hour
    learner = Learner(site, hour, LearningRules(), NOW, unpriced, None)
    assert "waits" not in learner.reason
