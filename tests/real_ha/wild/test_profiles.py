"""Each shipped profile, driven by the agent's own driver. What counts is what really happened in the home.

The devices are driven side by side: a device that is read every 300 s (5 s here) holds up no other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from real_ha.rig import Rig, rig, until
from real_ha.wild.conftest import TIME_FACTOR, moved_in
from real_ha.wild.descriptions import device
from real_ha.wild.lab import WildLab
from real_ha.wild.registry import entities_of

from homeagent.config import Config, load_config
from homeagent.config.matching import match
from homeagent.config.profile_files import load_profile
from homeagent.domain.command import (
    Confirmed,
    Failed,
    Instruction,
    Sent,
    SetMode,
    SetReserve,
    SetSwitch,
    SetTemperature,
)
from homeagent.domain.errors import HomeAgentError

LOAD_KW = 1.0
NEAR_KW = 0.03
BATTERIES = {
    "solax": "solax_modbus",
    "solaredge": "solaredge_modbus_multi",
    "huawei": "huawei_solar",
    "goodwe": "goodwe",
    "fronius": "fronius_modbus",
    "sungrow": "sungrow_package",
    "victron": "victron",
    "givtcp": "givtcp",
    "generic_battery": "select_and_number",
}
RESERVES = {"powerwall": "teslemetry_powerwall", "enphase": "enphase_envoy"}
AT_FULL_POWER = {"goodwe": 5.0}
"""What it charges and discharges with where no power can be set."""
SWITCHED = {
    "goe": ("goecharger", "charger", "sensor.goe_012345_nrg_11"),
    "easee": ("easee", "charger", "sensor.easee_eh123456_power"),
    "wallbox": ("wallbox", "charger", "sensor.wallbox_pulsar_plus_sn_543210_charging_power"),
    "tesla_car": ("teslemetry_car", "charger", "sensor.tessy_charger_power"),
    "boiler_plug": ("switch", "boiler", "sensor.boiler_plug_power"),
    "water_heater": ("water_heater", "tank", "sensor.hot_water_power"),
}
DRAWS_KW = {"charger": 6.9, "boiler": 2.0, "tank": 0.5}
BY_HAND = {
    "switch": {"switch": "switch.boiler_plug"},
    "select_and_number": {"mode": "select.battery_bridge_mode", "power": "number.battery_bridge_power"},
}
HEATED = {"generic_thermostat": ("generic_thermostat", "heater"), "heat_pump": ("climate", "heat_pump")}
ECHOING = ("solaredge", "goodwe", "fronius", "sungrow")
"""They show what they were told though nothing reaches the inverter."""
LEASED = ("solax", "solaredge", "huawei")


def bound(lab: WildLab, name: str, profile: str) -> dict[str, Any]:
    """Return the keys that bind a device to a profile, found in the registry unless it fits any entity."""
    if profile in BY_HAND:
        return {"profile": profile, "entities": BY_HAND[profile]}
    binding = match(load_profile(profile), entities_of(lab, name))
    assert binding is not None, f"{profile} fits nothing of {name}"
    assert binding.complete, binding.missing
    return {"profile": profile, "entities": dict(binding.entities)}


def configured(lab: WildLab, name: str, folder: Path, **more: object) -> Config:
    """Return a configuration of one device's home; one without a battery gets that of SolaX, which nobody tells."""
    owner = name if "battery" in lab.homes[name].spec else "solax"
    spec, meters = lab.homes[owner].spec["battery"], lab.homes[owner].meters
    battery: dict[str, Any] = {key: float(spec[key]) for key in ("capacity_kwh", "max_charge_kw", "max_discharge_kw")}
    if owner != name:
        battery |= bound(lab, owner, BATTERIES[owner])
    values: dict[str, Any] = {
        "mode": "control",
        "home_assistant": {"url": lab.url, "token": lab.users.tokens["agent"]},
        "meters": dict(meters),
        "prices": {"import": 0.3, "export": 0.05},
        "battery": battery,
    }
    for key, value in more.items():
        values[key] = {**values[key], **value} if isinstance(value, dict) and key in values else value
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(values))
    return load_config(path)


