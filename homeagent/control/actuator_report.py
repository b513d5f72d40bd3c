"""What a test of a device comes to: a verdict for each thing it was told, and numbers for the configuration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from homeagent.control.actuator_signs import Culprit, culprit, turned
from homeagent.control.actuator_trial import Trial, level_kw
from homeagent.control.actuator_verdict import answer_s, began, fell_back_s, judged, own_kw, steady
from homeagent.domain.actuator import ActuatorReport, Number, Setting, Tried
from homeagent.domain.site import BatterySpec
from homeagent.domain.wiring import DeviceKind, DeviceSpec, Meters, MeterSource

SECONDS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 75, 90, 120, 150, 180, 240, 300, 420, 600, 900, 1800, 3600)
LEAST_TOLERANCE_KW, MOST_TOLERANCE_KW, TOLERANCE_STEP_KW = 0.1, 1.0, 0.05
MOST_OFF = 0.9
"""The share of the samples that must lie within the tolerance; more would count every kettle."""
STEPS_KW = (1.0, 0.5, 0.25, 0.2, 0.1)
EXACT_KW = 0.03
NOTHING_KW = 0.1
LEASE = "lease"
LEAST_DRAW_KW = 0.02
CULPRITS: Mapping[Culprit, str] = {
    "battery meter": "the battery's meter counts backwards: it shows the opposite of what was told, but the grid obeys",
    "both meters": "the meters of battery and grid both count backwards, by the state of charge",
    "grid meter": "the grid's meter counts backwards: turn it with positive: export (or import) under meters.grid",
    "commands": "the commands are the wrong way round: told to charge it discharges, and the grid's meter agrees; "
    "exchange the steps of charge and discharge",
    "unknown": "it goes the other way than it was told; whether its meter or its commands are the wrong way round "
    "cannot be told without a meter of the grid: look at the inverter's own display while it is told to charge",
}
PATHS: Mapping[DeviceKind, tuple[str, ...]] = {"battery": (), "switch": ("appliances",), "thermostat": ("climate",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a test went: what was told and measured, what was left out, and what was noticed beside it."""

    at: datetime
    seconds: float
    trials: tuple[Trial, ...]
    left: tuple[Tried, ...] = ()
    warnings: tuple[str, ...] = ()
    not_restored: tuple[str, ...] = ()
    ended: str | None = None


def concluded(device: DeviceSpec, course: Course, spec: BatterySpec, meters: Meters) -> ActuatorReport:
    """Return what a test came to."""
    wrong: Culprit = "nothing"
    trials = course.trials
    if device.kind == "battery":
        wrong = culprit(trials, spec)
        if wrong in {"battery meter", "both meters"}:
            trials = tuple(turned(trial, load_derived=grid_proves(meters)) for trial in trials)
    tried = [outcome(trial, spec) for trial in trials]
    if wrong == "unknown" and all(one.verdict != "wrong way" for one in tried):
        wrong = "nothing"
    numbers = (*_signs(wrong, meters), *_times(device, trials, spec, tried), *_powers(device, trials, spec, tried))
    return ActuatorReport(
        device=device.name,
        at=course.at,
        seconds=course.seconds,
        tried=(*tried, *course.left),
        numbers=numbers,
        warnings=(*course.warnings, *((CULPRITS[wrong],) if wrong != "nothing" else ())),
        not_restored=course.not_restored,
        ended=course.ended,
    )


def grid_proves(meters: Meters) -> bool:
    """Return whether grid and battery have meters of their own, so that each tells something of the other."""
    return {"grid_kw", "battery_kw"} <= {power.quantity for power in meters.powers}


def outcome(trial: Trial, spec: BatterySpec) -> Tried:
    """Return what became of a leg; of one with a lease, whether the device ended it by itself."""
    if trial.leg.lease_seconds is None:
        return judged(trial, spec)
    after = fell_back_s(trial, spec)
    words = trial.leg.words()
    if not began(trial, spec):
        seen = "the command itself was not seen in time"
        return Tried(verb=LEASE, told=words, verdict="not clear", seen=seen, asked_kw=trial.leg.asked_kw)
    if after is None:
        seen = f"after {trial.waited_s:.0f} s it had not ended the command by itself"
        return Tried(verb=LEASE, told=words, verdict="no effect", seen=seen, asked_kw=trial.leg.asked_kw)
    seen = f"it ended the command by itself after {after:.0f} s"
    return Tried(verb=LEASE, told=words, verdict="works", seen=seen, asked_kw=trial.leg.asked_kw)


def _path(device: DeviceSpec) -> tuple[str, ...]:
    return (*PATHS[device.kind], device.name, "steering")


def _times(device: DeviceSpec, trials: Sequence[Trial], spec: BatterySpec, tried: Sequence[Tried]) -> Iterator[Number]:
    """Yield how long to wait; not where one was waited for in vain, since the others may have been read by luck."""
    if any(one.verdict == "too much" for one in tried):
        return
    answers = [
        (after, trial.leg.words())
        for trial in trials
        if trial.leg.lease_seconds is None and (after := answer_s(trial, spec)) is not None
    ]
    if not answers:
        return
    longest, told = max(answers)
    pairs = zip(trials, tried, strict=True)
    missed = [trial for trial, one in pairs if one.verdict in {"no effect", "too slow"} and one.verb != LEASE]
    if any(trial.waited_s >= longest for trial in missed) or any(one.verdict == "too much" for one in tried):
        return
    because = f"its effect was measured {longest:.1f} s after the last write at the latest (told to {told})"
    path = _path(device)
    yield Number(key=(*path, "answer_seconds"), value=_rounded_up(1.25 * longest + 1), because=because)
    yield Number(key=(*path, "proof", "within_seconds"), value=_rounded_up(2 * longest + 10), because=because)


