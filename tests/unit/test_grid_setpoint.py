"""A device that is told a power at the grid: told anew when the load moves, and never without knowing it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from homeagent.agent.live import driver as driving
from homeagent.agent.live.driver import Driver, Effects
from homeagent.config.profile_files import load_profile
from homeagent.control.proof import Observed
from homeagent.domain.command import Command, CommandResult, Confirmed, Failed, SetMode
from homeagent.domain.site import BatterySpec
from homeagent.domain.wiring import DeviceSpec, Ranges, SetEntity, Step, Value
from homeagent.hass.entities import EntityState
from homeagent.hass.steps import StepRunner, WriteLog

SPEC = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5)
DEVICE = DeviceSpec(
    name="battery",
    kind="battery",
    verbs={
        "self_consumption": (SetEntity(entity="number.setpoint", value=0.0),),
        "charge": (SetEntity(entity="number.setpoint", value="{{ grid_power_w }}"),),
    },
    safe=SetMode(mode="self_consumption"),
    answer=timedelta(0),
    ranges=Ranges(power_step_w=10),
    writes_per_day=100_000,
)


class Gx(StepRunner):
    """A home whose battery makes up for what the set-point at the grid asks, beside the load."""

    user_id = None

    def __init__(self) -> None:
        self.net_kw: float | None = 1.0
        self.told_w: list[float] = []

    async def run(
        self,
        steps: Sequence[Step],
        variables: Mapping[str, Value],
        *,
        patience_s: float,
        skip_shown: bool,
        log: WriteLog,
    ) -> None:
        del patience_s, skip_shown
        (step,) = steps
        assert isinstance(step, SetEntity)
        self.told_w.append(float(variables["grid_power_w"]))
        log.asked(step.entity, self.told_w[-1])
        log.called(f"context {len(self.told_w)}")

    def observed(self, device: DeviceSpec) -> Observed:
        assert device is DEVICE
        known = self.net_kw is not None and self.told_w
        battery_kw = self.net_kw - self.told_w[-1] / 1000 if known and self.net_kw is not None else None
        return Observed(battery_kw=battery_kw, net_kw=self.net_kw, soc_kwh=5.0)

    def state(self, entity: str) -> EntityState | None:
        del entity
        return None


def charge(kw: float) -> Command:
    now = datetime.now(UTC)
    return Command(
        device="battery",
        instruction=SetMode(mode="charge", power_kw=kw),
        issued_at=now,
        valid_until=now + timedelta(hours=1),
        reason="test",
    )


def drive(home: Gx, told: list[CommandResult]) -> Driver:
    effects = Effects(
        report=told.append,
        tell=lambda _device, _text: None,
        untell=lambda _device: None,
        acted=lambda _act: None,
        attend=lambda: None,
        now=lambda: datetime.now(UTC),
        zone=ZoneInfo("Europe/Berlin"),
    )
    return Driver(DEVICE, SPEC, home, home, effects)


async def until(what: str, home: Gx, seen: list[float]) -> None:
    for _ in range(500):
        if home.told_w == seen:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"{what}: told {home.told_w}, expected {seen}")


async def guarded(driver: Driver) -> None:
    while True:
        driver.guard()
        await asyncio.sleep(0.02)


def test_the_set_point_moves_with_the_load() -> None:
    async def run() -> None:
        home, told = Gx(), list[CommandResult]()
        driver = drive(home, told)
        watch = asyncio.create_task(guarded(driver))
        driver.obey(charge(2.0))
        await until("at first", home, [3000.0])
        home.net_kw = 1.1  # within the tolerance: nothing is written
        await asyncio.sleep(0.2)
        await until("nearly the same", home, [3000.0])
        home.net_kw = 2.5
        await asyncio.sleep(0.9)  # as often as the writes left will last
        await until("the load rose", home, [3000.0, 4500.0])
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        assert [type(result) for result in told] == [Confirmed]

    asyncio.run(run())


def test_without_a_net_load_it_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "RETRY_S", 0.0)

    async def run() -> None:
        home, told = Gx(), list[CommandResult]()
        home.net_kw = None
        driver = drive(home, told)
        driver.obey(charge(2.0))
        for _ in range(500):
            if told:
                break
            await asyncio.sleep(0.01)
        (result,) = told
        assert isinstance(result, Failed)
        assert "the home's net load is not known" in result.reason
        assert home.told_w == [0.0]  # the safe state

    asyncio.run(run())


def test_the_profile_of_victron_is_one_of_these() -> None:
    profile = load_profile("victron")
    assert any("grid_power_w" in text for step in profile.verbs["charge"] for text in step.texts())
