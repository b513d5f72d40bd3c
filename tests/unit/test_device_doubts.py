"""Bad input, each with the step that is taken instead, in plain words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from homeagent.control.device_doubts import fuse_below_base, runs_already, too_weak, unplugged_early
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceState, TankSpec
from homeagent.domain.site import GridLimits

NOW = datetime(2026, 1, 14, 18, 0, tzinfo=UTC)
CAR = CarSpec(name="car", max_charge_kw=11)
TANK = TankSpec(name="tank", litres=200, max_kw=2)


def test_a_car_unplugged_in_the_middle_ends_its_plan() -> None:
    before = DeviceState(name="car", at=NOW, plugged=True)
    after = replace(before, plugged=False)
    doubt = unplugged_early(CAR, before, after, needed_kwh=7.25)
    assert str(doubt) == (
        "car: unplugged with 7.2 kWh still needed; its plan ends here, and begins anew when it is plugged in"
    )
    assert unplugged_early(CAR, before, after, needed_kwh=0.0) is None
    assert unplugged_early(CAR, before, replace(before, plugged=None), needed_kwh=7.25) is None  # not known is not gone


def test_a_tank_bigger_than_its_heater_can_warm() -> None:
    assert too_weak(TANK) is None
    assert "can bring 200 l to 38 degC at most, not to 60" in str(
        too_weak(replace(TANK, max_kw=0.1, loss_kw_per_k=0.005))
    )
    assert "need 29 h to bring 1000 l from cold to 60 degC" in str(too_weak(replace(TANK, litres=1000)))


def test_an_appliance_that_runs_already_is_left_to_its_end() -> None:
    washing = ApplianceSpec(name="washing", profile_kw=np.ones(60))
    running = DeviceState(name="washing", at=NOW, on=True)
    assert "it is not switched off" in str(runs_already(washing, running))
    assert runs_already(washing, replace(running, since=NOW)) is None
    assert runs_already(washing, replace(running, on=False)) is None


def test_a_fuse_below_what_the_home_draws_alone() -> None:
    grid = GridLimits(max_import_kw=9.0, phases=1, max_phase_kw=3.7)
    assert "draws 4.2 kW, more than the 3.7 kW that are allowed" in str(fuse_below_base(grid, 4.2))
    assert fuse_below_base(grid, 3.0) is None
    assert fuse_below_base(GridLimits(), 50.0) is None
