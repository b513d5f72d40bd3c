"""Commands against devices that obey, and against each kind that does not. What counts is the measured effect."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from real_ha.lab import Lab
from real_ha.rig import configured, rig, until
from real_ha.simulated_home import LATE_S

from homeagent.devices.battery import self_consumption
from homeagent.domain.command import (
    Confirmed,
    Failed,
    FollowPolicy,
    Instruction,
    SetMode,
    SetSwitch,
    SetTemperature,
    Skipped,
)

PRESS = ", {press: button.<battery>_apply}"


def test_a_battery_is_told_in_order_and_proved_by_its_power(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            result = await home.charge(2.0, 10)
            assert isinstance(result, Confirmed)
            assert result.attempts == 1
            assert "-2.00 kW" in (result.proof or "")
            assert float(lab.state("sensor.good_battery_power")) == -2000

    asyncio.run(scenario())


def test_nothing_is_written_that_stands_there_already(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            await home.charge(2.0, 10)
            left = home.writes_left()
            again = await home.charge(2.0, 10)
            assert isinstance(again, Confirmed)
            assert home.writes_left() == left

    asyncio.run(scenario())


@pytest.mark.parametrize(("battery", "press"), [("reset", ""), ("ranged", ""), ("button", PRESS)])
def test_odd_batteries_obey_when_told_in_their_order(lab: Lab, tmp_path: Path, battery: str, press: str) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path, battery=battery, press=press.replace("<battery>", battery))) as home:
            for kw in (2.0, 3.0):
                result = await home.charge(kw, 20)
                assert isinstance(result, Confirmed), result
                assert float(lab.state(f"sensor.{battery}_battery_power")) == -1000 * kw

    asyncio.run(scenario())


@pytest.mark.parametrize("battery", ["deaf", "stuck", "button"])
def test_an_echo_without_effect_is_found_out(lab: Lab, tmp_path: Path, battery: str) -> None:
    """The entity may show what was asked: without effect the device is degraded and the person told."""

    async def scenario() -> None:
        async with rig(configured(lab, tmp_path, battery=battery, within="2")) as home:
            result = await home.charge(2.0, 30)
            assert isinstance(result, Failed)
            assert "3 attempts" in result.reason
            assert home.home.drivers["battery"].standing == "degraded"
            assert isinstance(await home.tell("battery", SetMode(mode="hold")), Skipped)
            await until(lambda: "homeagent_battery" in lab.notifications(), 5)
            assert any("battery is degraded" in problem for problem in home.home.problems())

    asyncio.run(scenario())


def test_a_late_answer_is_waited_for(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        config = configured(lab, tmp_path, battery="late", answer=str(LATE_S), within=str(LATE_S + 20))
        async with rig(config) as home:
            began = time.monotonic()
            result = await home.charge(2.0, LATE_S + 30)
            assert isinstance(result, Confirmed)
            assert result.attempts == 1
            assert time.monotonic() - began >= LATE_S - 2

    asyncio.run(scenario())


def test_switch_and_thermostat_are_proved_by_what_they_draw(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            script: list[tuple[str, Instruction, str, str]] = [
                ("boiler", SetSwitch(on=True), "sensor.boiler_power", "2000"),
                ("living_room", SetTemperature(target_c=22.0), "sensor.heater_power", "1500"),
                ("boiler", SetSwitch(on=False), "sensor.boiler_power", "0"),
                ("living_room", SetTemperature(target_c=17.0), "sensor.heater_power", "0"),
            ]
            for device, instruction, meter, drawn in script:
                result = await home.outcome(device, instruction, 10)
                assert isinstance(result, Confirmed), result
                assert lab.state(meter) == drawn

    asyncio.run(scenario())


@pytest.mark.parametrize("seconds", [120, pytest.param(600, marks=[pytest.mark.full, pytest.mark.timeout(900)])])
def test_real_minutes_of_scripted_policies(lab: Lab, tmp_path: Path, seconds: int) -> None:
    """Two real minutes, ten with --full: every command is proved by its effect, none is sent twice."""

    async def scenario() -> None:
        modes: list[Instruction] = [
            SetMode(mode="charge", power_kw=3.0),
            SetMode(mode="hold"),
            SetMode(mode="discharge", power_kw=1.5),
            SetMode(mode="self_consumption"),
        ]
        async with rig(configured(lab, tmp_path)) as home:
            began, told = time.monotonic(), 0
            while time.monotonic() - began < seconds:
                script = (
                    ("battery", modes[told % 4]),
                    ("boiler", SetSwitch(on=told % 2 == 0)),
                    ("living_room", SetTemperature(target_c=22.0 if told % 2 == 0 else 17.0)),
                )
                for device, instruction in script:
                    result = await home.outcome(device, instruction, 10)
                    assert isinstance(result, Confirmed), result
                    assert result.attempts == 1
                told += 1
                await asyncio.sleep(10)
            assert told >= seconds // 12

    asyncio.run(scenario())


def test_a_policy_is_followed_as_the_load_changes(lab: Lab, tmp_path: Path) -> None:
    """Charge beside the load, but import no more than 3 kW: the battery makes room at the next look."""

    async def scenario() -> None:
        config = configured(lab, tmp_path, control="continuous", writes="50000")
        levels = {"charge_to_kwh": 9.0, "discharge_to_kwh": 9.0, "import_limit_kw": 3.0}
        policy = replace(self_consumption(config.site.battery), **levels)
        async with rig(config) as home:
            await home.outcome("battery", FollowPolicy(policy=policy), 10)
            for load in (800, 2000, 1200, 3500):
                lab.sim(load=load)  # the last is more than the limit by itself: the battery gives the rest
                await until(partial(gives, lab, load - 3000), 12)
            assert len(home.outcomes) == 1  # the command was proved once; following it is no news

    asyncio.run(scenario())


def gives(lab: Lab, watts: float) -> bool:
    return abs(float(lab.state("sensor.good_battery_power")) - watts) < 120


def test_a_lease_that_runs_out_ends_in_the_safe_state(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            await home.tell("battery", SetMode(mode="charge", power_kw=2.0), lease=timedelta(seconds=3))
            await until(lambda: lab.state("select.good_mode") == "charge", 3)
            await until(lambda: lab.state("select.good_mode") == "auto", 10)
            assert home.standing("battery") == "idle"

    asyncio.run(scenario())


def test_a_device_that_was_left_by_a_run_before_is_made_safe(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        lab.call("select.select_option", "select.good_mode", option="charge")
        async with rig(configured(lab, tmp_path)) as home:
            home.home.drivers["battery"].owe_safe_state()
            await until(lambda: lab.state("select.good_mode") == "auto", 10)
            assert home.standing("battery") == "idle"

    asyncio.run(scenario())


def test_what_is_asked_of_every_device_goes_back_at_the_end(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            await home.charge(2.0, 10)
            await home.outcome("boiler", SetSwitch(on=True), 10)
            await home.home.release()
            assert (lab.state("select.good_mode"), lab.state("switch.boiler")) == ("auto", "off")

    asyncio.run(scenario())
