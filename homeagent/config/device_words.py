"""What was understood of a device and of what is wanted of it, in a sentence."""

from __future__ import annotations

from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, HeatSpec, HoursSpec, TankSpec
from homeagent.domain.wishes import ApplianceWish, Band, CarWish, HeatWish, Wish


def said(device: DeviceKnown, wish: Wish) -> str:
    """Return what a device is and when it is content."""
    match device:
        case CarSpec():
            return f"a car, {_charging(device)}; {_car(device, wish)}"
        case HeatSpec():
            return (
                f"{device.purpose} with up to {device.max_kw:g} kW; {_bands(wish)}; "
                f"never below {device.guard_low_c:g} or above {device.guard_high_c:g} degC"
            )
        case TankSpec():
            heats_k = device.max_kw / device.kwh_per_k
            return (
                f"{device.litres:g} l of hot water, {device.useful_c:g} to {device.max_c:g} degC; "
                f"{device.max_kw:g} kW of heat warm it by {heats_k:.0f} K an hour; {_hygiene(device)}"
            )
        case ApplianceSpec():
            who = "is switched on" if device.switched else "is started by a person, who is told when"
            after = "" if device.after is None else f", after {device.after}"
            return f"a programme of {len(device.profile_kw)} minutes that {who}{after}; {_window(wish)}"
        case HoursSpec():
            block_h = device.min_block.total_seconds() / 3600
            return (
                f"runs {device.hours_per_day:g} h a day with {device.rated_kw:g} kW, at least {block_h:g} h at a time"
            )


def _charging(car: CarSpec) -> str:
    phases = " or ".join(map(str, car.phases))
    return f"charged with {car.min_charge_kw:.2f} to {car.max_charge_kw:g} kW on {phases} phase(s)"


def _car(car: CarSpec, wish: Wish) -> str:
    if not isinstance(wish, CarWish):
        return ""
    full = f"{wish.target:.0%}" if car.capacity_kwh is not None else "the energy asked"
    ready = f"by {_clock(wish.ready_by_min)}" if wish.ready_by_min is not None else "by when it usually leaves"
    return f"{full} {ready}"


def _bands(wish: Wish) -> str:
    if not isinstance(wish, HeatWish):
        return ""
    return f"{_band(wish.comfort)} while somebody is up, {_band(wish.sleep)} asleep, {_band(wish.away)} away"


def _band(band: Band) -> str:
    return f"{band.low_c:g} to {band.high_c:g} degC"


def _hygiene(tank: TankSpec) -> str:
    if tank.hygiene_every is None:
        return "no cycle against legionella"
    return f"{tank.hygiene_c:g} degC every {tank.hygiene_every.days} days against legionella"


def _window(wish: Wish) -> str:
    if not isinstance(wish, ApplianceWish):
        return ""
    ready = "" if wish.ready_by_min is None else f", ready by {_clock(wish.ready_by_min)}"
    starts = f"it may start from {_clock(wish.from_min)} to {_clock(wish.until_min)}{ready}"
    return starts if wish.at_most is None else f"{starts}, if a run costs no more than {wish.at_most:g}"


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}"