def _rounded_up(seconds: float) -> float:
    return float(next((step for step in SECONDS if step >= seconds), SECONDS[-1]))


def _powers(device: DeviceSpec, trials: Sequence[Trial], spec: BatterySpec, tried: Sequence[Tried]) -> Iterator[Number]:
    if device.kind == "switch":
        yield from _threshold(device, trials)
    if device.kind != "battery":
        return
    obeyed = [trial for trial, one in zip(trials, tried, strict=True) if one.verdict == "works" and one.verb != LEASE]
    if not obeyed:
        return
    off_kw = max(_off_kw(trial, spec) for trial in obeyed)
    steps = math.ceil(1.3 * off_kw / TOLERANCE_STEP_KW - 1e-9)
    tolerance_kw = min(max(steps * TOLERANCE_STEP_KW, LEAST_TOLERANCE_KW), MOST_TOLERANCE_KW)
    because = f"its power was within {off_kw:.2f} kW of what it was told, but for a tenth of the time"
    yield Number(key=(*_path(device), "proof", "tolerance_kw"), value=round(tolerance_kw, 2), because=because)
    pairs = [(abs(one.asked_kw), one.reached_kw) for one in tried if one.asked_kw and one.reached_kw is not None]
    worked = [
        (abs(one.asked_kw), abs(one.reached_kw))
        for one in tried
        if one.verdict == "works" and one.asked_kw and one.reached_kw is not None
    ]
    yield from _least(pairs, worked)
    yield from _steps(worked, off_kw)


def _off_kw(trial: Trial, spec: BatterySpec) -> float:
    """Return by how much the power was off most of the time while the effect was there."""
    level = level_kw(trial.after)
    samples = [sample for sample in steady(trial, spec) if sample.observed.battery_kw is not None]
    if not samples or level is None:
        return 0.0
    asked_kw = trial.leg.asked_kw
    if asked_kw is None:
        off = [abs((sample.observed.battery_kw or 0.0) - own_kw(sample, trial, spec)) for sample in samples]
    else:
        beyond_kw = max(abs(level) - abs(asked_kw), 0.0)
        off = [abs((sample.observed.battery_kw or 0.0) - level) + beyond_kw for sample in samples]
    return sorted(off)[int(MOST_OFF * (len(off) - 1))]


def _least(pairs: Sequence[tuple[float, float]], worked: Sequence[tuple[float, float]]) -> Iterator[Number]:
    """Yield the least power that it took, where it did nothing with less."""
    nothing = [asked for asked, reached in pairs if abs(reached) < NOTHING_KW]
    enough = [asked for asked, _ in worked if nothing and asked > max(nothing)]
    if enough:
        because = f"told {max(nothing):.2f} kW it did nothing, told {min(enough):.2f} kW it did"
        yield Number(key=("battery", "inverter", "min_power_kw"), value=round(min(enough), 2), because=because)


def _steps(worked: Sequence[tuple[float, float]], noise_kw: float) -> Iterator[Number]:
    """Yield the step that the reached powers fit to, where they are clearly not what was asked."""
    slack_kw = max(EXACT_KW, noise_kw)
    if len({asked for asked, _ in worked}) < 2 or all(asked - got < 2 * slack_kw for asked, got in worked):  # noqa: PLR2004
        return
    for step_kw in STEPS_KW:
        if all(abs(math.floor(asked / step_kw + 1e-9) * step_kw - got) <= slack_kw for asked, got in worked):
            powers = ", ".join(f"{got:.2f} of {asked:.2f} kW" for asked, got in worked)
            because = f"it reached {powers}"
            yield Number(key=("battery", "inverter", "power_step_kw"), value=step_kw, because=because)
            return


def _threshold(device: DeviceSpec, trials: Sequence[Trial]) -> Iterator[Number]:
    """Yield what tells running from standing, where the device draws something while it is off."""
    drawn = {trial.leg.verb: trial.after[-1].drawn_kw for trial in trials if trial.after}
    on_kw, off_kw, now_kw = drawn.get("on"), drawn.get("off"), device.proof.on_above_kw
    if on_kw is None or off_kw is None or on_kw - off_kw < LEAST_DRAW_KW or off_kw < now_kw <= on_kw:
        return
    because = f"it draws {on_kw:.2f} kW when it is on and {off_kw:.2f} kW when it is off"
    value = round(off_kw + (on_kw - off_kw) / 3, 3)
    yield Number(key=(*_path(device), "proof", "on_above_kw"), value=value, because=because)


def _signs(wrong: Culprit, meters: Meters) -> Iterator[Number]:
    """Yield the meters with their signs turned."""
    turned_round = {"battery meter": ("battery",), "both meters": ("battery", "grid"), "grid meter": ("grid",)}
    for name in turned_round.get(wrong, ()):
        power = next((power for power in meters.powers if power.quantity == f"{name}_kw"), None)
        if power is not None:
            yield Number(key=("meters", name), value=_opposite(name, power.sources), because=CULPRITS[wrong])


def _opposite(name: str, sources: Sequence[MeterSource]) -> Setting:
    plus, minus = ("discharge", "charge") if name == "battery" else ("import", "export")
    turned_round = tuple({"entity": one.entity, "positive": minus if one.sign == 1 else plus} for one in sources)
    return turned_round[0] if len(turned_round) == 1 else turned_round
