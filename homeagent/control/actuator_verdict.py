"""What a device did when it was told something in a test, from what was measured before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

from homeagent.control.actuator_plan import APART_KW, Leg
from homeagent.control.proof import CLEAR_OF_DEAD_BAND_C, Observed
from homeagent.domain.actuator import Tried, Verdict
from homeagent.domain.command import SetReserve, SetSwitch, SetTemperature
from homeagent.domain.site import BatterySpec

LEVEL_S = 2.0
"""The level of a power is the median of so many last seconds."""
STEADY_S = 4.0
"""So long an effect must stay before it counts."""
ALIKE = 0.25
"""A power that is off by less than this share of itself is the same power."""

Way: TypeAlias = Literal["told", "mirrored", "own", "before"]
"""What a battery's power is nearest to: what it was told, the same with the other sign, what it does by itself
(covers the home), or what it was before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was measured at an instant [s after the first write].

    `grid_kw` is None where it only follows from the other powers: then it proves nothing about them.
    """

    seconds: float
    observed: Observed
    grid_kw: float | None = None
    drawn_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One leg of a test as it was measured.

    `wrote_s` is when its last write was done; `rest_kw` what the battery did by itself before the test. `echoed` says
    whether the entities show what was asked, None where none was given a value; `refused` why it could not be written.
    `patience_s` is by when the configuration expects the effect. A second power of a verb is not looked at before
    `least_s` after the last write, since the first one may be what is still measured.
    """

    leg: Leg
    before: tuple[Sample, ...]
    after: tuple[Sample, ...]
    wrote_s: float = 0.0
    rest_kw: float = 0.0
    echoed: bool | None = None
    refused: str | None = None
    patience_s: float = 60.0
    least_s: float = 0.0

    @property
    def waited_s(self) -> float:
        """How long its effect was waited for after the last write."""
        return max(self.after[-1].seconds - self.wrote_s, 0.0) if self.after else 0.0


def level_kw(samples: Sequence[Sample]) -> float | None:
    """Return the battery's power at the end of `samples`, None where it is not known."""
    if not samples:
        return None
    end = samples[-1].seconds
    known = [s.observed.battery_kw for s in samples if s.seconds >= end - LEVEL_S and s.observed.battery_kw is not None]
    return median(known) if known else None


def grid_level_kw(samples: Sequence[Sample]) -> float | None:
    """Return the grid's measured power at the end of `samples`, None where nothing measures it."""
    if not samples:
        return None
    end = samples[-1].seconds
    known = [s.grid_kw for s in samples if s.seconds >= end - LEVEL_S and s.grid_kw is not None]
    return median(known) if known else None


def arrived(trial: Trial, spec: BatterySpec) -> bool:
    """Return whether the effect, or its opposite, is there and has stayed for long enough to be measured."""
    since = _since(trial, spec)
    return since is not None and trial.after[-1].seconds - max(since, trial.wrote_s + trial.least_s) >= STEADY_S


def answer_s(trial: Trial, spec: BatterySpec) -> float | None:
    """Return how long after the last write the effect, or its opposite, was there to stay; None where it was not."""
    since = _since(trial, spec)
    return None if since is None or trial.leg.extra else max(since - trial.wrote_s, 0.0)


def steady(trial: Trial, spec: BatterySpec) -> tuple[Sample, ...]:
    """Return what was measured while the effect was there."""
    since = _since(trial, spec)
    if since is None:
        return ()
    return tuple(sample for sample in trial.after if sample.seconds >= max(since, trial.wrote_s + trial.least_s))


def own_kw(sample: Sample, trial: Trial, spec: BatterySpec) -> float:
    """Return what the battery would do by itself at an instant, covering the home."""
    net_kw = sample.observed.net_kw
    return trial.rest_kw if net_kw is None else min(max(net_kw, -spec.max_charge_kw), spec.max_discharge_kw)


def follows(samples: Sequence[Sample], spec: BatterySpec) -> bool:
    """Return whether a battery covers the home by itself at the end of `samples`, as far as that can be said."""
    level, net_kw = level_kw(samples), samples[-1].observed.net_kw if samples else None
    if level is None or net_kw is None:
        return True
    return abs(level - min(max(net_kw, -spec.max_charge_kw), spec.max_discharge_kw)) < APART_KW


def fell_back_s(trial: Trial, spec: BatterySpec) -> float | None:
    """Return how long after its last write a device ended a command by itself, None where it did not."""
    known = [sample for sample in trial.after if sample.observed.battery_kw is not None]
    ways = [_way(trial, sample.observed.battery_kw or 0.0, own_kw(sample, trial, spec)) for sample in known]
    if "told" not in ways or ways[-1] == "told":
        return None
    last = len(ways) - 1 - ways[::-1].index("told")
    return max(known[last + 1].seconds - trial.wrote_s, 0.0)


def went(trial: Trial, spec: BatterySpec) -> Way | None:
    """Return which way a battery went in the end, None where its power is not known."""
    level = level_kw(trial.after)
    return None if level is None else _way(trial, level, own_kw(trial.after[-1], trial, spec))


