"""The cheap check: running sums over what the agent holds anyway. It says where to look closely, never what is wrong.

No forecaster and no planner is evaluated here. What is closed is compared with the band that the last think gave, with
what the battery was told, and with marks of the days before: a mark is a dozen numbers, taken once when a day is over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan
from statistics import median
from typing import NamedTuple

import numpy as np

from homeagent.domain.anomaly import FAST, Family, Surroundings
from homeagent.domain.grid import FloatArray
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec

KEPT_DAYS = 42
LEAST_DAYS = 10
GAP_H, STILL_H, DARK_PV_H, OFF_H, BLOCKED_H, ABOVE_H = 2.0, 2.5, 4.0, 1.5, 1.0, 18.0
MISSED_KWH = 1.0
RELIEF = 0.5
"""How fast a sum of oddness falls in ordinary slots, beside how fast it grows in odd ones."""
RARE = 0.1
"""The same for a balance: meters that are right hardly ever fail it."""
REST_KW, OFF_KW, OFF_SHARE, ABOVE_KW = 0.005, 0.08, 0.08, 0.3
HIGH_SUN = 0.3
FULL, SURPLUS_KW = 0.97, 0.15
NIGHT, WAKING = (1.0, 5.0), (7.0, 22.0)
PARTS, FIRST_H, LAST_H = 6, 7.0, 19.0
"""The sun's day in parts of two hours."""
BLOCKS = 12
PV_DAYS, PV_LOW, PV_CLEARLY = 5, 0.78, 1e-3


