"""The cheapest course that perfect knowledge of a window allows: a bound no controller can beat.

A linear program; with a peak charge in tiers a mixed-integer one (a tier per month), of which the dual bound is given,
so that the figure is a bound even where the solver stops early. Solved by HiGHS (Huangfu and Hall, "Parallelizing the
dual revised simplex method", Mathematical Programming Computation 10, 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import highspy
import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.site import BatterySpec, SiteSpec

COLUMNS = ("charge_kw", "discharge_kw", "import_kw", "export_kw", "curtailed_kw", "soc_kwh")
"""Per step; the state of charge after it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownWindow:
    """Everything about a window, after the fact: means per step, each of shape (count,)."""

    grid: TimeGrid
    load_kw: FloatArray
    pv_kw: FloatArray
    import_price_per_kwh: FloatArray
    export_price_per_kwh: FloatArray
    initial_soc_kwh: float


class _Model:
    """Rows and columns of a program, gathered in bulk: adding them one by one is slow."""

    def __init__(self) -> None:
        self.cost: list[FloatArray] = []
        self.low: list[FloatArray] = []
        self.high: list[FloatArray] = []
        self.integral: list[int] = []
        self.count = 0
        self.row_low: list[float] = []
        self.row_high: list[float] = []
        self.starts = [0]
        self.index: list[int] = []
        self.value: list[float] = []

    def columns(self, cost: FloatArray, low: FloatArray, high: FloatArray, *, integral: bool = False) -> int:
        """Add columns, and return the number of the first."""
        first = self.count
        self.count += len(cost)
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        if integral:
            self.integral += range(first, self.count)
        return first

    def row(self, low: float, high: float, terms: list[tuple[int, float]]) -> None:
        """Add low <= sum of value * column <= high."""
        self.row_low.append(low)
        self.row_high.append(high)
        self.index += [column for column, _ in terms]
        self.value += [value for _, value in terms]
        self.starts.append(len(self.index))

    def solve(self, seconds: float) -> float | None:
        """Return a lower bound on the least cost, None where the solver found none in time."""
        solver = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy is not typed whole
        solver.silent()
        solver.setOptionValue("time_limit", seconds)
        solver.setOptionValue("mip_rel_gap", 1e-3)
        none = np.array([], dtype=np.int32)
        solver.addCols(
            self.count,
            np.concatenate(self.cost),
            np.concatenate(self.low),
            np.concatenate(self.high),
            0,
            none,
            none,
            np.array([]),
        )
        solver.addRows(
            len(self.row_low),
            np.array(self.row_low),
            np.array(self.row_high),
            len(self.index),
            np.array(self.starts[:-1], dtype=np.int32),
            np.array(self.index, dtype=np.int32),
            np.array(self.value),
        )
        for column in self.integral:
            solver.changeColIntegrality(column, highspy.HighsVarType.kInteger)
        solver.run()
        info = solver.getInfo()
        if self.integral:
            bound = float(info.mip_dual_bound)
            return bound if np.isfinite(bound) else None
        optimal = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return float(info.objective_function_value) if optimal else None


def perfect_foresight_cost(window: KnownWindow, site: SiteSpec, seconds: float) -> float | None:
    """Return a lower bound on what any controller pays in the window [currency], None if not found in `seconds`."""
    model = _Model()
    first = _flows(model, window, site.battery, site)
    if site.peak_charge is not None:
        _peaks(model, window, site, first["import_kw"])
    return model.solve(seconds)