async def side_by_side(script: Callable[[str], Awaitable[None]], names: Sequence[str]) -> dict[str, str]:
    """Run a script for each device at once, and return what went wrong, by device."""

    async def tried(name: str) -> tuple[str, str | None]:
        try:
            await script(name)
        except (AssertionError, HomeAgentError, TimeoutError) as error:
            return name, str(error) or type(error).__name__
        return name, None

    return {name: error for name, error in await asyncio.gather(*map(tried, names)) if error is not None}


async def really(lab: WildLab, home: str, flow: str) -> float:
    """Return a power as it is [kW]."""
    return float((await asyncio.to_thread(lab.truth, home))[flow])


async def told(home: Rig, device: str, instruction: Instruction, within_s: float = 100) -> Confirmed:
    try:
        result = await home.outcome(device, instruction, within_s)
    except AssertionError:
        raise AssertionError(f"no answer to {instruction}; {home.standing(device)}") from None
    assert isinstance(result, Confirmed), f"{instruction}: {result}"
    return result


def drive_batteries(lab: WildLab, folder: Path, profiles: dict[str, str]) -> dict[str, str]:
    """Charge, discharge, hold and leave alone; return what went wrong, by device."""
    for name in profiles:
        lab.set(name, load_kw=LOAD_KW)

    async def drive(name: str) -> None:
        keys: dict[str, Any] = bound(lab, name, profiles[name])
        if name == "generic_battery":  # its option has another name than the profile's
            keys["steering"] = {"self_consumption": [{"set": keys["entities"]["mode"], "to": "auto"}]}
        full = AT_FULL_POWER.get(name)
        async with rig(configured(lab, name, folder, battery=keys)) as home:
            script: list[tuple[SetMode, float]] = [
                (SetMode(mode="charge", power_kw=None if full else 2.0), -(full or 2.0)),
                (SetMode(mode="discharge", power_kw=None if full else 1.5), full or 1.5),
                (SetMode(mode="hold"), 0.0),
                (SetMode(mode="self_consumption"), LOAD_KW),
            ]
            # a power at the grid is worked out from the load that is read, which may be that of the test before
            await until(lambda: abs((home.home.board.present_kw("load_kw") or 0.0) - LOAD_KW) < NEAR_KW, 30)
            for instruction, expected_kw in script:
                result = await told(home, "battery", instruction)
                await until_really(lab, name, "battery_kw", expected_kw, 5)
                assert result.attempts == 1, f"{instruction.mode} took {result.attempts} attempts"

    return asyncio.run(side_by_side(drive, list(profiles)))


def test_batteries_do_what_they_are_told(park: WildLab, tmp_path: Path) -> None:
    assert drive_batteries(park, tmp_path, BATTERIES) == {}


def test_the_fork_of_goodwe_takes_a_power(tmp_path: Path) -> None:
    """In a Home Assistant of its own: its entities are those of the integration that it is a fork of."""
    (tmp_path / "ha").mkdir()
    with moved_in(tmp_path / "ha", {"goodwe_hacs": device("goodwe_hacs")}, TIME_FACTOR) as lab:
        assert drive_batteries(lab, tmp_path, {"goodwe_hacs": "goodwe_hacs"}) == {}


def test_batteries_with_a_reserve_follow_it(park: WildLab, tmp_path: Path) -> None:
    for name in RESERVES:
        park.set(name, load_kw=LOAD_KW)

    async def script(name: str) -> None:
        async with rig(configured(park, name, tmp_path, battery=bound(park, name, RESERVES[name]))) as home:
            capacity = float(park.homes[name].spec["battery"]["capacity_kwh"])
            for soc, low_kw, high_kw in ((0.9, -5.0, -3.0), (0.55, 0.0, 0.0), (0.2, LOAD_KW, LOAD_KW)):
                await told(home, "battery", SetReserve(reserve_kwh=soc * capacity))
                is_kw = await really(park, name, "battery_kw")
                assert low_kw - 0.05 <= is_kw <= high_kw + 0.05, f"reserve {soc:.0%}: {is_kw:+.2f} kW"

    assert asyncio.run(side_by_side(script, list(RESERVES))) == {}


