"""A planning problem as bytes, and back without loss: scenarios in whole watts, the rest as it is."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.errors import StoreError
from homeagent.domain.forecast import WATTS, Scenarios
from homeagent.domain.grid import TimeGrid
from homeagent.domain.plan import ImportCap, PlanningProblem
from homeagent.domain.prices import PriceCurve
from homeagent.domain.site import BatterySpec, Goals, GridLimits, PeakChargeSpec, Place, PriceRules, SiteSpec
from homeagent.store.plain import made, plain


def problem_bytes(problem: PlanningProblem) -> bytes:
    """Return all that the planner looked at."""
    scenarios, prices = problem.scenarios, problem.prices
    head = {
        "site": _site_values(problem.site),
        "grid": _grid_values(problem.grid),
        "soc_kwh": problem.soc_kwh,
        "known_until": prices.known_until.isoformat(),
        "estimated_from_days": prices.estimated_from_days,
        "scenario_grid": _grid_values(scenarios.grid),
        "issued_at": scenarios.issued_at.isoformat(),
        "model_id": scenarios.model_id,
        "devices": plain(problem.devices),
        "before": plain(problem.before),
        "steady": problem.steady,
    }
    arrays: dict[str, Any] = {
        "load_w": np.rint(scenarios.load_kw * WATTS).astype(np.int32),
        "pv_w": np.rint(scenarios.pv_kw * WATTS).astype(np.int32),
        "weight": scenarios.weight,
        "import_per_kwh": prices.import_per_kwh,
        "export_per_kwh": prices.export_per_kwh,
        "estimated": prices.estimated,
    }
    if prices.import_low_per_kwh is not None and prices.import_high_per_kwh is not None:
        arrays["import_low_per_kwh"] = prices.import_low_per_kwh
        arrays["import_high_per_kwh"] = prices.import_high_per_kwh
    if problem.carbon_g_per_kwh is not None:
        arrays["carbon_g_per_kwh"] = problem.carbon_g_per_kwh
    if problem.import_cap is not None:
        arrays["limit_kw"] = problem.import_cap.limit_kw
        arrays["excess_price_per_kwh"] = problem.import_cap.excess_price_per_kwh
    if problem.cost_after is not None:
        arrays["cost_after"] = problem.cost_after
    target = io.BytesIO()
    np.savez_compressed(target, head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8), **arrays)
    return target.getvalue()


def problem_of(content: bytes) -> PlanningProblem:
    """Return the problem that `problem_bytes` was given.

    Raises:
        StoreError: the bytes are damaged.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return _problem(json.loads(arrays["head"].tobytes()), arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"a stored planning problem is damaged ({error})") from error


def _problem(head: dict[str, Any], arrays: Any) -> PlanningProblem:  # noqa: ANN401 - an open archive
    grid = _grid(head["grid"])
    cap = None
    if "limit_kw" in arrays:
        cap = ImportCap(limit_kw=arrays["limit_kw"], excess_price_per_kwh=arrays["excess_price_per_kwh"])
    return PlanningProblem(
        site=_site(head["site"]),
        grid=grid,
        soc_kwh=head["soc_kwh"],
        prices=PriceCurve(
            grid=grid,
            import_per_kwh=arrays["import_per_kwh"],
            export_per_kwh=arrays["export_per_kwh"],
            estimated=arrays["estimated"],
            known_until=datetime.fromisoformat(head["known_until"]),
            import_low_per_kwh=arrays.get("import_low_per_kwh"),
            import_high_per_kwh=arrays.get("import_high_per_kwh"),
            estimated_from_days=head.get("estimated_from_days", 0),
        ),
        scenarios=Scenarios(
            grid=_grid(head["scenario_grid"]),
            load_kw=arrays["load_w"] / WATTS,
            pv_kw=arrays["pv_w"] / WATTS,
            weight=arrays["weight"],
            issued_at=datetime.fromisoformat(head["issued_at"]),
            model_id=head["model_id"],
        ),
        carbon_g_per_kwh=arrays.get("carbon_g_per_kwh"),
        import_cap=cap,
        cost_after=arrays.get("cost_after"),
        devices=made(head.get("devices", [])),
        before=made(head.get("before", [])),
        steady=head.get("steady", False),
    )


def _grid_values(grid: TimeGrid) -> list[Any]:
    return [grid.start.isoformat(), grid.step.total_seconds(), grid.count]


def _grid(values: list[Any]) -> TimeGrid:
    return TimeGrid(start=datetime.fromisoformat(values[0]), step=timedelta(seconds=values[1]), count=values[2])


def _site_values(site: SiteSpec) -> dict[str, Any]:
    values = asdict(site)
    values["timezone"] = site.timezone.key
    values["prices"]["published_at"] = site.prices.published_at.isoformat()
    if site.peak_charge is not None:
        values["peak_charge"]["timezone"] = site.peak_charge.timezone.key
    return values


def _site(values: dict[str, Any]) -> SiteSpec:
    peak = values["peak_charge"]
    if peak is not None:
        tiers = tuple((up_to, cost) for up_to, cost in peak["tiers"])
        peak = PeakChargeSpec(**peak | {"timezone": ZoneInfo(peak["timezone"]), "tiers": tiers})
    rules, place = values["prices"], values.get("place")
    return SiteSpec(
        **values
        | {
            "timezone": ZoneInfo(values["timezone"]),
            "battery": BatterySpec(**values["battery"]),
            "batteries": tuple(BatterySpec(**one) for one in values.get("batteries", ())),
            "grid": GridLimits(**values["grid"]),
            "peak_charge": peak,
            "prices": PriceRules(**rules | {"published_at": time.fromisoformat(rules["published_at"])}),
            "goals": Goals(**values["goals"]),
            "place": None if place is None else Place(**place),
        }
    )
