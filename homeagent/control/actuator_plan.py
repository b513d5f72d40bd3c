"""What a device is told in a supervised test: a little of everything that it knows, inside every limit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from homeagent.control.proof import TAPER, Observed
from homeagent.domain.actuator import Tried
from homeagent.domain.command import Instruction, Mode, SetMode, SetReserve, SetSwitch, SetTemperature
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.site import BatterySpec, GridLimits
from homeagent.domain.wiring import CallAction, DeviceSpec, SetEntity

SMALL_KW = (0.93, 1.37, 0.68, 1.87, 0.47, 2.43, 0.32)
"""Uneven powers, so that an inverter's steps show; the first that stands out is taken."""
APART_KW = 0.4
"""So far a told power must be from what the battery does by itself, either way, to be told from it."""
LEAST_APART_KW = 0.2
LEAST_KW = 0.3
SHORTEST_LEASE_S, MINUTE_S = 20.0, 60.0
NO_ROOM = "as the load is now, the grid might leave its limits, or nothing could be told from what it does anyway"
RESERVE_ABOVE = 0.1
"""So much of the capacity above the present charge a reserve is set for the battery to charge."""
APART_C = 2.0
"""So far from the room's a temperature is set, clear of any dead band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One thing that the device is told. `asked_kw` is what a battery should come to, + discharging.

    An `extra` one is left out where the device is slow. One with a `lease_seconds` waits for the device to end it.
    """

    verb: str
    told: Instruction
    asked_kw: float | None = None
    extra: bool = False
    lease_seconds: float | None = None

    def words(self) -> str:
        """Return what the device is told, for people."""
        match self.told:
            case SetMode(mode="self_consumption"):
                return "cover the home by itself"
            case SetMode(mode="hold"):
                return "hold"
            case SetMode(mode=mode, power_kw=None):
                return f"{mode} as fast as it goes"
            case SetMode(mode=mode) if self.asked_kw is not None:
                until = "" if self.lease_seconds is None else f" for {self.lease_seconds:.0f} s"
                return f"{mode} with {abs(self.asked_kw):.2f} kW{until}"
            case SetReserve(reserve_kwh=kwh):
                return f"keep {kwh:.1f} kWh in reserve"
            case SetSwitch(on=on):
                return f"switch {'on' if on else 'off'}"
            case SetTemperature(target_c=target_c):
                return f"heat to {target_c:g} degC"
        return self.verb


def announced(device: DeviceSpec) -> str:
    """Return what a test will do with a device, in a sentence."""
    if device.kind == "switch":
        return f"{device.name} is switched once, and back"
    if device.kind == "thermostat":
        return f"{device.name} is set {APART_C:g} degC above the room, and as much below it"
    verbs = [verb.replace("_", " ") for verb in device.verbs if verb != "self_consumption"]
    small = device.capability.sets_power and "charge" in device.verbs
    power = "with a small power" if small else "as fast as it goes, since no power can be set"
    return f"{device.name} is told {', '.join(verbs)} in turn, {power}, and then left to cover the home by itself"


def unknown(device: DeviceSpec, observed: Observed) -> str | None:
    """Return what a test needs and nobody measures at the moment, None if all is known."""
    if device.kind == "switch":
        return None if observed.running is not None else "nothing measures whether it runs; name its meter"
    if device.kind == "thermostat":
        known = observed.room_c is not None and observed.target_c is not None and observed.running is not None
        return None if known else "its room's temperature, its set-point or whether it heats is not known"
    if device.kind != "battery":
        return f"no test knows a {device.kind} yet; watch its first commands in mode control"
    if observed.battery_kw is None:
        return "the battery's power is not known"
    if observed.soc_kwh is None:
        return "the state of charge is not known"
    return None if observed.net_kw is not None else "the home's net load is not known, so no limit could be kept"


def unfit(device: DeviceSpec, observed: Observed, spec: BatterySpec) -> str | None:
    """Return why a test should not begin as things stand, None if it may."""
    if device.kind != "battery" or observed.soc_kwh is None:
        return None
    near_kwh = TAPER * spec.capacity_kwh
    share = observed.soc_kwh / spec.capacity_kwh
    if observed.soc_kwh >= spec.capacity_kwh - near_kwh:
        return f"the battery is too full ({share:.0%}) to show that it charges; try again below {1 - TAPER:.0%}"
    if observed.soc_kwh <= spec.min_soc_kwh + near_kwh:
        enough = spec.min_soc_kwh / spec.capacity_kwh + TAPER
        return f"the battery is too empty ({share:.0%}) to show that it discharges; try again above {enough:.0%}"
    return None


def legs_of(
    device: DeviceSpec, observed: Observed, spec: BatterySpec, grid: GridLimits, rated_kw: float
) -> tuple[list[Leg], list[Tried]]:
    """Return what to tell the device, and what is left out with its reason. `observed` allows a test.

    `rated_kw` is what a switched device draws.
    """
    if device.kind == "battery":
        return _battery(device, observed, spec, grid)
    if device.kind == "thermostat":
        room_c = observed.room_c or 0.0
        warmer_c, colder_c = float(round(room_c + APART_C)), float(round(room_c - APART_C))
        told = (colder_c, warmer_c) if observed.running else (warmer_c, colder_c)
        return [Leg(verb="temperature", told=SetTemperature(target_c=target_c)) for target_c in told], []
    on = Leg(verb="on", told=SetSwitch(on=True))
    off = Leg(verb="off", told=SetSwitch(on=False))
    if not observed.running and observed.net_kw is not None and observed.net_kw + rated_kw > grid.max_import_kw:
        why = f"with it the home might take more than {grid.max_import_kw:g} kW from the grid"
        return [], [left_out(on, why), left_out(off, why)]
    return ([off, on] if observed.running else [on, off]), []


