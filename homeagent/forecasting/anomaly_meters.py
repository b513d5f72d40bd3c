"""Close analysis of the meters: frozen, dead, scaled, turned round, or silent. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from homeagent.domain.anomaly import AnomalyKind, Finding, Surroundings, Tape
from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.forecasting.anomaly_days import DAY, HOUR, longest_run, middle
from homeagent.forecasting.sun import sun_height

METERS = {"load_kw": "load", "pv_kw": "PV", "grid_kw": "grid", "battery_kw": "battery"}
LOOKED_AT = timedelta(hours=24)
STUCK = timedelta(hours=3)
DEAD_LOAD, DEAD_PV = timedelta(hours=2), timedelta(hours=4)
LEAST_SLOTS = 4
REST_KW = 0.005
"""Below this a meter may well stand still."""
HIGH_SUN = 0.3
OFF_KW, OFF_SHARE = 0.08, 0.08
"""What a balance may be off, beside this share of all that flows."""
OFTEN = 0.25
"""Of the slots in which anything flows: off in so many, the balance does not hold."""
NOW_AND_THEN, SOMETIMES = 0.12, 0.04
"""A quiet home that truly stands still never is off; a meter that does is off whenever somebody cooks."""
EXPLAINED = 0.9
LEAST_BALANCED, USUAL_OFF = timedelta(days=2), 0.06
MISSING, USUAL_MISSING = 0.25, 0.10
_INFLOWS = ("pv_kw", "grid_kw", "battery_kw")


def examine_meters(tape: Tape, home: Surroundings) -> list[Finding]:
    """Return which meters cannot be right in the last day."""
    silent = _silent(tape)
    for look in (_dead, _frozen, _unbalanced, _lost_clamp):
        found = look(tape, home)
        if found:
            return [*silent, *found]
    return silent


def residual_kw(tape: Tape) -> FloatArray:
    """Return by how much the load differs from what flows in, NaN where a meter is missing."""
    curtailed = np.where(np.isnan(tape.curtailed_kw), 0.0, tape.curtailed_kw)
    return np.asarray(tape.load_kw - (tape.pv_kw - curtailed + tape.grid_kw + tape.battery_kw))


def _flow_kw(tape: Tape) -> FloatArray:
    return np.abs(tape.load_kw) + np.abs(tape.pv_kw) + np.abs(tape.grid_kw) + np.abs(tape.battery_kw)


def unbalanced(tape: Tape) -> BoolArray:
    """Return the slots in which what flows in is not what is used."""
    with np.errstate(invalid="ignore"):
        off: BoolArray = np.abs(residual_kw(tape)) > OFF_KW + OFF_SHARE * _flow_kw(tape)
    return off


def _found(kind: AnomalyKind, meter: str, tape: Tape, since: int, sure: float, size: float, text: str) -> Finding:
    return Finding(kind=kind, subject=METERS[meter], since=tape.at(since), sure=sure, size=size, text=text)


def _silent(tape: Tape) -> list[Finding]:
    """Return the meters that told far less than before."""
    recent = tape.last(LOOKED_AT)
    worst: tuple[float, str] | None = None
    names = []
    for meter, name in METERS.items():
        gaps = np.isnan(getattr(tape, meter))
        before = gaps[: recent.start]
        if (
            len(before) * tape.grid.step < LEAST_BALANCED
            or before[-(7 * DAY // tape.grid.step) :].mean() > USUAL_MISSING
        ):
            continue
        share = float(gaps[recent].mean())
        if share >= MISSING:
            names.append(name)
            worst = (share, meter) if worst is None or share > worst[0] else worst
    if worst is None:
        return []
    share, meter = worst
    gaps = np.isnan(getattr(tape, meter))[recent]
    first = recent.start + int(np.argmax(gaps))
    subject = " and ".join(names) if len(names) < len(METERS) else "every meter"
    text = (
        f"Of the readings of {subject} {share:.0%} are missing in the last day; a week before hardly any were. "
        "While they are, savings are not counted and forecasts lose touch. Look at the device's connection."
    )
    return [_found("readings missing", meter, tape, first, 0.95, share, text)]


def _dead(tape: Tape, home: Surroundings) -> list[Finding]:
    """Return meters that read nothing where there must be something."""
    recent = tape.last(LOOKED_AT)
    found = []
    zero_load = tape.load_kw[recent] == 0
    begin, end = longest_run(zero_load)
    if (end - begin) * tape.grid.step >= DEAD_LOAD and end - begin >= LEAST_SLOTS and (tape.load_kw > 0).any():
        text = f"The load meter reads exactly zero for {_hours(end - begin, tape)}: no home uses nothing at all."
        found.append(_found("meter dead", "load_kw", tape, recent.start + begin, 0.95, 1.0, text))
    if (tape.pv_kw > 0.1).any():  # noqa: PLR2004 - there is PV
        place = home.place
        day = replace(tape.grid, start=tape.at(recent.start), count=recent.stop - recent.start)
        sun = None if place is None else sun_height(day, place)
        usual = _usual_by_time(tape.pv_kw, tape)[recent]
        bright = usual > 0.15 * np.nanmax(usual) if sun is None else (sun > HIGH_SUN) & (usual > REST_KW)
        dark = (tape.pv_kw[recent] <= REST_KW)[bright]
        if len(dark) and dark.all() and len(dark) * tape.grid.step >= DEAD_PV:
            text = (
                f"PV reads nothing while the sun is up, for {_hours(len(dark), tape)} in the last day: the inverter is "
                "off, or its meter is."
            )
            first = recent.start + int(np.flatnonzero(bright)[0])
            found.append(_found("meter dead", "pv_kw", tape, first, 0.9, 1.0, text))
    return found


def _lost_clamp(tape: Tape, home: Surroundings) -> list[Finding]:  # noqa: ARG001 - all looks take the same
    """Return a meter that may well rest, but rests while the others say that something flows there."""
    recent = tape.last(LOOKED_AT)
    off = unbalanced(tape)[recent]
    missing_kw = np.abs(residual_kw(tape)[recent])
    for meter in ("grid_kw", "battery_kw"):
        still = np.abs(getattr(tape, meter)[recent]) <= REST_KW
        begin, end = longest_run(still)
        if end - begin > max(0.7 * len(still), LEAST_SLOTS) and off[begin:end].mean() > OFTEN:
            text = (
                f"The {METERS[meter]} meter has read nothing for {_hours(end - begin, tape)}, while the other meters "
                f"say that {middle(missing_kw[begin:end][off[begin:end]]):.1f} kW flow there. Has a clamp come off?"
            )
            return [_found("meter dead", meter, tape, recent.start + begin, 0.9, 1.0, text)]
    return []


def _usual_by_time(values: FloatArray, tape: Tape) -> FloatArray:
    """Return the highest value of the same time of day in the weeks before the last day, shape (count,)."""
    per_day = DAY // tape.grid.step
    count = tape.grid.count // per_day
    rows = np.nan_to_num(values[tape.grid.count - count * per_day :].reshape(count, per_day))
    usual = np.median(rows[:-1], axis=0)
    return np.tile(usual, count + 1)[-tape.grid.count :]


def _frozen(tape: Tape, home: Surroundings) -> list[Finding]:
    """Return meters that tell the same number again and again, to the last digit."""
    recent = tape.last(LOOKED_AT)
    found = []
    for meter, name in METERS.items():
        values = getattr(tape, meter)
        with np.errstate(invalid="ignore"):
            same = (values[1:] == values[:-1]) & (np.abs(values[1:]) > REST_KW)
        begin, end = longest_run(same[max(recent.start - 1, 0) :])
        length = end - begin
        if length * tape.grid.step < STUCK or length < LEAST_SLOTS:
            continue
        off = unbalanced(tape)
        begin += max(recent.start - 1, 0) + 1
        at = slice(begin, begin + length)
        usual = longest_run(same[: max(recent.start - 1, 0)])
        if 2 * (usual[1] - usual[0]) > length and length < len(values[recent]) - 1:
            continue
        if meter == "pv_kw" and not _dark(tape, home, at).any() and off[at].mean() < OFTEN:
            continue  # an inverter at its limit
        if meter in {"load_kw", "battery_kw"} and off[at].mean() < SOMETIMES:
            continue  # the others agree: a quiet home, or a battery that charges with a set power
        if meter == "grid_kw" and off[at].mean() < OFTEN and np.ptp(tape.load_kw[at]) < OFF_KW:
            continue
        text = (
            f"The {name} meter has told the same {values[begin]:.3f} kW for {_hours(length, tape)}: it has stopped "
            "measuring. Restart it, or look at its integration."
        )
        found.append(_found("meter frozen", meter, tape, begin, 0.95, 1.0, text))
    return found


def _dark(tape: Tape, home: Surroundings, at: slice) -> BoolArray:
    grid = replace(tape.grid, start=tape.at(at.start), count=at.stop - at.start)
    dark: BoolArray = np.ones(grid.count, dtype=np.bool_) if home.place is None else sun_height(grid, home.place) < 0
    return dark


def _unbalanced(tape: Tape, home: Surroundings) -> list[Finding]:
    """Return the one meter whose error explains why what flows in is not what is used."""
    recent = tape.last(LOOKED_AT)
    off = unbalanced(tape)
    flows = np.nan_to_num(_flow_kw(tape)[recent]) > OFF_KW
    if not flows.any() or off[recent][flows].mean() < NOW_AND_THEN:
        return []
    first = _begins(off)
    before = off[:first][~np.isnan(residual_kw(tape)[:first])]
    if len(before) * tape.grid.step < LEAST_BALANCED or before.mean() > USUAL_OFF:
        return []  # these meters never added up
    known = slice(max(first, tape.grid.count - 3 * DAY // tape.grid.step), tape.grid.count)
    rest = residual_kw(tape)[known]
    best: tuple[float, str, float] | None = None
    for meter in METERS:
        x = getattr(tape, meter)[known]
        both = off[known] & ~np.isnan(rest) & ~np.isnan(x)
        if both.sum() < LEAST_SLOTS or not (x[both] ** 2).sum():
            continue
        slope = float(rest[both] @ x[both] / (x[both] @ x[both]))
        left = float(((rest[both] - slope * x[both]) ** 2).sum() / (rest[both] ** 2).sum())
        if best is None or 1 - left > best[0]:
            best = (1 - left, meter, slope)
    if best is None or best[0] < EXPLAINED:
        return []
    explained, meter, slope = best
    true_share = 1 - slope if meter == "load_kw" else 1 + slope  # true over measured
    name = METERS[meter]
    since = home.day(tape.at(first))
    if meter != "load_kw" and true_share < 0:
        text = (
            f"The {name} meter runs the wrong way round since {since}: turned, everything adds up again. Check its "
            "sign or the direction of its clamp."
        )
        return [_found("sign flipped", meter, tape, first, min(explained, 0.97), 1.0, text)]
    if abs(true_share - 1) < OFF_SHARE or true_share <= 0:
        return []
    text = (
        f"The {name} meter reads {1 / true_share:.0%} of what it must since {since}: with {true_share:.2f} times its "
        "value everything adds up. Check its factor or unit."
    )
    return [_found("meter scaled", meter, tape, first, min(explained, 0.95), abs(true_share - 1), text)]


def _begins(off: BoolArray) -> int:
    """Return from which slot on the balance is often off: the split that parts few before from many after best."""
    total = np.cumsum(off - off.mean())
    return min(int(np.argmin(total)) + 1, len(off) - 1)


def _hours(slots: int, tape: Tape) -> str:
    return f"{slots * tape.grid.step / HOUR:.0f} hours"