class Closed(NamedTuple):
    """One closed slot, NaN where it was not measured. `usual_high_kw` is the top of the load's band, if any."""

    load_kw: float
    pv_kw: float
    grid_kw: float
    battery_kw: float
    curtailed_kw: float
    soc_kwh: float
    told_kw: float
    free: float
    sun: float
    usual_high_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One local day in numbers. PV's tops are shares of the sun's height by part of the day."""

    floor_kw: float
    low_kw: float
    waking_kw: float
    swing_kw: float
    switches: int
    duty: float
    busy: int
    tops: tuple[float, ...]
    pv_most_kw: float
    flat_h: float
    charged_kwh: float
    up_kwh: float
    given_kwh: float
    down_kwh: float


@dataclass(slots=True, kw_only=True)
class Watch:
    """Holds the sums and the marks of one home. `step_h` is the length of a slot."""

    home: Surroundings
    step_h: float
    marks: deque[Mark] = field(default_factory=lambda: deque(maxlen=KEPT_DAYS))
    _odd_h: dict[str, float] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)
    _still_h: dict[str, float] = field(default_factory=dict)
    _usual_kw: float = float("nan")

    def look(self, slots: Sequence[Closed]) -> set[Family]:
        """Take in closed slots, oldest first; return the families to look at closely."""
        for slot in slots:
            self._meters(slot)
            self._energy(slot)
        odd, still = self._odd_h, self._still_h
        found: set[Family] = set()
        if odd.get("gap", 0.0) > GAP_H or odd.get("off", 0.0) > OFF_H or odd.get("dark", 0.0) > DARK_PV_H:
            found.add("meters")
        if any(hours > STILL_H for hours in still.values()):
            found.add("meters")
        if odd.get("above", 0.0) > ABOVE_H:
            found.add("running")
        if odd.get("missed", 0.0) > MISSED_KWH:
            found.add("obey")
        if odd.get("blocked", 0.0) > BLOCKED_H:
            found.add("export")
        return found

    def settle(self, families: set[Family]) -> None:
        """Begin anew where a close look has just been taken."""
        sums = {"meters": ("gap", "off", "dark"), "running": ("above",), "obey": ("missed",), "export": ("blocked",)}
        for family in families.intersection(FAST):
            for name in sums[family]:
                self._odd_h[name] = 0.0
        if "meters" in families:
            self._still_h.clear()

    def _count(self, name: str, odd: bool, by: float | None = None) -> None:  # noqa: FBT001 - read aloud it is plain
        by = self.step_h if by is None else by
        relief = RARE if name == "off" else RELIEF
        self._odd_h[name] = self._odd_h.get(name, 0.0) + by if odd else max(self._odd_h.get(name, 0.0) - relief * by, 0)

    def _meters(self, slot: Closed) -> None:
        load, pv, grid, battery = slot.load_kw, slot.pv_kw, slot.grid_kw, slot.battery_kw
        total = load + pv + grid + battery
        self._count("gap", isnan(total))
        if not isnan(total):
            curtailed = 0.0 if isnan(slot.curtailed_kw) else slot.curtailed_kw
            off = abs(load - pv + curtailed - grid - battery)
            self._count("off", off > OFF_KW + OFF_SHARE * (abs(load) + abs(pv) + abs(grid) + abs(battery)))
        if slot.sun > HIGH_SUN:
            self._count("dark", pv <= REST_KW or isnan(pv))
        self._still("load", load, load == 0)  # of other loads that stand still the balance tells
        self._still("pv", pv, pv > REST_KW and slot.sun < 0)
        self._still("grid", grid, abs(grid) > REST_KW)

    def _still(self, name: str, value: float, counts: bool) -> None:  # noqa: FBT001 - as above
        same = counts and value == self._last.get(name)
        self._still_h[name] = self._still_h.get(name, 0.0) + self.step_h if same else 0.0
        self._last[name] = value

    def _energy(self, slot: Closed) -> None:
        load = slot.load_kw
        if not isnan(load):
            bar = max(self._usual_kw + ABOVE_KW, 0.0) if not isnan(self._usual_kw) else slot.usual_high_kw + ABOVE_KW
            self._count("above", load > bar)
        if not isnan(slot.told_kw) and not isnan(slot.battery_kw):
            miss = abs(slot.battery_kw - slot.told_kw)
            other = miss > 0.3 + 0.25 * abs(slot.told_kw)
            self._count("missed", other, (miss if other else abs(slot.told_kw)) * self.step_h)
        if slot.free == 1 and slot.sun > 0:
            full = slot.soc_kwh >= FULL * self.home.battery.capacity_kwh and abs(slot.battery_kw) < SURPLUS_KW
            matched = isnan(slot.curtailed_kw) and abs(slot.grid_kw) < 0.03 and slot.pv_kw > 0.5  # noqa: PLR2004
            self._count("blocked", slot.curtailed_kw > SURPLUS_KW or (full and matched))

    def close_day(self, mark: Mark) -> set[Family]:
        """Take in the mark of a day that is over; return the families to look at closely."""
        self.marks.append(mark)
        marks = list(self.marks)
        if len(marks) < LEAST_DAYS:
            return set()
        self._usual_kw = _median(max(one.floor_kw, one.low_kw) for one in marks)
        found: set[Family] = set()
        if _nights_odd(marks):
            found.add("load")
        if _pv_odd(marks):
            found.add("pv")
        if _battery_odd(marks):
            found.add("store")
        return found


def _median(values: object) -> float:
    known = [value for value in values if not isnan(value)]  # type: ignore[attr-defined]  # any iterable of floats
    return median(known) if known else float("nan")


def _nights_odd(marks: list[Mark]) -> bool:
    before, now = marks[:-3], marks[-3:]
    half = marks[: len(marks) // 2]
    floor = _median(min(one.floor_kw, one.waking_kw) for one in before)
    if min(min(one.floor_kw, one.waking_kw) for one in now) > 1.12 * floor + 0.015:
        return True
    if min(one.low_kw for one in now[-2:]) > _median(one.low_kw for one in before) + 0.1:
        return True
    if min(one.busy for one in now[-2:]) >= BLOCKS - 2 and median(one.busy for one in before) < BLOCKS - 2:
        return True
    if median(one.switches for one in half) < 4:  # noqa: PLR2004 - no cycles were ever seen
        return False
    swing = _median(one.swing_kw for one in half)
    if max(one.swing_kw for one in now[-2:]) < 0.5 * swing:
        return True
    return _median(one.duty for one in marks[-4:]) > 1.2 * _median(one.duty for one in half)


def _pv_odd(marks: list[Mark]) -> bool:
    if len(marks) < LEAST_DAYS + PV_DAYS:
        return False
    now, before = np.array([m.tops for m in marks[-PV_DAYS:]]), np.array([m.tops for m in marks[:-PV_DAYS]])
    was = before.max(axis=0)
    seen = was > 0.3 * was.max() if was.max() > PV_CLEARLY else np.zeros(PARTS, dtype=np.bool_)
    if not seen.any():
        return False
    if (now.max(axis=0)[seen] < PV_LOW * was[seen]).any():
        return True
    flat = sum(one.flat_h >= 1.0 for one in marks[-PV_DAYS:]) >= 2  # noqa: PLR2004 - on two days
    if flat and max(m.pv_most_kw for m in marks[-PV_DAYS:]) < 0.92 * max(m.pv_most_kw for m in marks):
        return True
    tops = np.array([max(one.tops) for one in marks])
    weeks = [tops[at : at + 7].max() for at in range(len(tops) - 7, -1, -7)][::-1]
    fades = len(weeks) >= 4 and weeks[-1] < 0.9 * weeks[0] and weeks[-1] <= min(weeks) * 1.02  # noqa: PLR2004
    return bool(fades)


def _battery_odd(marks: list[Mark]) -> bool:
    now, before = marks[-3:], marks[:-3]
    ratios = []
    for part in (now, before):
        charged, up, given, down = (
            sum(getattr(one, name) for one in part) for name in ("charged_kwh", "up_kwh", "given_kwh", "down_kwh")
        )
        if charged < 2 or given < 2:  # noqa: PLR2004 - kWh, too little to tell
            return False
        ratios.append((up / charged, given / max(down, 1e-9)))
    (up, down), (up_was, down_was) = ratios
    return bool(abs(up / up_was - 1) > 0.06 or abs(down / down_was - 1) > 0.06)  # noqa: PLR2004 - beyond its scatter


def mark_of(day: dict[str, FloatArray], sun: FloatArray, step_h: float, capacity_kwh: float) -> Mark:
    """Return the mark of one local day: the columns of a tape, each of its slots, and the sun's height."""
    load, pv = day["load_kw"], np.nan_to_num(day["pv_kw"])

    def part(values: FloatArray, hours: tuple[float, float]) -> FloatArray:
        return values[round(hours[0] / step_h) : round(hours[1] / step_h)]

    night = np.sort(part(load, NIGHT))
    waking = np.sort(part(load, WAKING))
    bottom, floor, low, top = (_at(night, share) for share in (0.05, 0.15, 0.3, 0.9))
    above = part(load, NIGHT) > bottom + (top - bottom) / 2
    blocks = np.nan_to_num(load[: len(load) // BLOCKS * BLOCKS], nan=bottom).reshape(BLOCKS, -1)
    power, soc = day["battery_kw"], day["soc_kwh"]
    change = np.diff(soc, prepend=np.nan)
    inner = (soc > 0.08 * capacity_kwh) & (soc < 0.95 * capacity_kwh)
    charging, giving = inner & (power < -0.15) & (change > 0), inner & (power > 0.15) & (change < 0)  # noqa: PLR2004
    most = float(pv.max())
    return Mark(
        floor_kw=floor,
        low_kw=low,
        waking_kw=_at(waking, 0.05),
        swing_kw=top - bottom,
        switches=int((above[1:] != above[:-1]).sum()),
        duty=float(above.mean()) if len(above) else float("nan"),
        busy=int((blocks.max(axis=1) - blocks.min(axis=1) > 0.8).sum()),  # noqa: PLR2004 - kW, a large load
        tops=_tops(pv, sun, step_h),
        pv_most_kw=most,
        flat_h=float((pv > 0.985 * most).sum() * step_h) if most > 0.2 else 0.0,  # noqa: PLR2004 - kW
        charged_kwh=float(-power[charging].sum() * step_h),
        up_kwh=float(change[charging].sum()),
        given_kwh=float(power[giving].sum() * step_h),
        down_kwh=float(-change[giving].sum()),
    )


def _at(ranked: FloatArray, share: float) -> float:
    known = len(ranked) - int(np.isnan(ranked).sum())
    return float(ranked[round((known - 1) * share)]) if 2 * known > len(ranked) else float("nan")


def _tops(pv: FloatArray, sun: FloatArray, step_h: float) -> tuple[float, ...]:
    share = np.where(sun > 0.15, pv / np.maximum(sun, 0.15), 0.0)  # noqa: PLR2004 - above the horizon's haze
    first, last = round(FIRST_H / step_h), round(LAST_H / step_h)
    rows = share[first:last][: (last - first) // PARTS * PARTS].reshape(PARTS, -1)
    half = max(round(0.5 / step_h), 1)
    sums = np.cumsum(rows, axis=1)
    means = (sums[:, half:] - sums[:, :-half]) / half if rows.shape[1] > half else rows
    return tuple(means.max(axis=1).tolist())


def told_kw(policy: BatteryPolicy, spec: BatterySpec, soc_kwh: float, net_kw: float, hours: float) -> float:
    """Return what a battery under a policy does in one step at a net load [kW, + discharging].

    It is `devices.battery.respond` for plain numbers, of which a look has a few and no array.
    """

    def toward(low_kwh: float, high_kwh: float) -> float:
        charge = min(max(low_kwh - soc_kwh, 0.0) / (spec.charge_efficiency * hours), spec.max_charge_kw)
        give = min(max(soc_kwh - high_kwh, 0.0) * spec.discharge_efficiency / hours, spec.max_discharge_kw)
        return charge - give

    power = min(
        max(-net_kw, toward(policy.charge_to_kwh, policy.discharge_to_kwh)),
        toward(policy.store_to_kwh, policy.export_to_kwh),
    )
    shave = toward(float("-inf"), policy.shave_to_kwh)
    power = min(power, max(policy.import_limit_kw - net_kw, shave))
    return -max(power, min(-net_kw - policy.export_limit_kw, 0.0))
