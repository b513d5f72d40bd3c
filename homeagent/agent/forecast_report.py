"""What the store knows of others' forecasts: each judged on this home's measurements, or all of them as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from homeagent.agent.forecast_book import KEEP, ForecastBook
from homeagent.agent.slot_means import SlotMeans
from homeagent.domain.grid import TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.readings import Reading
from homeagent.forecasting.provider_skill import HOUR
from homeagent.simulation.issued_file import write_issued
from homeagent.store.issued import stored_fact, stored_forecasts, stored_readings

TIMEZONE = "timezone"
"""The fact under which a running agent notes the home's time zone."""
EVERYTHING = datetime(2000, 1, 1, tzinfo=UTC)
UNJUDGED = {"carbon_g_per_kwh": "expected carbon, where carbon has a price"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """One provider and quantity: how many forecasts are kept, the newest, and what they are worth [kW]."""

    provider: str
    quantity: str
    kept: int
    last: datetime
    used: bool | None
    why: str
    mae_kw: float | None = None
    bias_kw: float | None = None
    provider_kw: float | None = None
    floor_kw: float | None = None
    both_kw: float | None = None
    misfit: str | None = None


def export_forecasts(store: Path, target: Path) -> int:
    """Write every kept forecast as it was issued, and return how many there were.

    Raises:
        StoreError, InputError: the store cannot be read, the file not be written.
    """
    return write_issued(target, stored_forecasts(store, EVERYTHING))


def judged(store: Path) -> list[ForecastRow]:
    """Return what each forecast of the last weeks is worth, as the agent finds it too.

    Raises:
        StoreError: the store cannot be read.
    """
    found = stored_forecasts(store, EVERYTHING)
    if not found:
        return []
    measured = stored_readings(store, "pv_kw", found[-1].issued_at - KEEP)
    loads = stored_readings(store, "load_kw", found[-1].issued_at - KEEP)
    ends = [reading.at for reading in measured]
    end = slot_start(max([found[-1].issued_at, *ends]), HOUR)
    history = _history(end, measured=measured, loads=loads)
    book = ForecastBook()
    for issued in found:
        if issued.issued_at > end - KEEP:
            book.add(issued)
    book.judge(history, ZoneInfo(stored_fact(store, TIMEZONE) or "UTC"))
    groups: dict[tuple[str, str], list[IssuedForecast]] = {}
    for issued in found:
        groups.setdefault((issued.provider, issued.quantity), []).append(issued)
    return [_row(book, group) for _, group in sorted(groups.items())]


def _history(end: datetime, *, measured: Sequence[Reading], loads: Sequence[Reading]) -> History:
    days = KEEP - timedelta(days=1)
    grid = TimeGrid(start=end - days, step=HOUR, count=days // HOUR)
    means = []
    for readings in (loads, measured):
        slots = SlotMeans(grid.start, HOUR, KEEP)
        for reading in sorted(readings, key=lambda reading: reading.at):
            slots.add(reading)
        means.append(slots.window(grid))
    return History(grid=grid, load_kw=means[0], pv_kw=means[1])


def _row(book: ForecastBook, group: Sequence[IssuedForecast]) -> ForecastRow:
    last = group[-1]
    found = book.verdicts.get(last.provider) if last.quantity == "pv_kw" else None
    if found is None:
        why = UNJUDGED.get(last.quantity, "kept; nothing here measures it")
        return ForecastRow(
            provider=last.provider, quantity=last.quantity, kept=len(group), last=last.issued_at, used=None, why=why
        )
    return ForecastRow(
        provider=last.provider,
        quantity=last.quantity,
        kept=len(group),
        last=last.issued_at,
        used=found.used,
        why=found.why,
        mae_kw=found.mae_kw,
        bias_kw=found.bias_kw,
        provider_kw=found.provider_kw,
        floor_kw=found.floor_kw,
        both_kw=found.both_kw,
        misfit=found.misfit,
    )
