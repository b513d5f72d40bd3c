"""Several batteries under one plan: what the whole does is shared, and one that is left to somebody is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from homeagent.agent.live.battery_group import BatteryGroup
from homeagent.agent.live.driver import Driver
from homeagent.control.proof import Observed
from homeagent.devices.batteries import aggregate
from homeagent.devices.battery import self_consumption
from homeagent.domain.command import (
    Command,
    CommandResult,
    Confirmed,
    Failed,
    FollowPolicy,
    Instruction,
    Sent,
    SetMode,
    Skipped,
)
from homeagent.domain.site import BatterySpec
from homeagent.domain.wiring import BatteryPart, DeviceSpec

NOW = datetime(2026, 1, 14, 18, 0, tzinfo=UTC)
LARGE = BatterySpec(name="large", capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5)
SMALL = BatterySpec(name="small", capacity_kwh=5, max_charge_kw=5, max_discharge_kw=5)


class Part:
    """One of the batteries: what a driver shows of itself."""

    def __init__(self, spec: BatterySpec, soc_kwh: float) -> None:
        part = BatteryPart(spec=spec, soc="sensor.soc", power=())
        safe = SetMode(mode="self_consumption")
        self.spec = DeviceSpec(name=spec.name, kind="battery", verbs={}, safe=safe, part=part)
        self.standing, self.why = "idle", None
        self.soc_kwh = soc_kwh
        self.told: list[Command] = []

    def observed(self) -> Observed:
        return Observed(soc_kwh=self.soc_kwh)

    def obey(self, command: Command) -> CommandResult:
        self.told.append(command)
        return Sent(command=command)


class Home:
    def __init__(self) -> None:
        self.net_kw = 0.0
        self.parts = {"large": Part(LARGE, 5.0), "small": Part(SMALL, 2.5)}
        drivers = cast("dict[str, Driver]", self.parts)
        self.group = BatteryGroup(drivers, self.whole, lambda: NOW)

    def whole(self) -> Observed:
        return Observed(net_kw=self.net_kw, soc_kwh=sum(part.soc_kwh for part in self.parts.values()))

    def tell(self, instruction: Instruction) -> CommandResult:
        until = NOW + timedelta(hours=1)
        command = Command(device="battery", instruction=instruction, issued_at=NOW, valid_until=until, reason="a test")
        return self.group.obey(command)

    def told(self) -> dict[str, Instruction]:
        return {name: part.told[-1].instruction for name, part in self.parts.items() if part.told}

    def heard(self, kind: Callable[[Command], CommandResult]) -> list[CommandResult | None]:
        return [self.group.heard(kind(part.told[-1])) for part in self.parts.values()]


def test_a_power_is_shared_by_the_room_that_each_has() -> None:
    home = Home()
    assert isinstance(home.tell(SetMode(mode="charge", power_kw=6.0)), Sent)
    told = home.told()
    assert told == {"large": SetMode(mode="charge", power_kw=4.0), "small": SetMode(mode="charge", power_kw=2.0)}


def test_a_policy_of_the_whole_is_followed_by_all() -> None:
    home = Home()
    policy = replace(self_consumption(aggregate([LARGE, SMALL])), charge_to_kwh=15.0, import_limit_kw=7.0)
    policy = replace(policy, discharge_to_kwh=15.0)
    home.net_kw = 1.0
    home.tell(FollowPolicy(policy=policy))
    assert sum(one.power_kw or 0.0 for one in home.told().values() if isinstance(one, SetMode)) == pytest.approx(6.0)
    home.net_kw = 4.0
    assert home.group.guard() is None
    assert sum(one.power_kw or 0.0 for one in home.told().values() if isinstance(one, SetMode)) == pytest.approx(3.0)
    home.group.guard()
    assert [len(part.told) for part in home.parts.values()] == [2, 2]  # what is told already is not told again


def test_the_whole_is_proved_when_each_is() -> None:
    home = Home()
    home.tell(SetMode(mode="hold"))
    first, second = home.heard(lambda command: Confirmed(command=command))
    assert first is None
    assert isinstance(second, Confirmed)
    assert second.command.device == "battery"


def test_one_that_is_left_to_a_person_is_left_out() -> None:
    home = Home()
    home.parts["small"].standing = "yielded"
    home.tell(SetMode(mode="charge", power_kw=6.0))
    assert home.told() == {"large": SetMode(mode="charge", power_kw=5.0)}
    home.parts["large"].standing = "degraded"
    failed = home.group.heard(Failed(command=home.parts["large"].told[-1], reason="no effect"))
    assert isinstance(failed, Failed)
    assert failed.command.device == "battery"
    assert isinstance(home.tell(SetMode(mode="hold")), Skipped)
