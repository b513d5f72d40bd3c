"""The footprint in numbers for the page, the API and the terminal: units in the names, ranges with their ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

from homeagent.domain.footprint import Estimate, FootprintDay
from homeagent.domain.ledger import SavingsEntry
from homeagent.footprint.energy import EnergyMeter

METHOD = (
    "of the agent's own CPU time alone: what a busy core adds to the machine's power; "
    "the machine would run without it, too"
)


def day_told(day: FootprintDay, entry: SavingsEntry | None) -> dict[str, Any]:
    """Return a day; `share_of_saving` is which part of what was saved the agent's own energy took back."""
    return {
        "day": day.day.isoformat(),
        **_used(day),
        "share_of_saving": None if entry is None else _share(entry.saved_against_none, entry.own_cost),
    }


def total_told(days: Sequence[FootprintDay], entries: Iterable[SavingsEntry]) -> dict[str, Any]:
    """Return all days together, with what one think, one decision and one saved unit of money took."""
    every = together(days)
    closed = [entry for entry in entries if entry.own_cost is not None]
    saved = sum(entry.saved_against_none for entry in closed)
    energy_kwh = sum(entry.own_kwh or 0.0 for entry in closed)
    return {
        "days": len(days),
        **_used(every),
        "share_of_saving": _share(saved, sum(entry.own_cost or 0.0 for entry in closed)),
        **_ends("energy_j_per_think", _per(every.energy_wh, every.thinks)),
        **_ends("energy_j_per_decision", _per(every.energy_wh, every.decisions)),
        "energy_wh_per_unit_saved": None if saved <= 0 else _rounded(1000 * energy_kwh / saved),
        "carbon_g_per_think": _of(every.whole_carbon_g, every.thinks),
        "carbon_g_per_decision": _of(every.whole_carbon_g, every.decisions),
    }


def machine_told(energy: EnergyMeter) -> dict[str, Any]:
    """Return what is known of the machine, and where its watts come from."""
    power = energy.kind.power
    return {
        "kind": power.name,
        "told": energy.kind.told or "",
        "cores": energy.kind.cores,
        "energy_from": "the processor's counter" if energy.counted else "a model of the machine",
        **_ends("busy_core_w", power.busy_core_w),
        "source": power.source,
        "method": METHOD,
    }


def together(days: Sequence[FootprintDay]) -> FootprintDay:
    """Return several days as one, under the last one's name."""
    return reduce(lambda before, day: day.plus(before), days)


def sums_of_own(entries: Sequence[SavingsEntry]) -> dict[str, Any]:
    """Return what the agent itself took in all days that were metered, and how many were not."""
    names = ("own_kwh", "own_cost", "own_cost_low", "own_cost_high")
    metered = [entry for entry in entries if entry.own_cost is not None]
    known = bool(metered) or not entries
    sums = {name: _rounded(sum(getattr(entry, name) for entry in metered)) if known else None for name in names}
    return sums | {"days_not_metered": len(entries) - len(metered)}


def _used(day: FootprintDay) -> dict[str, Any]:
    awake_hours = day.all_cpu_seconds / 3600
    likely_wh = day.energy_wh.likely
    return {
        "running_hours": _rounded(day.running_hours),
        "asleep_share": None if not day.running_hours else _rounded(max(1 - awake_hours / day.running_hours, 0.0)),
        "cpu_seconds": {name: round(seconds, 3) for name, seconds in day.cpu_seconds.items()},
        "wakeups": day.wakeups,
        "written_mb": None if day.written_mb is None else round(day.written_mb, 3),
        "peak_memory_mb": round(day.peak_memory_mb, 1),
        "thinks": day.thinks,
        "looks": day.looks,
        "decisions": day.decisions,
        **_ends("energy_wh", day.energy_wh),
        "energy_measured_share": _rounded(day.measured_wh / likely_wh) if likely_wh > 0 else None,
        **_ends("cost", day.whole_cost),
        **_ends("carbon_g", day.whole_carbon_g),
    }


def _ends(name: str, value: Estimate | None) -> dict[str, float | None]:
    low, likely, high = (None, None, None) if value is None else (value.low, value.likely, value.high)
    return {f"{name}_low": _rounded(low), name: _rounded(likely), f"{name}_high": _rounded(high)}


def _per(energy_wh: Estimate, count: int) -> Estimate | None:
    return energy_wh.times(3600 / count) if count else None


def _of(value: Estimate | None, count: int) -> float | None:
    return None if value is None or not count else _rounded(value.likely / count)


def _share(saved: float, own_cost: float | None) -> float | None:
    """Return which part of a saving went for the agent itself; None where nothing was saved."""
    if own_cost is None or saved + own_cost <= 0:
        return None
    return _rounded(own_cost / (saved + own_cost))


def _rounded(value: float | None) -> float | None:
    """Return six significant figures: a think costs millionths."""
    return None if value is None else float(f"{value:.6g}")


def footprint_told(
    energy: EnergyMeter, days: Sequence[FootprintDay], entries: Sequence[SavingsEntry]
) -> Mapping[str, Any]:
    """Return the machine, the last 31 days, and all days together; `total` is None before the first sample."""
    by_day = {entry.day: entry for entry in entries}
    return {
        "machine": machine_told(energy),
        "days": [day_told(day, by_day.get(day.day)) for day in days[-31:]],
        "total": total_told(days, entries) if days else None,
    }
