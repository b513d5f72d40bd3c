"""Steps of a configuration to what a device is told through."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from homeagent.config.binding import Bound
from homeagent.config.home_assistant import ProofSettings, SteeringSettings, StepSettings
from homeagent.domain.command import Instruction
from homeagent.domain.wiring import (
    CallAction,
    DeviceKind,
    DeviceSpec,
    Pause,
    Press,
    ProofSpec,
    Ranges,
    SetEntity,
    Step,
)


def device_of(
    name: str,
    kind: DeviceKind,
    steering: SteeringSettings,
    verbs: Sequence[str],
    safe: Instruction,
    proof: ProofSettings | None = None,
    thermostat: str | None = None,
) -> DeviceSpec:
    """Return a device with the steps of each verb that it has."""
    proof = proof or steering.proof
    hours = steering.yield_hours
    steps: dict[str, Sequence[StepSettings] | None] = {verb: getattr(steering, verb) for verb in verbs}
    return DeviceSpec(
        name=name,
        kind=kind,
        verbs={verb: tuple(_step(step) for step in listed) for verb, listed in steps.items() if listed is not None},
        safe=safe,
        proof=ProofSpec(
            within=timedelta(seconds=max(proof.within_seconds, steering.answer_seconds)),
            tolerance_kw=proof.tolerance_kw,
            entity=proof.entity,
            on_above_kw=proof.on_above_kw,
            thermostat=thermostat,
        ),
        answer=timedelta(seconds=steering.answer_seconds),
        yield_for=timedelta(hours=hours) if isinstance(hours, float) else None,
        writes_per_day=steering.writes_per_day,
    )


def _step(settings: StepSettings) -> Step:
    if settings.pause_seconds is not None:
        return Pause(seconds=settings.pause_seconds)
    if settings.press is not None:
        return Press(entity=settings.press)
    if settings.action is not None:
        return CallAction(action=settings.action, target=settings.target, data=settings.data)
    return SetEntity(entity=str(settings.set), value=settings.to if settings.to is not None else "")


def by_profile(device: DeviceSpec, bound: Bound | None) -> DeviceSpec:
    """Return a device with what its profile says of it."""
    return device if bound is None else replace(device, ranges=_ranges(bound), roles=bound.entities)


def _ranges(bound: Bound) -> Ranges:
    power, reserve, lease = bound.profile.power, bound.profile.reserve, bound.profile.lease
    ranges = Ranges(
        power_step_w=power.step_w,
        high_power_w=math.inf if power.high_w is None else power.high_w,
        reserve_step_percent=reserve.step_percent,
        low_reserve_percent=reserve.low_percent,
        high_reserve_percent=reserve.high_percent,
        window_minutes=bound.profile.window_minutes or 1,
    )
    if (current := bound.profile.current) is not None:
        ranges = replace(ranges, low_current_a=current.low_a, high_current_a=current.high_a)
    if lease is None:
        return ranges
    shortest, longest = timedelta(seconds=lease.low_seconds), timedelta(seconds=lease.high_seconds)
    return replace(ranges, shortest_lease=shortest, longest_lease=longest)
