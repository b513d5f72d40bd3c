"""Heating, cooling and hot water at the edge: guards that no command crosses, relays that follow a thermometer."""

from __future__ import annotations

from homeagent.domain.devices import HeatSpec, TankSpec

FROST_ROOM_K = 0.5
"""Heating that ends a frost warms the room a little beyond the guard, so that it is not on and off."""


def guarded_c(device: HeatSpec | TankSpec, target_c: float) -> float:
    """Return the temperature that may be told: heating never lets it freeze, nothing ever gets too hot."""
    low_c, high_c = limits_c(device)
    return min(max(target_c, low_c), high_c)


def limits_c(device: HeatSpec | TankSpec) -> tuple[float, float]:
    """Return the lowest and the highest temperature that a device may be told [degC]."""
    if isinstance(device, TankSpec):
        highest_c = device.max_c if device.hygiene_every is None else max(device.max_c, device.hygiene_c)
        return 5.0, highest_c
    return device.guard_low_c, device.guard_high_c


def resting_c(device: HeatSpec | TankSpec) -> float:
    """Return the temperature at which a device draws least that its guards allow."""
    if isinstance(device, TankSpec):
        return device.cold_c  # anything warmer would have a layered tank heated right after a shower
    return device.guard_low_c if device.purpose == "heating" else device.guard_high_c


def relay_on(device: HeatSpec | TankSpec, target_c: float, shown_c: float, *, on: bool) -> bool:
    """Return whether a relay is on that keeps a target by a thermometer; within the dead band it stays as it is."""
    cools = isinstance(device, HeatSpec) and device.purpose == "cooling"
    missing_k = shown_c - target_c if cools else target_c - shown_c
    band_k = device.dead_band_k
    if isinstance(device, TankSpec):  # it is filled up to its target
        return missing_k > 0 if on else missing_k > band_k
    return missing_k > -band_k / 2 if on else missing_k > band_k / 2


def must_be_on(device: HeatSpec | TankSpec, shown_c: float) -> bool | None:
    """Return what a guard demands of a relay whatever it was told and however short it was off; None: nothing."""
    if isinstance(device, TankSpec):
        return False if shown_c >= limits_c(device)[1] else None
    if device.purpose == "cooling":
        return False if shown_c <= device.guard_low_c else True if shown_c >= device.guard_high_c else None
    if shown_c <= device.guard_low_c + FROST_ROOM_K:
        return True
    return False if shown_c >= device.guard_high_c else None
