"""Money: whatever a tariff is made of, it comes to what adding its parts by hand does, minute by minute."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.domain.grid import SlotSeries, TimeGrid
from homeagent.domain.tariff import ClockRate, Dispatches, EntityFeed, Fee, PriceFeed, RateTable, Tariff
from homeagent.sources.tariff import Window, published

ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "Europe/London", "Asia/Kolkata", "America/St_Johns", "UTC")]
STARTS = [datetime(2026, month, day, 22, tzinfo=UTC) for month, day in ((3, 28), (10, 24), (7, 30), (12, 31))]
MINUTE = timedelta(minutes=1)
SPOT, OTHER = EntityFeed(entities=("sensor.spot",)), EntityFeed(entities=("sensor.other",))

money = st.floats(-1, 1, allow_nan=False).map(lambda value: round(value, 4))


@st.composite
def rates(draw: st.DrawFn, minutes: int) -> RateTable:
    clock = st.integers(0, 24 * 60 // minutes).map(lambda number: number * minutes)
    some = st.builds(
        ClockRate,
        per_kwh=money,
        from_minute=clock,
        to_minute=clock,
        weekdays=st.frozensets(st.integers(0, 6), min_size=1),
        months=st.frozensets(st.integers(1, 12), min_size=1),
    )
    return (*draw(st.lists(some, max_size=3)), ClockRate(per_kwh=draw(money)))


@st.composite
def tariffs(draw: st.DrawFn, feed: PriceFeed) -> Tariff:
    """Any tariff; as the configuration has it, either a spot price or rates, and VAT in the spot only beside one."""
    spot = draw(st.sampled_from([feed, None]))
    minutes = draw(st.sampled_from([60, 60, 30, 15, 5]))
    return Tariff(
        spot=spot,
        rates=() if spot else draw(rates(minutes)),
        factor=draw(st.sampled_from([1.0, 0.5, 1.07])),
        share=draw(st.floats(-0.5, 0.5)),
        per_kwh=draw(money),
        fees=tuple(Fee(name=str(k), table=table) for k, table in enumerate(draw(st.lists(rates(minutes), max_size=2)))),
        vat=draw(st.sampled_from([0.0, 0.19, 0.25])),
        spot_includes_vat=draw(st.booleans()) if spot else False,
        dispatches=draw(st.none() | st.builds(Dispatches, entity=st.just("binary_sensor.x"), per_kwh=money)),
        none_when_negative=draw(st.sampled_from([None, feed])),
    )


@st.composite
def spots(draw: st.DrawFn, start: datetime) -> SlotSeries:
    step = timedelta(minutes=draw(st.sampled_from([5, 15, 30, 60])))
    count = draw(st.integers(1, timedelta(hours=26) // step))
    values = draw(st.lists(money | st.just(math.nan), min_size=count, max_size=count))
    begin = start + draw(st.integers(-2, 2)) * timedelta(hours=1)
    return SlotSeries(grid=TimeGrid(start=begin, step=step, count=count), values=np.array(values))


def market(series: SlotSeries, at: datetime) -> float:
    """Look a market's price up."""
    for index, start in enumerate(series.grid.starts()):
        if start <= at < start + series.grid.step:
            return float(series.values[index])
    return math.nan


def of_table(table: RateTable, local: datetime) -> float:
    """Look a rate up, by the hands of the clock."""
    text = f"{local:%H:%M}"
    for rate in table:
        first, last = (f"{minute // 60:02d}:{minute % 60:02d}" for minute in (rate.from_minute, rate.to_minute))
        over_midnight = last <= first
        inside = (text >= first or text < last) if over_midnight else first <= text < last
        if inside and local.month in rate.months and local.isoweekday() - 1 in rate.weekdays:
            return rate.per_kwh
    return math.nan


def by_hand(tariff: Tariff, listed: dict[PriceFeed, SlotSeries], gifts: list[Window], at: datetime) -> float:
    """Add a tariff's parts up at one minute of local time, in the order in which a bill does."""
    energy = of_table(tariff.rates, at) if tariff.spot is None else market(listed[tariff.spot], at)
    if tariff.spot_includes_vat:
        energy -= energy * tariff.vat / (1 + tariff.vat)
    energy *= tariff.factor
    energy += energy * tariff.share + tariff.per_kwh
    if tariff.dispatches is not None and any(start <= at < end for start, end in gifts):
        cheap = tariff.dispatches.per_kwh
        energy = cheap if math.isnan(energy) else min(energy, cheap)
    net = energy + sum(of_table(fee.table, at) for fee in tariff.fees)
    gross = net + net * tariff.vat
    if tariff.none_when_negative is not None:
        judged = market(listed[tariff.none_when_negative], at)
        gross = math.nan if math.isnan(judged) else 0.0 if judged < 0 else gross
    return gross


@given(st.data())
def test_any_tariff_is_the_sum_of_its_parts(data: st.DataObject) -> None:
    zone, start = data.draw(st.sampled_from(ZONES)), data.draw(st.sampled_from(STARTS))
    imports, exports = data.draw(tariffs(SPOT)), data.draw(tariffs(OTHER))
    feeds = dict.fromkeys((*imports.feeds(), *exports.feeds()))
    listed: dict[PriceFeed, SlotSeries] = {feed: data.draw(spots(start)) for feed in feeds}
    quarters = data.draw(st.lists(st.tuples(st.integers(0, 104), st.integers(1, 12)), max_size=3))
    quarter = timedelta(minutes=15)
    dispatched: list[Window] = [(start + a * quarter, start + (a + n) * quarter) for a, n in quarters]
    window = (start, start + timedelta(hours=26))
    prices = published(imports, exports, spots=listed, dispatched=dispatched, window=window, timezone=zone)

    grid = prices.grid
    for index in data.draw(st.lists(st.integers(0, grid.count - 1), min_size=1, max_size=12)):
        minute = data.draw(st.integers(0, grid.step // MINUTE - 1))
        at = (grid.at(index) + minute * MINUTE).astimezone(zone)
        for values, tariff in ((prices.import_per_kwh, imports), (prices.export_per_kwh, exports)):
            wanted = by_hand(tariff, listed, dispatched, at)
            assert float(values[index]) == pytest.approx(wanted, abs=1e-9, nan_ok=True), at


@given(st.data())
def test_nothing_is_paid_in_a_quarter_with_a_negative_market_and_never_less(data: st.DataObject) -> None:
    start = STARTS[0]
    market = data.draw(spots(start))
    exports = Tariff(rates=(ClockRate(per_kwh=0.08),), none_when_negative=SPOT)
    prices = published(exports, exports, spots={SPOT: market}, dispatched=[], window=(start, start), timezone=ZONES[0])
    fine = np.repeat(market.values, market.grid.step // prices.grid.step)
    first = (market.grid.start - prices.grid.start) // prices.grid.step
    paid = prices.export_per_kwh[first : first + len(fine)]
    assert (paid[fine < 0] == 0).all()
    assert paid[fine >= 0] == pytest.approx(0.08)
    assert np.isnan(paid[np.isnan(fine)]).all()
