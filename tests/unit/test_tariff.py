"""Tariffs as homes have them, with what a slot costs known beforehand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from price_fixtures import AUTUMN, BERLIN, DAY, HALF, HOUR, LONDON, QUARTER, SPRING, edges

from homeagent.domain.grid import SlotSeries, TimeGrid
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.tariff import ClockRate, Dispatches, EntityFeed, Fee, PriceFeed, Tariff, first_gap, fixed
from homeagent.sources.dispatches import dispatched, is_dispatching
from homeagent.sources.price_entries import midnight
from homeagent.sources.tariff import Window, published

SPOT = EntityFeed(entities=("sensor.spot",))
WORKDAYS = frozenset(range(5))
NIGHT = ClockRate(per_kwh=0.07, from_minute=23 * 60 + 30, to_minute=5 * 60 + 30)
GO = Tariff(rates=(NIGHT, ClockRate(per_kwh=0.27)))
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


def prices_of(
    imports: Tariff,
    day: date,
    zone: ZoneInfo,
    *,
    exports: Tariff | None = None,
    spot: SlotSeries | None = None,
    gifts: list[Window] | None = None,
) -> PublishedPrices:
    window = (midnight(day, zone), midnight(day + DAY, zone))
    listed: dict[PriceFeed, SlotSeries] = {} if spot is None else {SPOT: spot}
    return published(imports, exports or fixed(0.0), spots=listed, dispatched=gifts or [], window=window, timezone=zone)


def at(prices: PublishedPrices, when: datetime) -> tuple[float, float]:
    index = prices.grid.index_of(when)
    return float(prices.import_per_kwh[index]), float(prices.export_per_kwh[index])


def hourly(day: date, zone: ZoneInfo, step: timedelta, values: list[float]) -> SlotSeries:
    count = (midnight(day + DAY, zone) - midnight(day, zone)) // step
    repeated = np.resize(np.array(values), count)
    return SlotSeries(grid=TimeGrid(start=midnight(day, zone), step=step, count=count), values=repeated)


def test_spot_with_everything_on_top_comes_to_what_the_bill_says() -> None:
    fee = (ClockRate(per_kwh=0.05, to_minute=6 * 60), ClockRate(per_kwh=0.09))
    tariff = Tariff(
        spot=SPOT,
        share=0.03,
        per_kwh=0.02,
        fees=(Fee(name="grid fee", table=fee), Fee(name="tax", table=(ClockRate(per_kwh=0.0205),))),
        vat=0.19,
    )
    prices = prices_of(tariff, SPRING, BERLIN, spot=hourly(SPRING, BERLIN, HOUR, [0.10]))
    assert at(prices, midnight(SPRING, BERLIN))[0] == pytest.approx((0.103 + 0.02 + 0.05 + 0.0205) * 1.19)
    six = datetime(2026, 3, 29, 6, tzinfo=BERLIN)
    assert at(prices, six)[0] == pytest.approx((0.103 + 0.02 + 0.09 + 0.0205) * 1.19)
    assert at(prices, six - timedelta(minutes=1))[0] == pytest.approx((0.103 + 0.02 + 0.05 + 0.0205) * 1.19)


def test_vat_that_is_in_the_spot_already_is_not_paid_twice() -> None:
    tariff = Tariff(spot=SPOT, per_kwh=0.02, vat=0.25, spot_includes_vat=True)
    prices = prices_of(tariff, SPRING, BERLIN, spot=hourly(SPRING, BERLIN, HOUR, [0.10]))
    assert prices.import_per_kwh == pytest.approx(0.10 + 0.02 * 1.25)


@pytest.mark.parametrize(("day", "cheap_hours"), [(SPRING, 5), (AUTUMN, 7), (AUTUMN + DAY, 6)])
@pytest.mark.parametrize("zone", [BERLIN, LONDON])
def test_a_night_lasts_an_hour_less_or_more_when_the_clock_changes(day: date, cheap_hours: int, zone: ZoneInfo) -> None:
    prices = prices_of(GO, day, zone)
    assert prices.grid.step == HALF
    assert (prices.import_per_kwh == 0.07).sum() * 0.5 == cheap_hours
    local = [start.astimezone(zone) for start in prices.grid.starts()]
    wanted = [0.07 if (at.hour, at.minute) >= (23, 30) or (at.hour, at.minute) < (5, 30) else 0.27 for at in local]
    assert prices.import_per_kwh.tolist() == wanted


def test_days_and_months_are_those_of_the_moment() -> None:
    winter = frozenset({11, 12, 1, 2, 3})
    late = ClockRate(per_kwh=0.2, from_minute=22 * 60, to_minute=2 * 60, weekdays=frozenset({4}), months=winter)
    tariff = Tariff(rates=(late, ClockRate(per_kwh=0.1)))
    friday = date(2026, 1, 30)
    found = [float(x) for x in prices_of(tariff, friday, BERLIN).import_per_kwh]
    assert found == [0.2] * 2 + [0.1] * 20 + [0.2] * 2
    assert set(prices_of(tariff, friday + DAY, BERLIN).import_per_kwh) == {0.1}
    assert set(prices_of(tariff, date(2026, 6, 5), BERLIN).import_per_kwh) == {0.1}


@pytest.mark.parametrize(
    ("zone", "minute", "step"),
    [
        ("Europe/Berlin", 60, 60),
        ("Asia/Kolkata", 60, 30),
        ("Asia/Kathmandu", 60, 15),
        ("Europe/Berlin", 75, 15),
        ("UTC", 5, 5),
    ],
)
def test_the_grid_is_as_fine_as_the_clock_asks(zone: str, minute: int, step: int) -> None:
    tariff = Tariff(rates=(ClockRate(per_kwh=0.1, to_minute=minute), ClockRate(per_kwh=0.2)))
    prices = prices_of(tariff, SPRING, ZoneInfo(zone))
    assert prices.grid.step == timedelta(minutes=step)
    assert prices.import_per_kwh.tolist().count(0.1) * step == minute


def test_a_fee_by_the_quarter_cuts_hourly_spot_prices() -> None:
    fee = (ClockRate(per_kwh=0.1, from_minute=17 * 60 + 15, to_minute=20 * 60 + 45), ClockRate(per_kwh=0.0))
    tariff = Tariff(spot=SPOT, fees=(Fee(name="grid fee", table=fee),))
    prices = prices_of(tariff, SPRING, BERLIN, spot=hourly(SPRING, BERLIN, HOUR, [0.1, 0.2]))
    assert prices.grid.step == QUARTER
    evening = [at(prices, datetime(2026, 3, 29, 17, minute, tzinfo=BERLIN))[0] for minute in (0, 15)]
    assert evening[1] - evening[0] == pytest.approx(0.1)
    assert prices.spot_per_kwh is not None
    assert prices.spot_per_kwh[:8] == pytest.approx([0.1] * 4 + [0.2] * 4)


def test_nothing_is_paid_in_the_quarters_in_which_the_market_is_negative() -> None:
    """German roofs since March 2025: judged by the quarter-hour, though the payment is fixed."""
    exports = Tariff(rates=(ClockRate(per_kwh=0.0786),), none_when_negative=SPOT)
    spot = hourly(SPRING, BERLIN, QUARTER, [0.01, -0.0001, 0.0, -0.5])
    prices = prices_of(fixed(0.3), SPRING, BERLIN, exports=exports, spot=spot)
    assert prices.export_per_kwh[:4].tolist() == [0.0786, 0.0, 0.0786, 0.0]
    assert prices.export_per_kwh.size == 92


def test_export_has_deductions_of_its_own() -> None:
    exports = Tariff(spot=SPOT, share=-0.1, per_kwh=-0.01)
    prices = prices_of(fixed(0.3), SPRING, BERLIN, exports=exports, spot=hourly(SPRING, BERLIN, HOUR, [0.1, -0.2]))
    assert prices.export_per_kwh[:2] == pytest.approx([0.08, -0.19])


def test_beyond_the_list_nothing_is_claimed() -> None:
    short = SlotSeries(grid=TimeGrid(start=midnight(SPRING, BERLIN), step=HOUR, count=5), values=np.full(5, 0.1))
    prices = prices_of(GO, SPRING, BERLIN, exports=Tariff(spot=SPOT), spot=short)
    assert prices.grid.count == 2 * 23
    assert np.isnan(prices.export_per_kwh[10:]).all()
    assert not np.isnan(prices.import_per_kwh).any()
    assert prices_of(Tariff(spot=SPOT), SPRING, BERLIN, spot=short).grid == short.grid


def dispatching(planned: list[Window], completed: list[Window], source: str = "smart-charge") -> dict[str, object]:
    def entries(windows: list[Window]) -> list[dict[str, object]]:
        return [
            {"start": a.isoformat(), "end": b.isoformat(), "charge_in_kwh": -2, "source": source, "location": "AT_HOME"}
            for a, b in windows
        ]

    return {"planned_dispatches": entries(planned), "completed_dispatches": entries(completed)}


def test_dispatched_slots_are_cheap_and_the_price_goes_back() -> None:
    tariff = Tariff(rates=GO.rates, dispatches=Dispatches(entity="binary_sensor.x", per_kwh=0.07))
    day, noon = date(2026, 6, 10), NOON
    planned = dispatching([(noon, noon + HOUR)], [])
    assert is_dispatching(planned)
    before, during, after = (
        prices_of(tariff, day, LONDON, gifts=dispatched(said))
        for said in (dispatching([], []), planned, dispatching([], [(noon, noon + HALF)]))
    )
    assert at(before, noon)[0] == 0.27
    assert (at(during, noon)[0], at(during, noon + HALF)[0], at(during, noon + HOUR)[0]) == (0.07, 0.07, 0.27)
    assert (at(after, noon)[0], at(after, noon + HALF)[0]) == (0.07, 0.27)  # what was done stays cheap, the rest not
    assert (before.import_per_kwh[:4] == 0.07).all()


def test_the_hour_that_comes_twice_is_given_away_as_often_as_it_is() -> None:
    tariff = Tariff(rates=(ClockRate(per_kwh=0.27),), dispatches=Dispatches(entity="binary_sensor.x", per_kwh=0.07))
    first = datetime(2026, 10, 25, 0, tzinfo=UTC)  # 02:00 in Berlin; an hour later it is 02:00 again
    prices = prices_of(tariff, AUTUMN, BERLIN, gifts=[(first, first + HOUR)])
    cheap = [start for start, price in zip(prices.grid.starts(), prices.import_per_kwh, strict=True) if price < 0.1]
    assert cheap == [first + k * QUARTER for k in range(4)]


def test_only_slots_given_away_whole_are_cheap_and_bumps_are_not_counted_on() -> None:
    tariff = Tariff(rates=GO.rates, dispatches=Dispatches(entity="binary_sensor.x", per_kwh=0.07))
    odd = dispatched(dispatching([(NOON + timedelta(minutes=10), NOON + timedelta(minutes=40))], []))
    prices = prices_of(tariff, date(2026, 6, 10), LONDON, gifts=odd)
    found = [at(prices, NOON + k * QUARTER)[0] for k in range(4)]
    assert found == [0.27, 0.07, 0.27, 0.27]
    assert dispatched(dispatching([(NOON, NOON + HOUR)], [], source="bump-charge")) == []


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"planned_dispatches": None},
        {"planned_dispatches": "soon"},
        {"planned_dispatches": [{"start": "x"}, 5, {"start": NOON.isoformat(), "end": NOON.isoformat()}]},
        {"planned_dispatches": [{"start": "2026-06-10T12:00:00", "end": "2026-06-10T13:00:00"}]},
    ],
)
def test_strange_dispatches_give_nothing_away(attributes: dict[str, object]) -> None:
    assert dispatched(attributes) == []


def test_a_dispatch_never_makes_dearer() -> None:
    tariff = Tariff(rates=GO.rates, dispatches=Dispatches(entity="binary_sensor.x", per_kwh=0.10))
    window = (midnight(SPRING, LONDON), midnight(SPRING + DAY, LONDON))
    assert set(prices_of(tariff, SPRING, LONDON, gifts=[window]).import_per_kwh) == {0.07, 0.10}


@pytest.mark.parametrize(
    ("table", "gap"),
    [
        (GO.rates, None),
        ((NIGHT,), (1, 0, 330)),
        ((ClockRate(per_kwh=0, weekdays=WORKDAYS), ClockRate(per_kwh=0, to_minute=720)), (1, 5, 720)),
        ((ClockRate(per_kwh=0, months=frozenset(range(1, 12))),), (12, 0, 0)),
        ((ClockRate(per_kwh=0, from_minute=600, to_minute=600),), None),
    ],
)
def test_a_table_with_a_gap_is_found(table: tuple[ClockRate, ...], gap: tuple[int, int, int] | None) -> None:
    assert first_gap(table) == gap


def test_every_local_slot_is_there_once() -> None:
    for day in (SPRING, AUTUMN):
        grid = prices_of(fixed(0.3), day, BERLIN).grid
        assert [*grid.starts(), grid.end] == [edge.astimezone(UTC) for edge in edges(day, BERLIN, HOUR)]
