"""What a backtest came to: costs against three marks, energy, carbon, forecast errors, and what the agent used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import numpy as np

from homeagent.agent.agent import Agent
from homeagent.agent.day_picture import DayGallery
from homeagent.agent.footprint_told import together
from homeagent.devices.battery import respond, self_consumption
from homeagent.domain.decision import Decision
from homeagent.domain.forecast import Forecast
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.peak import PeakMeter, peak_cost
from homeagent.domain.site import SiteSpec
from homeagent.planning.perfect_foresight import KnownWindow
from homeagent.simulation.replayed_home import Trajectory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayAhead:
    """Load and PV as they were expected at the first think of a local day."""

    issued_at: datetime
    load: Forecast
    pv: Forecast


@dataclass(slots=True)
class Outcome:
    """What is gathered while a backtest runs."""

    decisions: list[Decision] = field(default_factory=list)
    day_ahead: list[DayAhead] = field(default_factory=list)
    days: DayGallery | None = None
    """The picture of each day, where one is wanted."""
    _day: date | None = None

    def look(self, agent: Agent) -> None:
        """Note the agent's newest decision, and its forecast once a local day."""
        if agent.decisions and (not self.decisions or agent.decisions[-1] is not self.decisions[-1]):
            self.decisions.append(agent.decisions[-1])
        if agent.thought is None or agent.thought.problem.cost_after is not None:
            return
        issued_at = agent.thought.plan.grid.start
        day = issued_at.astimezone(agent.site.timezone).date()
        if day != self._day:
            self._day = day
            load, pv = agent.thought.forecasts()
            self.day_ahead.append(DayAhead(issued_at=issued_at, load=load, pv=pv))

    def stance_changes(self) -> int:
        """Return how often the battery was told to do another kind of thing."""
        stances = [decision.reason.stance for decision in self.decisions]
        return sum(a != b for a, b in pairwise(stances))


def decision_row(decision: Decision) -> dict[str, Any]:
    """Return a decision as one JSON object; limits that do not exist are null."""
    return {
        "at": f"{decision.at:%Y-%m-%dT%H:%M:%SZ}",
        "device": decision.device,
        "wake": decision.wake,
        "soc_kwh": round(decision.soc_kwh, 4),
        "stance": decision.reason.stance,
        "why": decision.reason.text,
        "value_per_kwh": round(decision.reason.value_per_kwh, 5),
        "import_price_per_kwh": round(decision.reason.import_price_per_kwh, 6),
        "export_price_per_kwh": round(decision.reason.export_price_per_kwh, 6),
        "runner_up": decision.reason.runner_up,
        "runner_up_costs": _finite(decision.reason.runner_up_costs),
        "policy": {name: _finite(value) for name, value in asdict(decision.policy).items()},
        "instruction": type(decision.instruction).__name__,
        "result": type(decision.result).__name__,
        "result_reason": getattr(decision.result, "reason", None),
        "plan": decision.plan_digest,
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)


def money(grid_kw: FloatArray, window: KnownWindow, site: SiteSpec) -> float:
    """Return what a course of grid flow [kW, + importing] costs in the window, peak charges included."""
    price = np.where(grid_kw > 0, window.import_price_per_kwh, window.export_price_per_kwh)
    cost = float((grid_kw * price).sum() * window.grid.step_hours)
    if site.peak_charge is None:
        return cost
    meter = PeakMeter(site.peak_charge.timezone)
    for at, flow_kw in zip(window.grid.starts(), grid_kw, strict=True):
        meter.add(at, window.grid.step_hours, float(flow_kw))
    return cost + peak_cost(site.peak_charge, meter.daily_kw)


def rule_grid_kw(window: KnownWindow, site: SiteSpec) -> FloatArray:
    """Return the grid flow [kW] of the inverter's own self-consumption rule, which trades and curtails nothing."""
    policy, soc_kwh = self_consumption(site.battery), window.initial_soc_kwh
    grid_kw = np.empty(window.grid.count)
    for step in range(window.grid.count):
        flows = respond(policy, site.battery, soc_kwh, window.load_kw[step], window.pv_kw[step], window.grid.step_hours)
        soc_kwh, grid_kw[step] = float(flows.soc_kwh), float(flows.grid_kw)
    return grid_kw


def share(cost: float, none: float, bound: float | None) -> float | None:
    """Return the share of the possible saving: 0 without a battery, 1 with perfect foresight."""
    return None if bound is None or none - bound <= 0 else (none - cost) / (none - bound)


def forecast_errors(outcome: Outcome, window: KnownWindow) -> dict[str, Any]:
    """Return mean absolute error [kW] and the share of truth inside the 80 % band, a day ahead from each midnight."""
    errors: dict[str, Any] = {"issued": len(outcome.day_ahead)}
    for name, truth in (("load", window.load_kw), ("pv", window.pv_kw)):
        apart, inside, count = 0.0, 0, 0
        for day in outcome.day_ahead:
            forecast: Forecast = getattr(day, name)
            first = (forecast.grid.start - window.grid.start) // window.grid.step
            part = truth[max(first, 0) : first + forecast.grid.count]
            skipped = max(-first, 0)
            mean, low, high = (
                values[skipped : skipped + len(part)]
                for values in (forecast.mean_kw, forecast.low_kw, forecast.high_kw)
            )
            apart += float(np.abs(part - mean).sum())
            inside += int(((part >= low - 1e-9) & (part <= high + 1e-9)).sum())
            count += len(part)
        if count:
            errors[f"{name}_mae_kw"] = round(apart / count, 4)
            errors[f"{name}_band_coverage"] = round(inside / count, 4)
    return errors


