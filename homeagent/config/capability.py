"""What a profile says of an inverter, in the planner's own words."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

from homeagent.config.profile import Profile
from homeagent.config.settings import InverterSettings
from homeagent.domain.inverter import InverterCapability


def said_of(profile: Profile) -> InverterSettings:
    """Return the configuration's inverter keys as the profile has them."""
    step_w = profile.power.step_w
    return InverterSettings(
        control=profile.control,
        answer_seconds=profile.answer_seconds,
        min_power_kw=profile.min_power_kw,
        power_step_kw=step_w / 1000 if step_w > 1 else 0.0,
        min_hold_minutes=profile.min_hold_minutes,
    )


def plain_capability(inverter: InverterSettings) -> InverterCapability:
    """Return what an inverter can do of which nothing but the configuration's keys is known."""
    return InverterCapability(
        control=inverter.control,
        answer_seconds=inverter.answer_seconds,
        min_power_kw=inverter.min_power_kw,
        power_step_kw=inverter.power_step_kw,
    )


def profile_capability(
    profile: Profile, verbs: Collection[str] | None = None, inverter: InverterSettings | None = None
) -> InverterCapability:
    """Return what an inverter of this profile can do, with `verbs` only where some roles are missing."""
    inverter = inverter or said_of(profile)
    verbs = profile.verbs if verbs is None else verbs
    power, reserve = profile.power, profile.reserve
    known = replace(
        plain_capability(inverter),
        low_reserve=reserve.low_percent / 100,
        high_reserve=reserve.high_percent / 100,
    )
    if inverter.control == "reserve":  # a reserve above the charge buys, one at it holds; nothing sells
        return replace(known, discharges=False, hold_stores=True)
    return replace(
        known,
        max_power_kw=math.inf if power.high_w is None else power.high_w / 1000,
        charges="charge" in verbs,
        discharges="discharge" in verbs,
        holds="hold" in verbs,
        hold_stores=profile.hold_stores,
        sets_power=power.settable,
    )
