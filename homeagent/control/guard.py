"""What stands between a decision and a device: limits, leases, minimum times, and nothing redundant."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from homeagent.control.abilities import beyond
from homeagent.control.warmth import limits_c
from homeagent.domain.command import (
    AgentMode,
    Command,
    FollowPolicy,
    Instruction,
    Rejected,
    SafeState,
    SetCharge,
    SetMode,
    SetReserve,
    SetSwitch,
    SetTemperature,
    Skipped,
    Suggest,
)
from homeagent.domain.devices import CarSpec, DeviceKnown, HeatSpec, TankSpec
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec, SiteState

POWER_TOLERANCE = 0.02
LEVEL_TOLERANCE = 0.01
"""Changes smaller than these shares of rating and capacity change nothing worth a write."""
ABLE = InverterCapability()
AMPERE_KW = 0.22
"""Chargers take whole amperes of each phase: less changes nothing."""
NEARLY_C, NEARLY_KW = 0.5, 0.05
"""What rounding may add to a limit; at the edge the limit itself holds."""
LOWEST_C, HIGHEST_C = 5.0, 35.0
"""No thermostat is ever told less, for the pipes' sake, or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSent:
    """What a device was last told, and when it was last told something else."""

    command: Command
    changed_at: datetime


def check(
    command: Command,
    state: SiteState,
    spec: BatterySpec,
    mode: AgentMode,
    last: LastSent | None,
    minimum_hold: timedelta,
    capability: InverterCapability = ABLE,
    known: DeviceKnown | None = None,
) -> Rejected | Skipped | None:
    """Return why `command` must not be sent now, None if it may be.

    `known` is the device where it is planned and not the battery. A lease that is about to end makes the same
    instruction worth sending again.
    """
    if fault := _fault(command, state, spec, known) or beyond(command.instruction, capability, spec):
        return Rejected(command=command, reason=fault)
    if mode != "control":
        return Skipped(command=command, reason=f"mode is {mode}: nothing is commanded")
    if last is None or last.command.valid_until <= state.at:
        return None
    if same(command.instruction, last.command.instruction, spec):
        due = last.command.valid_until - state.at <= _renewal(command)
        return None if due else Skipped(command=command, reason="the device does this already")
    if _needs_rest(command.instruction) and state.at - last.changed_at < minimum_hold:
        return Skipped(command=command, reason=f"the last change is less than {minimum_hold} ago")
    return None


def _renewal(command: Command) -> timedelta:
    """Renew a lease in its last third."""
    return (command.valid_until - command.issued_at) / 3


def _needs_rest(instruction: Instruction) -> bool:
    """Return whether changes to it must wait: not levels that the guard loop follows, and never safety."""
    return not isinstance(instruction, FollowPolicy | SafeState)


def _fault(command: Command, state: SiteState, spec: BatterySpec, known: DeviceKnown | None) -> str | None:
    if command.valid_until <= state.at:
        return "its lease has ended"
    if isinstance(command.instruction, SafeState | SetSwitch | Suggest):
        return None
    if isinstance(command.instruction, SetTemperature):
        return _unsafe_temperature(command.instruction.target_c, known)
    if isinstance(command.instruction, SetCharge):
        return _unsafe_charge(command.instruction, known)
    return _battery_fault(command.instruction, state, spec)


def _battery_fault(instruction: Instruction, state: SiteState, spec: BatterySpec) -> str | None:
    if state.soc_kwh is None or "soc_kwh" in state.stale:
        return "the state of charge is not known"
    match instruction:
        case FollowPolicy(policy=policy):
            return _unsafe_policy(policy, spec)
        case SetReserve(reserve_kwh=reserve_kwh):
            if not spec.min_soc_kwh <= reserve_kwh <= spec.capacity_kwh:
                return f"a reserve of {reserve_kwh:.2f} kWh is outside the battery"
        case SetMode(mode=mode, power_kw=power_kw) if power_kw is not None:
            rated_kw = spec.max_charge_kw if mode == "charge" else spec.max_discharge_kw
            if not 0 <= power_kw <= rated_kw + 1e-9:
                return f"{power_kw:.2f} kW is outside what the battery can do"
    return None


def _unsafe_temperature(target_c: float, known: DeviceKnown | None) -> str | None:
    if isinstance(known, HeatSpec | TankSpec):
        low_c, high_c = limits_c(known)
        fits = low_c - NEARLY_C <= target_c <= high_c + NEARLY_C
        return None if fits else f"{target_c:.1f} degC is beyond its guards of {low_c:g} to {high_c:g} degC"
    return None if LOWEST_C <= target_c <= HIGHEST_C else f"{target_c:.1f} degC is no temperature for a room"


def _unsafe_charge(told: SetCharge, known: DeviceKnown | None) -> str | None:
    if not isinstance(known, CarSpec):
        return "it is no charger"
    if not -known.max_discharge_kw - NEARLY_KW <= told.power_kw <= known.max_charge_kw + NEARLY_KW:
        return f"{told.power_kw:.2f} kW is outside what the car can do"
    return None


def _unsafe_policy(policy: BatteryPolicy, spec: BatterySpec) -> str | None:
    for name in ("charge_to_kwh", "store_to_kwh", "discharge_to_kwh", "export_to_kwh", "shave_to_kwh"):
        level = getattr(policy, name)
        if not spec.min_soc_kwh - 1e-9 <= level <= spec.capacity_kwh + 1e-9:
            return f"{name} of {level:.2f} is outside the battery"
    if policy.charge_to_kwh > policy.store_to_kwh or policy.discharge_to_kwh > policy.export_to_kwh:
        return "its levels contradict each other"
    return None


def same(one: Instruction, other: Instruction, spec: BatterySpec) -> bool:
    """Return whether two instructions would make the device do the same."""
    if isinstance(one, FollowPolicy) and isinstance(other, FollowPolicy):
        return all(
            _near(getattr(one.policy, field.name), getattr(other.policy, field.name), field.name, spec)
            for field in fields(BatteryPolicy)
        )
    if isinstance(one, SetMode) and isinstance(other, SetMode):
        return one.mode == other.mode and _near(one.power_kw or 0.0, other.power_kw or 0.0, "power_kw", spec)
    if isinstance(one, SetReserve) and isinstance(other, SetReserve):
        return _near(one.reserve_kwh, other.reserve_kwh, "reserve_kwh", spec)
    if isinstance(one, SetCharge) and isinstance(other, SetCharge):
        stopped = abs(one.power_kw) < NEARLY_KW and abs(other.power_kw) < NEARLY_KW
        alike = one.phases == other.phases and abs(one.power_kw - other.power_kw) < AMPERE_KW * one.phases
        started = (abs(one.power_kw) < NEARLY_KW) == (abs(other.power_kw) < NEARLY_KW)
        return one.surplus == other.surplus and (stopped or (alike and started))
    return one == other


def _near(one: float, other: float, name: str, spec: BatterySpec) -> bool:
    if one == other:  # infinite limits among them
        return True
    if name.endswith("_kwh"):
        return abs(one - other) < LEVEL_TOLERANCE * spec.capacity_kwh
    return abs(one - other) < POWER_TOLERANCE * max(spec.max_charge_kw, spec.max_discharge_kw)
