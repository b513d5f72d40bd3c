"""The link to a Home Assistant that ends, comes back, renames, lies, floods, and leaves for good."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import aiohttp
import pytest
from real_ha.conftest import Labs
from real_ha.lab import Lab
from real_ha.rig import Rig, configured, ended, resident_mb, rig, until
from real_ha.simulated_home import BULK

from homeagent.domain.command import Confirmed, SetMode, Skipped
from homeagent.domain.wiring import HomeAssistantSpec
from homeagent.hass.connection import Connection
from homeagent.hass.entities import Change
from homeagent.hass.link import Link

HOLD = SetMode(mode="hold")


def values_of(home: Rig, quantity: str) -> list[float | None]:
    return [reading.value for reading in home.readings if reading.entity == quantity]


def test_first_readings_come_at_once(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            await until(lambda: values_of(home, "load_kw"), 3)
            assert values_of(home, "load_kw")[0] == pytest.approx(0.8)
            assert values_of(home, "soc_kwh")[0] == pytest.approx(5.0)

    asyncio.run(scenario())


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_home_assistant_ends_and_comes_back(labs: Labs, tmp_path: Path, end: signal.Signals) -> None:
    """A clean restart leaves the devices as they were: nothing is sent twice. A crash loses them: told once more."""
    lab = labs()

    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            await home.charge(2.0, 10)
            writes = home.writes_left()
            lab.end(end)
            await until(lambda: not home.home.link.status.up, 10)
            assert any("no link" in problem for problem in home.home.problems())
            assert isinstance(await home.tell("battery", HOLD), Skipped)
            home.readings.clear()
            await asyncio.to_thread(lab.start)
            await asyncio.to_thread(lab.wait)
            running_at = time.monotonic()
            lab.sim(load=800)
            await until(lambda: home.home.link.status.up, 15)
            await until(lambda: values_of(home, "load_kw"), 3)
            await until(lambda: float(lab.state("sensor.good_battery_power")) == -2000, 10)
            told = 0 if end is signal.SIGTERM else 2
            await until(lambda: writes - home.writes_left() >= told, 3)  # counted when Home Assistant has answered
            assert writes - home.writes_left() == told
            assert isinstance(await home.outcome("battery", HOLD, 10), Confirmed)
            assert time.monotonic() - running_at < 15

    asyncio.run(scenario())


def test_a_home_assistant_that_is_gone_for_good_is_lived_without(labs: Labs, tmp_path: Path) -> None:
    lab = labs()

    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            await home.charge(2.0, 10)
            lab.end(signal.SIGKILL)
            await until(lambda: not home.home.link.status.up, 10)
            home.home.drivers["battery"].look(home.lease_end())
            await asyncio.sleep(10)
            assert home.home.board.present_kw("load_kw") is None
            assert home.home.board.soc_kwh is None
            assert home.home.drivers["battery"].in_charge is False
            await home.home.release()  # ends, though nothing can be written

    asyncio.run(scenario())


def test_a_refused_token_is_not_tried_again_and_again(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(lab, tmp_path, token="x" * 40)
    assert config.wiring is not None
    spec, really, tries = config.wiring.home_assistant, Connection.open, [0]

    async def counted(spec: HomeAssistantSpec) -> Connection:
        tries[0] += 1
        return await really(spec)

    monkeypatch.setattr(Connection, "open", counted)

    async def scenario() -> None:
        link = Link(spec, [], on_change=lambda _change: None, on_status=lambda _up: None)
        running = asyncio.create_task(link.run())
        await until(lambda: "refuses the token" in (link.status.problem or ""), 5)
        await asyncio.sleep(5)
        await ended(running)
        assert tries[0] == 1

    asyncio.run(scenario())


def test_a_renamed_entity_is_missed_and_found_again(lab: Lab, tmp_path: Path) -> None:
    def rename(old: str, new: str) -> None:
        lab.ask("config/entity_registry/update", entity_id=old, new_entity_id=new)

    async def scenario() -> None:
        async with rig(configured(lab, tmp_path), calm=False) as home:
            rename("sensor.good_grid_power", "sensor.another_name")
            try:
                await until(lambda: "sensor.good_grid_power is gone" in home.home.problems(), 5)
                assert home.home.board.present_kw("grid_kw") is None
            finally:
                rename("sensor.another_name", "sensor.good_grid_power")
            await until(lambda: home.home.board.present_kw("grid_kw") is not None, 5)

    asyncio.run(scenario())


def test_what_cannot_be_is_a_gap_with_its_reason(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(
            configured(lab, tmp_path, extra="grid: {max_import_kw: 17, max_export_kw: 17}"), calm=False
        ) as home:
            board = home.home.board

            async def told(words: str) -> None:
                await until(lambda: any(words in problem for problem in home.home.problems()), 5)

            lab.sim(pv_there=False)
            await told("sensor.sim_pv_power is unavailable")
            assert (board.present_kw("pv_kw"), board.present_kw("load_kw")) == (None, None)
            lab.sim(pv_there=True, load=100_000)  # of which the battery gives 5 kW
            await told("shows 95 kW, which is beyond this home")
            assert board.present_kw("grid_kw") is None
            lab.sim(load=900)
            await until(lambda: board.present_kw("load_kw") == pytest.approx(0.9), 5)
            lab.sim(soc_there=False)
            await told("sensor.battery_soc is unavailable")
            assert board.soc_kwh is None

    asyncio.run(scenario())


def test_watts_under_the_unit_kw_are_found_out(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(configured(lab, tmp_path, grid="sensor.swapped_power"), calm=False) as home:
            await until(lambda: any("watts under the unit kW" in problem for problem in home.home.problems()), 5)
            assert home.home.board.present_kw("grid_kw") is None

    asyncio.run(scenario())


@pytest.mark.timeout(200)
def test_a_flood_of_changes_drops_nothing_and_fills_no_memory(lab: Lab) -> None:
    """501 entities, 50 changes a second for a minute: each arrives, in order, and nothing grows."""
    names = [f"input_number.bulk_{index}" for index in range(BULK)]
    others = [f"sensor.{kind}" for kind in ("battery_soc", "sim_pv_power", "room_temperature", "electricity_price")]
    entities = names + others + [f"input_number.sim_{kind}" for kind in ("load", "pv", "soc", "room")]
    entities += [f"select.{name}_mode" for name in ("good", "deaf", "late", "stuck", "reset", "button", "ranged")]
    entities += ["switch.boiler", "switch.dead_pump", "climate.living_room", "input_boolean.boiler"]
    entities += ["input_boolean.heater", "input_datetime.heartbeat"]
    assert len(entities) == 501
    seconds, a_second = 60, 50
    seen: dict[str, list[float]] = {name: [] for name in names}

    def note(change: Change) -> None:
        if not change.first and change.after is not None and change.entity_id in seen:
            seen[change.entity_id].append(float(change.after.state))

    async def drive(memory_mb: list[float]) -> dict[str, list[float]]:
        told: dict[str, list[float]] = {name: [] for name in names}
        async with aiohttp.ClientSession() as client, client.ws_connect(f"{lab.url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": lab.users.tokens["person"]})
            await socket.receive_json()
            began = time.monotonic()
            for count in range(seconds * a_second):
                name, value = names[count % len(names)], float(1000 + count)
                call = {"domain": "input_number", "service": "set_value", "target": {"entity_id": name}}
                await socket.send_json(
                    {"id": count + 1, "type": "call_service", "service_data": {"value": value}, **call}
                )
                assert (await socket.receive_json())["success"]
                told[name].append(value)
                if count % a_second == 0:
                    memory_mb.append(resident_mb(os.getpid()))
                await asyncio.sleep(max(0.0, began + count / a_second - time.monotonic()))
        return told

    async def scenario() -> None:
        spec = HomeAssistantSpec(url=lab.url, token=lab.users.tokens["agent"])
        link = Link(spec, entities, on_change=note, on_status=lambda _up: None)
        running = asyncio.create_task(link.run())
        await until(lambda: link.status.up, 10)
        assert len(link.states) == 501
        memory_mb: list[float] = []
        told = await drive(memory_mb)
        await until(lambda: seen == told, 5)
        await ended(running)
        assert max(memory_mb[-10:]) - max(memory_mb[5:15]) < 3.0

    asyncio.run(scenario())


@pytest.mark.full
@pytest.mark.timeout(3000)
def test_fifty_restarts_are_followed(labs: Labs, tmp_path: Path) -> None:
    lab = labs()

    async def scenario() -> None:
        async with rig(configured(lab, tmp_path)) as home:
            for count in range(50):
                lab.end(signal.SIGKILL if count % 2 else signal.SIGTERM)
                await until(lambda: not home.home.link.status.up, 15)
                await asyncio.to_thread(lab.start)
                await asyncio.to_thread(lab.wait)
                await until(lambda: home.home.link.status.up, 15)
                lab.sim(load=800)
                await until(lambda: home.home.board.present_kw("load_kw") == pytest.approx(0.8), 5)
            assert home.home.link.status.connects == 51

    asyncio.run(scenario())