def test_an_echo_is_not_believed(park: WildLab, tmp_path: Path) -> None:
    """Nothing reaches these inverters, though each entity shows what it was told: the agent finds out and says so."""
    for name in ECHOING:
        park.set(name, deaf=list(park.homes[name].spec["registers"]), load_kw=LOAD_KW)

    async def script(name: str) -> None:
        soon = {"steering": {"answer_seconds": 1.0, "proof": {"within_seconds": 3.0}}}
        keys = bound(park, name, BATTERIES[name])
        if name == "solaredge":  # its numbers are there in this mode alone
            park.set(name, control="Remote Control")
        async with rig(configured(park, name, tmp_path, battery=keys | soon)) as home:
            result = await home.outcome("battery", SetMode(mode="charge", power_kw=2.0), 90)
            assert isinstance(result, Failed), str(result)
            assert home.standing("battery") == "degraded"
            assert abs(await really(park, name, "battery_kw") - LOAD_KW) <= 0.05

    assert asyncio.run(side_by_side(script, ECHOING)) == {}


def test_a_lease_ends_by_itself(park: WildLab, tmp_path: Path) -> None:
    """Ten minutes (10 s here) after the last word of an agent that is gone, the inverter serves the home again."""
    for name in LEASED:
        park.set(name, load_kw=LOAD_KW)

    async def script(name: str) -> None:
        async with rig(configured(park, name, tmp_path, battery=bound(park, name, BATTERIES[name]))) as home:
            sent = await home.tell("battery", SetMode(mode="charge", power_kw=2.0), timedelta(minutes=10))
            assert isinstance(sent, Sent)
            await until_really(park, name, "battery_kw", -2.0, 20)
            await until_really(park, name, "battery_kw", LOAD_KW, 600 / TIME_FACTOR + 15)

    assert asyncio.run(side_by_side(script, LEASED)) == {}


async def until_really(lab: WildLab, home: str, flow: str, kw: float, within_s: float) -> None:
    """Wait until a power is what it should be [kW]."""
    deadline = time.monotonic() + within_s
    while abs((is_kw := await really(lab, home, flow)) - kw) > 0.05:
        assert time.monotonic() < deadline, f"{flow} is {is_kw:+.2f} kW, not {kw:+.2f}"
        await asyncio.sleep(0.3)


def test_chargers_and_loads_are_switched(park: WildLab, tmp_path: Path) -> None:
    async def script(name: str) -> None:
        profile, load, meter = SWITCHED[name]
        rated = {"rated_kw": DRAWS_KW[load], "power": meter}
        keys = rated | {"timetable": {"00:00": False}, **bound(park, name, profile)}
        async with rig(configured(park, name, tmp_path, appliances={"it": keys})) as home:
            for on in (False, True, False):
                await told(home, "it", SetSwitch(on=on))
                await until_really(park, name, f"{load}_kw", DRAWS_KW[load] if on else 0.0, 5)

    assert asyncio.run(side_by_side(script, list(SWITCHED))) == {}


def test_thermostats_heat(park: WildLab, tmp_path: Path) -> None:
    async def script(name: str) -> None:
        profile, load = HEATED[name]
        binding = bound(park, name, profile)
        keys = {"entity": binding["entities"]["thermostat"], "timetable": {"00:00": 19.0}, **binding}
        async with rig(configured(park, name, tmp_path, climate={"it": keys})) as home:
            await told(home, "it", SetTemperature(target_c=23.0))
            await until_really(park, name, f"{load}_kw", {"heater": 1.5, "heat_pump": 1.2}[load], 10)
            await told(home, "it", SetTemperature(target_c=16.0))
            await until_really(park, name, f"{load}_kw", 0.0, 10)

    assert asyncio.run(side_by_side(script, list(HEATED))) == {}