def left_out(leg: Leg, why: str) -> Tried:
    """Return that something was not tried."""
    return Tried(verb=leg.verb, told=leg.words(), verdict="not tried", seen=why, asked_kw=leg.asked_kw)


def lease_of(device: DeviceSpec) -> float | None:
    """Return the shortest lease that charging can be told with [s], None where it carries none."""
    steps = device.verbs.get("charge", ())
    texts = [str(step.value) for step in steps if isinstance(step, SetEntity)]
    texts += [str(step.data) for step in steps if isinstance(step, CallAction)]
    told = {unit for unit in ("lease_minutes", "lease_seconds") if any(unit in text for text in texts)}
    least_s = max(device.ranges.shortest_lease.total_seconds(), SHORTEST_LEASE_S)
    return None if not told else max(least_s, MINUTE_S) if "lease_minutes" in told else least_s


def _battery(
    device: DeviceSpec, observed: Observed, spec: BatterySpec, grid: GridLimits
) -> tuple[list[Leg], list[Tried]]:
    legs: list[Leg] = []
    left: list[Tried] = []
    can = device.capability
    able = {"charge": can.charges, "hold": can.holds, "discharge": can.discharges}
    modes: tuple[Mode, ...] = ("charge", "hold", "discharge")
    for mode in (mode for mode in modes if mode in device.verbs and able[mode]):
        if mode == "hold":
            found = [Leg(verb=mode, told=SetMode(mode=mode), asked_kw=0.0)]
            why = _not_held(observed, grid, stores=can.hold_stores)
        else:
            found = list(_forced(mode, device, observed, spec, grid))
            why = None if found else NO_ROOM
        legs += found if why is None else []
        left += [] if why is None else [Tried(verb=mode, told=mode, verdict="not tried", seen=why)]
    if "reserve" in device.verbs and "charge" not in device.verbs:
        leg = _reserve(observed, spec, can)
        why = None if leg.asked_kw is None or _fits(leg.asked_kw, observed, grid) else NO_ROOM
        why = "no reserve can be set that is clear of the present charge" if leg.asked_kw is None else why
        legs += [leg] if why is None else []
        left += [] if why is None else [left_out(leg, why)]
    return legs, left


def _fits(asked_kw: float, observed: Observed, grid: GridLimits) -> bool:
    """Return whether the grid stays within its limits with this power, whichever way the battery's meter counts."""
    own_kw = abs(observed.battery_kw or 0.0)
    without_kw = (observed.net_kw or 0.0) - (observed.battery_kw or 0.0)
    low_kw, high_kw = without_kw - own_kw - asked_kw, without_kw + own_kw - asked_kw
    return -grid.max_export_kw <= low_kw and high_kw <= grid.max_import_kw


def _not_held(observed: Observed, grid: GridLimits, *, stores: bool) -> str | None:
    """Return why holding is not tried, None if it is."""
    if stores and (observed.net_kw or 0.0) < -LEAST_APART_KW:
        return "it stores surplus while it holds, and there is surplus now"
    return None if _fits(0.0, observed, grid) else NO_ROOM


def _forced(mode: Mode, device: DeviceSpec, observed: Observed, spec: BatterySpec, grid: GridLimits) -> Iterator[Leg]:
    """Yield charging or discharging with a power that stands out, and with another one."""
    can, own_kw = device.capability, abs(observed.battery_kw or 0.0)
    sign, rated_kw = (-1, spec.max_charge_kw) if mode == "charge" else (1, spec.max_discharge_kw)
    rated_kw = min(rated_kw, can.max_power_kw)
    if not can.sets_power:
        if _fits(sign * rated_kw, observed, grid) and rated_kw - own_kw >= APART_KW:
            yield Leg(verb=mode, told=SetMode(mode=mode), asked_kw=sign * rated_kw)
        return
    step_kw, least_kw = max(device.ranges.power_step_w / 1000, can.power_step_kw), max(can.min_power_kw, LEAST_KW)
    powers = [math.floor(kw / step_kw + 1e-9) * step_kw for kw in (*SMALL_KW, can.min_power_kw)]
    fit = [round(kw, 3) for kw in powers if least_kw <= kw <= rated_kw and _fits(sign * kw, observed, grid)]
    fit = [kw for kw in dict.fromkeys(fit) if abs(kw - own_kw) >= LEAST_APART_KW]
    clear = [kw for kw in fit if abs(kw - own_kw) >= APART_KW] or fit[:1]
    for index, kw in enumerate(clear[:2] if mode == "charge" else clear[:1]):
        yield Leg(verb=mode, told=SetMode(mode=mode, power_kw=kw), asked_kw=sign * kw, extra=index > 0)


def _reserve(observed: Observed, spec: BatterySpec, can: InverterCapability) -> Leg:
    soc_kwh = observed.soc_kwh or 0.0
    reserve_kwh = min(soc_kwh + RESERVE_ABOVE * spec.capacity_kwh, can.high_reserve * spec.capacity_kwh)
    clear = reserve_kwh > soc_kwh + TAPER / 2 * spec.capacity_kwh
    asked_kw = -spec.max_charge_kw if clear else None
    return Leg(verb="reserve", told=SetReserve(reserve_kwh=reserve_kwh), asked_kw=asked_kw)