def judged(trial: Trial, spec: BatterySpec) -> Tried:
    """Return what became of a leg."""
    verdict, seen = _judged(trial, spec)
    level = level_kw(trial.after) if trial.leg.asked_kw is not None or _frees(trial) else None
    return Tried(
        verb=trial.leg.verb,
        told=trial.leg.words(),
        verdict=verdict,
        seen=seen,
        asked_kw=trial.leg.asked_kw,
        reached_kw=level,
        answer_seconds=answer_s(trial, spec) if verdict in {"works", "wrong way"} else None,
    )


def _judged(trial: Trial, spec: BatterySpec) -> tuple[Verdict, str]:
    if trial.refused is not None:
        return "no effect", f"it could not be told: {trial.refused}"
    since = _since(trial, spec)
    shown = _shown(trial)
    if shown is None:
        return "not clear", "nothing could be measured"
    if since is not None:
        after = shown if trial.leg.extra else f"{shown}, after {max(since - trial.wrote_s, 0.0):.1f} s"
        return ("wrong way" if _is_battery(trial) and went(trial, spec) == "mirrored" else "works"), after
    if trial.waited_s < trial.patience_s:
        waited = f"nothing was seen in {trial.waited_s:.0f} s, and it may take {trial.patience_s:.0f} s"
        return "too slow", f"{shown}; {waited}"
    return "no effect", f"{shown}, {trial.waited_s:.0f} s later{_why_none(trial)}"


def _shown(trial: Trial) -> str | None:
    """Return what was measured in the end, in words."""
    if not trial.after:
        return None
    last = trial.after[-1]
    if not _is_battery(trial):
        if last.observed.running is None:
            return None
        drawn = "" if last.drawn_kw is None else f", drawing {last.drawn_kw:.2f} kW"
        return f"it {'runs' if last.observed.running else 'does not run'}{drawn}"
    before, level = level_kw(trial.before), level_kw(trial.after)
    if level is None:
        return None
    came = "" if before is None else f"from {before:+.2f} kW "
    return f"the battery went {came}to {level:+.2f} kW"


def _why_none(trial: Trial) -> str:
    """Return what may be behind an effect that is not there."""
    if _is_battery(trial) and _grid_obeyed(trial):
        return ": but the grid's power moved as told, so meters.battery does not show this battery"
    if trial.echoed is False:
        return ": its entities do not keep the value either"
    if trial.echoed:
        return ": its entities show what was asked, but it does not reach the device"
    return ""


def _grid_obeyed(trial: Trial) -> bool:
    """Return whether the grid's meter saw what the battery's did not."""
    before, after = grid_level_kw(trial.before), grid_level_kw(trial.after)
    stood, asked = level_kw(trial.before), trial.leg.asked_kw
    if before is None or after is None or stood is None or asked is None or abs(asked - stood) < APART_KW:
        return False
    return abs((after - before) - (stood - asked)) < ALIKE * abs(asked - stood)


def _is_battery(trial: Trial) -> bool:
    return not isinstance(trial.leg.told, SetSwitch | SetTemperature)


def _frees(trial: Trial) -> bool:
    return trial.leg.verb == "self_consumption"


def _since(trial: Trial, spec: BatterySpec) -> float | None:
    """Return from when on the effect, or its opposite, was there without a break [s after the first write]."""
    since: float | None = None
    final: Way | None = None
    for sample in reversed(trial.after):
        if _is_battery(trial):
            kw = sample.observed.battery_kw
            if kw is None:
                break
            way = _way(trial, kw, own_kw(sample, trial, spec))
        else:
            way = "told" if _obeyed(trial, sample) else "before"
        if way not in {"told", "mirrored"} or way != (final or way):
            break
        since, final = sample.seconds, way
    return since


def _obeyed(trial: Trial, sample: Sample) -> bool:
    observed, told = sample.observed, trial.leg.told
    if isinstance(told, SetSwitch):
        return observed.running == told.on
    if not isinstance(told, SetTemperature) or observed.target_c is None or observed.room_c is None:
        return False
    taken = abs(observed.target_c - told.target_c) < CLEAR_OF_DEAD_BAND_C / 2
    return taken and observed.running == (told.target_c > observed.room_c)


def _way(trial: Trial, kw: float, by_itself_kw: float) -> Way:
    """Return what a battery's power is nearest to."""
    before_kw = level_kw(trial.before)
    asked_kw = trial.leg.asked_kw
    near: dict[Way, float] = {}
    if _frees(trial):
        near["told"] = abs(kw - by_itself_kw)
    elif asked_kw is not None:
        open_ended = isinstance(trial.leg.told, SetReserve) or _powerless(trial)
        near["told"] = _distance_kw(kw, asked_kw, open_ended=open_ended)
        near["own"] = abs(kw - by_itself_kw)
        if asked_kw:
            near["mirrored"] = _distance_kw(kw, -asked_kw, open_ended=open_ended)
    if before_kw is not None and not trial.leg.extra:
        near["before"] = abs(kw - before_kw)
    return min(near, key=lambda way: near[way])


def _powerless(trial: Trial) -> bool:
    return getattr(trial.leg.told, "power_kw", None) is None and bool(trial.leg.asked_kw)


def _distance_kw(kw: float, asked_kw: float, *, open_ended: bool) -> float:
    """Return how far a power is from what was asked; where the device picks it, anything clear that way will do."""
    if open_ended and kw * asked_kw > 0 and abs(kw) >= APART_KW:
        return 0.0
    return abs(kw - asked_kw)
