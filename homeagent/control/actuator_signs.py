"""Whether a battery that goes the wrong way has a meter that counts backwards, or commands the wrong way round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal, TypeAlias

from homeagent.control.actuator_plan import APART_KW
from homeagent.control.actuator_trial import Sample, Trial, grid_level_kw, level_kw
from homeagent.control.actuator_verdict import ALIKE, went
from homeagent.domain.site import BatterySpec

Culprit: TypeAlias = Literal["nothing", "battery meter", "grid meter", "both meters", "commands", "unknown"]

SOC_MOVED = 0.001
"""A state of charge that moved by less than this share of the capacity says nothing."""
CLEAR_KWH = 0.002


def culprit(trials: Sequence[Trial], spec: BatterySpec) -> Culprit:
    """Return what has the wrong sign, by three witnesses: the told direction, the grid's meter, the state of charge.

    What the battery gives more the grid gives less, as long as the load stays: where both meters rise together one of
    the two counts backwards. The told direction says which; only if all three contradict is it both.
    """
    forced = [trial for trial in trials if trial.leg.asked_kw]
    ways = [way for way in (went(trial, spec) for trial in forced) if way in {"told", "mirrored"}]
    if not ways:
        return "unknown"
    backwards = ways.count("mirrored") > ways.count("told")
    meters_agree = _vote(_balances(forced))
    soc_agrees = _soc_agrees(trials, spec)
    if meters_agree is None:
        if not backwards:
            return "nothing"
        return "unknown" if soc_agrees is None else "commands" if soc_agrees else "battery meter"
    if backwards:
        if not meters_agree:
            return "battery meter"
        return "both meters" if soc_agrees is False else "commands"
    return "nothing" if meters_agree else "grid meter"


def turned(trial: Trial, *, load_derived: bool) -> Trial:
    """Return a trial as a battery meter of the other sign would have measured it."""
    return replace(
        trial,
        before=tuple(_turned(sample, load_derived=load_derived) for sample in trial.before),
        after=tuple(_turned(sample, load_derived=load_derived) for sample in trial.after),
        rest_kw=-trial.rest_kw,
    )


def _turned(sample: Sample, *, load_derived: bool) -> Sample:
    observed = sample.observed
    kw, net_kw = observed.battery_kw, observed.net_kw
    if kw is None:
        return sample
    if load_derived and net_kw is not None:
        net_kw -= 2 * kw
    return replace(sample, observed=replace(observed, battery_kw=-kw, net_kw=net_kw))


def _balances(trials: Sequence[Trial]) -> Iterator[bool]:
    """Yield, for each clear move of the battery, whether the grid's meter moved the other way by as much."""
    for trial in trials:
        stood, level = level_kw(trial.before), level_kw(trial.after)
        grid_before, grid_after = grid_level_kw(trial.before), grid_level_kw(trial.after)
        if stood is None or level is None or grid_before is None or grid_after is None:
            continue
        moved, grid_moved = level - stood, grid_after - grid_before
        if abs(moved) < APART_KW:
            continue
        if abs(grid_moved + moved) < ALIKE * abs(moved):
            yield True
        elif abs(grid_moved - moved) < ALIKE * abs(moved):
            yield False


def _vote(votes: Iterator[bool]) -> bool | None:
    cast = list(votes)
    ayes = sum(cast)
    return None if 2 * ayes == len(cast) else 2 * ayes > len(cast)


def _soc_agrees(trials: Sequence[Trial], spec: BatterySpec) -> bool | None:
    """Return whether the state of charge fell where the meter saw it discharging, None where it hardly moved."""
    agreed = 0.0
    for trial in trials:
        known = [s for s in trial.after if s.observed.soc_kwh is not None and s.observed.battery_kw is not None]
        if not known:
            continue
        out_kwh = sum(
            (one.observed.battery_kw or 0.0) * (later.seconds - one.seconds) / 3600 for one, later in pairwise(known)
        )
        moved_kwh = (known[-1].observed.soc_kwh or 0.0) - (known[0].observed.soc_kwh or 0.0)
        if abs(moved_kwh) >= SOC_MOVED * spec.capacity_kwh and abs(out_kwh) >= CLEAR_KWH:
            agreed += 1 if moved_kwh * out_kwh < 0 else -1
    return None if agreed == 0 else agreed > 0