def _flows(model: _Model, window: KnownWindow, spec: BatterySpec, site: SiteSpec) -> dict[str, int]:
    count, hours = window.grid.count, window.grid.step_hours
    net_kw = window.load_kw - window.pv_kw
    zero, full = np.zeros(count), np.ones(count)
    curtailable = window.pv_kw if site.pv_curtailable else zero
    upper = (
        full * spec.max_charge_kw,
        full * spec.max_discharge_kw,
        np.maximum(net_kw, site.grid.max_import_kw),
        full * site.grid.max_export_kw,
        np.maximum(curtailable, 0.0),
        full * spec.capacity_kwh,
    )
    cost = (zero, zero, window.import_price_per_kwh * hours, -window.export_price_per_kwh * hours, zero, zero)
    lowest = min(spec.min_soc_kwh, window.initial_soc_kwh)
    first = {
        name: model.columns(cost[k], full * lowest if name == "soc_kwh" else zero, upper[k])
        for k, name in enumerate(COLUMNS)
    }
    charge, discharge, imports, exports, curtailed, soc = (first[name] for name in COLUMNS)
    into, out = spec.charge_efficiency * hours, hours / spec.discharge_efficiency
    for t in range(count):
        flows = [
            (charge + t, 1.0),
            (discharge + t, -1.0),
            (imports + t, -1.0),
            (exports + t, 1.0),
            (curtailed + t, 1.0),
        ]
        model.row(-net_kw[t], -net_kw[t], flows)
        start = window.initial_soc_kwh if t == 0 else 0.0
        terms = [(charge + t, -into), (discharge + t, out), (soc + t, 1.0)]
        model.row(start, start, terms if t == 0 else [*terms, (soc + t - 1, -1.0)])
    return first


def _peaks(model: _Model, window: KnownWindow, site: SiteSpec, imports: int) -> None:
    """Add the month's charge on z, the mean of its largest daily peaks.

    With a level per month and each day's excess over it, z = level + sum of excesses / days: the usual linear form of a
    sum of largest values (Ogryczak and Tamir, Information Processing Letters 85, 2003).
    """
    charge = site.peak_charge
    if charge is None:
        return
    steps: dict[int, list[int]] = {}
    hour_starts: dict[int, datetime] = {}
    for t, at in enumerate(window.grid.starts()):
        hour = int(at.timestamp()) // 3600
        steps.setdefault(hour, []).append(t)
        hour_starts.setdefault(hour, at)
    days: dict[date, list[int]] = {}
    for hour, at in hour_starts.items():
        days.setdefault(at.astimezone(charge.timezone).date(), []).append(hour)
    months: dict[tuple[int, int], list[date]] = {}
    for day in days:
        months.setdefault((day.year, day.month), []).append(day)
    infinite = float("inf")
    for month in months.values():
        count = len(month)
        top = min(charge.days, count)
        zero, free = np.zeros(count), np.full(count, infinite)
        peak, excess = model.columns(zero, zero, free), model.columns(zero, zero, free)
        level = model.columns(np.zeros(1), np.zeros(1), np.full(1, infinite))
        for d, day in enumerate(month):
            for hour in days[day]:
                share = 1 / len(steps[hour])
                model.row(-infinite, 0.0, [*((imports + t, share) for t in steps[hour]), (peak + d, -1.0)])
            model.row(-infinite, 0.0, [(peak + d, 1.0), (level, -1.0), (excess + d, -1.0)])
        z = [(level, 1.0), *((excess + d, 1 / top) for d in range(count))]
        if charge.per_kw is not None:
            column = model.columns(np.full(1, charge.per_kw), np.zeros(1), np.full(1, infinite))
            model.row(-infinite, 0.0, [*z, (column, -1.0)])
            continue
        ceilings, costs = np.array(charge.tiers).T
        tier = model.columns(costs, np.zeros(len(costs)), np.ones(len(costs)), integral=True)
        # above the last tier the last applies, so its ceiling is no limit
        highest = max(float(ceilings[-1]), float(window.load_kw.max()) + site.battery.max_charge_kw)
        ceilings = np.append(ceilings[:-1], highest)
        model.row(-infinite, 0.0, [*z, *((tier + k, -float(c)) for k, c in enumerate(ceilings))])
        model.row(1.0, 1.0, [(tier + k, 1.0) for k in range(len(costs))])
