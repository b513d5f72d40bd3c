"""A tariff in words, and what it comes to at a sample hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import SlotSeries, TimeGrid
from homeagent.domain.tariff import DAY_MINUTES, EVERY_DAY, EVERY_MONTH, ClockRate, RateTable, Tariff
from homeagent.sources.tariff import compose

SAMPLE_SPOT = 0.10
SAMPLE_DAY = datetime(2026, 1, 14, tzinfo=UTC)
SAMPLE_HOURS = (3, 18)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def told(name: str, tariff: Tariff, currency: str, timezone: ZoneInfo) -> Iterator[str]:
    """Yield what was understood of a direction's price, and what it comes to on a Wednesday in January."""
    yield f"{name}: {_parts(tariff)}"
    samples: dict[str, str] = {}
    for hour in SAMPLE_HOURS:
        samples.setdefault(f"{sample(tariff, timezone, hour):.4f} {currency}/kWh", f"{hour:02d}:00")
    condition = "" if tariff.spot is None else f" if the spot price is {SAMPLE_SPOT:g}"
    if len(samples) > 1:
        when = " and ".join(f"{price} at {clock}" for price, clock in samples.items())
        yield f"{name}: on a Wednesday in January that is {when}{condition}"
    else:
        yield f"{name}: that is {next(iter(samples))}{condition}"


def sample(tariff: Tariff, timezone: ZoneInfo, hour: int) -> float:
    """Return what a kWh comes to on a Wednesday in January, at a sample of the spot price [currency/kWh]."""
    start = SAMPLE_DAY.replace(hour=hour, tzinfo=timezone).astimezone(UTC)
    grid = TimeGrid(start=start, step=timedelta(minutes=5), count=1)
    spot = SlotSeries(grid=grid, values=np.array([SAMPLE_SPOT]))
    return float(compose(tariff, dict.fromkeys(tariff.feeds(), spot), [], grid, timezone)[0])


def _parts(tariff: Tariff) -> str:
    if tariff.spot is None:
        energy = _table(tariff.rates)
    else:
        energy = f"the spot price of {tariff.spot.name}"
        if tariff.spot.unit is not None:
            energy += f" (in {tariff.spot.unit})"
        if tariff.spot_includes_vat:
            energy += ", its VAT taken out"
    parts = [energy]
    if tariff.factor != 1:
        parts[0] += f" x {tariff.factor:g}"
    if tariff.share:
        parts.append(f"{tariff.share:g} of it")
    if tariff.per_kwh:
        parts.append(f"{tariff.per_kwh:g}")
    parts += [f"{fee.name} {_table(fee.table)}" for fee in tariff.fees if any(rate.per_kwh for rate in fee.table)]
    text = " + ".join(parts).replace("+ -", "- ")
    if tariff.vat:
        text += f"; VAT of {tariff.vat:.4g} on all of it"
    if tariff.dispatches is not None:
        giving = tariff.dispatches
        text += f"; energy for at most {giving.per_kwh:g} in the slots that {giving.entity} gives away"
    if tariff.none_when_negative is not None:
        text += f"; nothing while {tariff.none_when_negative.name} is below 0"
    return text


def _table(table: RateTable) -> str:
    if len(table) == 1:
        return f"{table[0].per_kwh:g}"
    return f"({'; '.join(_rate(rate) for rate in table)})"


def _rate(rate: ClockRate) -> str:
    when = []
    if (rate.from_minute, rate.to_minute) != (0, DAY_MINUTES):
        when.append(f"{_clock(rate.from_minute)}-{_clock(rate.to_minute)}")
    if rate.weekdays != EVERY_DAY:
        when.append(" ".join(DAYS[day] for day in sorted(rate.weekdays)))
    if rate.months != EVERY_MONTH:
        when.append(" ".join(MONTHS[month - 1] for month in sorted(rate.months)))
    return f"{rate.per_kwh:g} {', '.join(when) or 'otherwise'}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
