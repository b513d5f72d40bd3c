"""What a device did when it was told something in a test, from what was measured before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from homeagent.control.actuator_plan import APART_KW, LEAST_APART_KW
from homeagent.control.actuator_trial import Sample, Trial, grid_level_kw, level_kw
from homeagent.control.proof import CLEAR_OF_DEAD_BAND_C
from homeagent.domain.actuator import Tried, Verdict
from homeagent.domain.command import SetReserve, SetSwitch, SetTemperature
from homeagent.domain.site import BatterySpec

AT_ONCE_S = 0.5
UNMOVED_KW = 0.1
TOO_MUCH = 1.5
"""A power of so many times what was asked is another one: the steps give it in another unit."""
ALIKE = 0.25
"""A power that is off by less than this share of itself is the same power."""

Way: TypeAlias = Literal["told", "mirrored", "own", "before"]
"""What a battery's power is nearest to: what it was told, the same with the other sign, what it does by itself
(covers the home), or what it was before."""


def arrived(trial: Trial, spec: BatterySpec) -> bool:
    """Return whether the effect, or its opposite, is there and has stayed for long enough to be measured."""
    since = _since(trial, spec)
    return since is not None and trial.after[-1].seconds - max(since, trial.wrote_s + trial.least_s) >= trial.steady_s


def answer_s(trial: Trial, spec: BatterySpec) -> float | None:
    """Return how long after the last write the effect, or its opposite, was there to stay; None where it was not."""
    since = _since(trial, spec)
    if since is None or trial.leg.extra or _did_before(trial, spec):
        return None
    return max(since - trial.wrote_s, 0.0)


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


def began(trial: Trial, spec: BatterySpec) -> bool:
    """Return whether a battery did what it was told at any time."""
    return "told" in _ways(trial, spec)


def fell_back_s(trial: Trial, spec: BatterySpec) -> float | None:
    """Return how long after its last write a device ended a command by itself, None where it did not."""
    ways = _ways(trial, spec)
    if "told" not in ways or ways[-1] == "told":
        return None
    last = len(ways) - 1 - ways[::-1].index("told")
    known = [sample for sample in trial.after if sample.observed.battery_kw is not None]
    return max(known[last + 1].seconds - trial.wrote_s, 0.0)


def _ways(trial: Trial, spec: BatterySpec) -> list[Way]:
    before_kw = level_kw(trial.before)
    known = ((sample, sample.observed.battery_kw) for sample in trial.after)
    return [_way(trial, kw, own_kw(sample, trial, spec), before_kw) for sample, kw in known if kw is not None]


def went(trial: Trial, spec: BatterySpec) -> Way | None:
    """Return which way a battery went in the end, None where its power is not known."""
    level = level_kw(trial.after)
    return None if level is None else _way(trial, level, own_kw(trial.after[-1], trial, spec), level_kw(trial.before))


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
    if _did_before(trial, spec):
        return "not clear", f"{shown}, which it did before already"
    if trial.leg.extra and since is not None and _unmoved(trial):
        return "not clear", f"{shown}: too slow to be seen, or it takes no other power"
    if since is not None:
        return _arrived(trial, spec, shown, max(since - trial.wrote_s, 0.0))
    if trial.leg.extra or _may_do_less(trial):
        return "not clear", f"{shown}: it may do less than it was told, or cover the home by itself"
    if trial.waited_s < trial.patience_s:
        waited = f"nothing was seen in {trial.waited_s:.0f} s, and it may take {trial.patience_s:.0f} s"
        return ("not clear" if _frees(trial) else "too slow"), f"{shown}; {waited}"
    return "no effect", f"{shown}, {trial.waited_s:.0f} s later{_why_none(trial)}"


def _arrived(trial: Trial, spec: BatterySpec, shown: str, answered_s: float) -> tuple[Verdict, str]:
    """Return what an effect is that came, and stayed."""
    when = "at once" if answered_s < AT_ONCE_S else f"after {answered_s:.1f} s"
    after = shown if trial.leg.extra else f"{shown}, {when}"
    if _is_battery(trial) and went(trial, spec) == "mirrored":
        return "wrong way", after
    if _beyond(trial, level_kw(trial.after)):
        return "too much", f"{after}: do the steps give the power in another unit, or for each phase?"
    return "works", after


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
    if before is None:
        return f"the battery went to {_signed(level)} kW"
    if abs(level - before) < UNMOVED_KW:
        return f"the battery stayed at {_signed(level)} kW"
    return f"the battery went from {_signed(before)} to {_signed(level)} kW"


def _signed(kw: float) -> str:
    return f"{round(kw, 2) + 0.0:+.2f}"  # never -0.00


def _why_none(trial: Trial) -> str:
    """Return what may be behind an effect that is not there."""
    if _is_battery(trial) and _grid_obeyed(trial):
        return ": but the grid's power moved as told, so meters.battery does not show this battery"
    if trial.echoed is False:
        return ": its entities do not keep the value either"
    if trial.echoed:
        return ": its entities show what was asked, but it does not reach the device"
    return ""


def _unmoved(trial: Trial) -> bool:
    before, level = level_kw(trial.before), level_kw(trial.after)
    return before is not None and level is not None and abs(level - before) < UNMOVED_KW


def _beyond(trial: Trial, kw: float | None) -> bool:
    """Return whether a power, whichever way it goes, is far more than what was asked."""
    asked_kw = trial.leg.asked_kw
    if kw is None or not asked_kw or _open_ended(trial):
        return False
    return abs(kw) >= max(TOO_MUCH * abs(asked_kw), abs(asked_kw) + APART_KW)


def _may_do_less(trial: Trial) -> bool:
    """Return whether a battery went clearly towards what it was told, but no further than to what it does by itself."""
    before, level, asked_kw = level_kw(trial.before), level_kw(trial.after), trial.leg.asked_kw
    if before is None or level is None or not asked_kw:
        return False
    return (level - before) * (asked_kw - before) > 0 and abs(level - before) >= APART_KW


def _did_before(trial: Trial, spec: BatterySpec) -> bool:
    """Return whether a battery did already what it was told, so that nothing can be seen of it."""
    before, asked_kw = level_kw(trial.before), trial.leg.asked_kw
    if before is None or not trial.after or not _is_battery(trial) or trial.leg.extra:
        return False
    if _frees(trial):
        asked_kw = own_kw(trial.after[0], trial, spec)
    return asked_kw is not None and abs(before - asked_kw) < LEAST_APART_KW


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
    before_kw = level_kw(trial.before)
    for sample in reversed(trial.after):
        if _is_battery(trial):
            kw = sample.observed.battery_kw
            if kw is None:
                break
            way = _way(trial, kw, own_kw(sample, trial, spec), before_kw)
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


def _way(trial: Trial, kw: float, by_itself_kw: float, before_kw: float | None) -> Way:
    """Return what a battery's power is nearest to."""
    asked_kw = trial.leg.asked_kw
    near: dict[Way, float] = {}
    if _frees(trial):
        near["told"] = abs(kw - by_itself_kw)
    elif asked_kw is not None:
        open_ended = _open_ended(trial)
        others = [by_itself_kw, trial.rest_kw, *([] if before_kw is None else [before_kw])]
        if _beyond(trial, kw) and all(abs(kw - other) >= APART_KW for other in others):
            return "told" if kw * asked_kw > 0 else "mirrored"
        near["told"] = _distance_kw(kw, asked_kw, open_ended=open_ended)
        if asked_kw or abs(by_itself_kw) >= LEAST_APART_KW:  # else holding looks the same
            near["own"] = min(abs(kw - by_itself_kw), abs(kw - trial.rest_kw))
        if asked_kw:
            near["mirrored"] = _distance_kw(kw, -asked_kw, open_ended=open_ended)
    if before_kw is not None and not trial.leg.extra:
        near["before"] = abs(kw - before_kw)
    return min(near, key=lambda way: near[way])


def _open_ended(trial: Trial) -> bool:
    """Return whether the device picks the power itself: it is told a reserve, or a mode without one."""
    powerless = getattr(trial.leg.told, "power_kw", None) is None and bool(trial.leg.asked_kw)
    return isinstance(trial.leg.told, SetReserve) or powerless


def _distance_kw(kw: float, asked_kw: float, *, open_ended: bool) -> float:
    """Return how far a power is from what was asked; where the device picks it, anything clear that way will do."""
    if open_ended and kw * asked_kw > 0 and abs(kw) >= APART_KW:
        return 0.0
    return abs(kw - asked_kw)