def summarise(
    agent: Agent, trajectory: Trajectory, window: KnownWindow, outcome: Outcome, bound: float | None
) -> dict[str, Any]:
    """Return the summary of a finished backtest, JSON-ready, with units in its names."""
    site, hours = agent.site, window.grid.step_hours
    none = money(window.load_kw - window.pv_kw, window, site)
    rule = money(rule_grid_kw(window, site), window, site)
    cost = money(trajectory.grid_kw, window, site)
    used, own = agent.footprint(), own_use(agent)
    return {
        "window": {
            "start": _stamp(window.grid, 0),
            "end": _stamp(window.grid, window.grid.count),
            "steps": window.grid.count,
            "step_minutes": hours * 60,
            "days": window.grid.count * hours / 24,
        },
        "currency": site.currency,
        "cost_without_battery": round(none, 4),
        "cost_self_consumption_rule": round(rule, 4),
        "cost_agent": round(cost, 4),
        "cost_perfect_foresight": None if bound is None else round(bound, 4),
        "share_of_possible_saving_rule": _rounded(share(rule, none, bound)),
        "share_of_possible_saving_agent": _rounded(share(cost, none, bound)),
        "saved_after_own_energy": None if own is None else none - cost - own["cost"],
        "own_energy": own,
        "grid_import_kwh": round(float(np.maximum(trajectory.grid_kw, 0).sum() * hours), 3),
        "grid_export_kwh": round(float(np.maximum(-trajectory.grid_kw, 0).sum() * hours), 3),
        "curtailed_kwh": round(float(trajectory.curtailed_kw.sum() * hours), 3),
        "battery_charged_kwh": round(float(np.maximum(trajectory.battery_kw, 0).sum() * hours), 3),
        "final_soc_kwh": round(float(agent.last_soc_kwh or 0.0), 4),
        "carbon_kg": carbon_kg(agent),
        "thinks": used.thinks,
        "looks": used.looks,
        "solves": agent.solves,
        "decisions": len(outcome.decisions),
        "switches": {"battery": outcome.stance_changes()},
        "forecaster": forecaster_of(agent),
        "forecast_errors": forecast_errors(outcome, window),
        "forecast_providers": [asdict(judged) for judged in agent.observer.memory.issued.verdicts.values()],
        "machine": agent.footprints.energy.kind.power.name,
        "cpu_seconds": {name: round(seconds, 3) for name, seconds in used.cpu_seconds.items()},
        "peak_memory_mb": round(used.peak_memory_mb, 1),
    }


def own_use(agent: Agent) -> dict[str, Any] | None:
    """Return what the agent's own computing took on this machine and what it cost, None where no price was known.

    Measured data hold no such load, so it is in no cost above.
    """
    days = list(agent.footprints.days.values())
    if not days:
        return None
    every = together(days)
    cost, carbon_g = every.whole_cost, every.whole_carbon_g
    if cost is None:
        return None
    return {
        "kwh_low": every.energy_wh.low / 1000,
        "kwh": every.energy_wh.likely / 1000,
        "kwh_high": every.energy_wh.high / 1000,
        "cost_low": cost.low,
        "cost": cost.likely,
        "cost_high": cost.high,
        "carbon_g": None if carbon_g is None else carbon_g.likely,
    }


def forecaster_of(agent: Agent) -> dict[str, Any]:
    """Return what forecast at the end, why it and no other, and how often it was taught anew."""
    learner = agent.learner
    if learner is None:
        return {"serving": "floor", "why": "learning is off", "trainings": 0, "training_cpu_seconds": 0.0}
    return {
        "serving": learner.serving,
        "why": learner.reason,
        "trainings": len(learner.trainings_cpu_s),
        "training_cpu_seconds": round(sum(learner.trainings_cpu_s), 1),
    }


def carbon_kg(agent: Agent) -> float | None:
    """Return the carbon of what was imported [kg], None where the intensity was not known throughout."""
    if agent.day_book is None or not agent.day_book.entries:
        return None
    days = [entry.carbon_kg for entry in agent.day_book.entries]
    return None if any(day is None for day in days) else round(sum(day for day in days if day is not None), 3)


def _stamp(grid: TimeGrid, edge: int) -> str:
    return f"{grid.at(edge):%Y-%m-%dT%H:%M:%SZ}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportFacts:
    """All that the page shows; it travels to the child process. `decisions` are the rows of decisions.jsonl."""

    site: SiteSpec
    summary: Mapping[str, Any]
    window: KnownWindow
    trajectory: Trajectory
    rule_grid_kw: FloatArray
    day_ahead: Sequence[DayAhead]
    decisions: Sequence[Mapping[str, Any]]
    days: Mapping[date, Mapping[str, object]]
