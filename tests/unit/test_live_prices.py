"""Prices from a running Home Assistant: what it shows and answers goes in as recorded, the clock is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from price_fixtures import (
    AUTUMN,
    BERLIN,
    DAY,
    HALF,
    HOUR,
    LONDON,
    QUARTER,
    SPRING,
    SUMMER,
    entries,
    nord_pool_answer,
    price_of,
    prices,
    tibber_answer,
)

from homeagent.agent.live.prices import LivePrices
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.site import BatterySpec, PriceRules, SiteSpec
from homeagent.domain.tariff import ActionFeed, ClockRate, Dispatches, EntityFeed, Tariff, fixed
from homeagent.domain.wiring import PriceWiring
from homeagent.hass.entities import EntityState
from homeagent.hass.errors import ActionFailedError, NoAnswerError

SENSOR = EntityFeed(entities=("sensor.price",))
NORD_POOL = ActionFeed(action="nordpool.get_prices_for_date", data={"areas": "SE3"}, key="SE3")
TIBBER = ActionFeed(action="tibber.get_prices")
KEYS = ("start", "end", "value")
BATTERY = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5)


@dataclass
class Hands:
    """A clock whose hands the test turns."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), BERLIN).astimezone(UTC)


NOON = local(SUMMER, 12)


@dataclass
class Home:
    """Live prices, and what they were told."""

    imports: Tariff
    exports: Tariff = field(default_factory=lambda: fixed(0.0))
    at: datetime = NOON
    rules: PriceRules = field(default_factory=PriceRules)
    zone: Any = BERLIN
    currency: str = "EUR"

    def __post_init__(self) -> None:
        self.clock = Hands(self.at)
        site = SiteSpec(timezone=self.zone, battery=BATTERY, currency=self.currency, prices=self.rules)
        self.live = LivePrices(PriceWiring(imports=self.imports, exports=self.exports), site, self.clock)

    def show(self, attributes: dict[str, Any] | None, state: str = "0.1", entity: str = "sensor.price") -> bool:
        if attributes is None and state == "gone":
            return self.live.see(entity, None)
        shown = EntityState(entity_id=entity, state=state, attributes=attributes or {}, updated_at=self.clock.at)
        return self.live.see(entity, shown)

    def published(self) -> PublishedPrices:
        found = self.live.published()
        assert found is not None
        return found

    def import_at(self, when: datetime, found: PublishedPrices | None = None) -> float:
        found = found or self.published()
        return float(found.import_per_kwh[found.grid.index_of(when)])


def listed(*days: date, unit: str = "EUR/kWh", times: float = 1.0, step: timedelta = HOUR) -> dict[str, Any]:
    lists = [entries(day, BERLIN, step, KEYS, times) for day in days]
    return {"raw_today": lists[0], "raw_tomorrow": lists[1] if len(lists) > 1 else [], "unit_of_measurement": unit}


def test_what_an_entity_lists_is_published_once() -> None:
    home = Home(Tariff(spot=SENSOR, per_kwh=0.1))
    assert home.live.published() is None
    assert "no prices of sensor.price yet" in home.live.problems()
    assert home.show(listed(SUMMER))
    assert home.import_at(home.at) == pytest.approx(price_of(home.at) + 0.1)
    assert home.live.problems() == []
    assert not home.show(listed(SUMMER), state="0.2")  # the hour changed, the list did not
    assert home.live.published() is None
    assert home.show(listed(SUMMER, SUMMER + DAY))
    assert home.published().grid.count == 48


@pytest.mark.parametrize("state", ["unavailable", "unknown", "gone"])
def test_an_entity_that_goes_is_named_and_its_prices_stay(state: str) -> None:
    home = Home(Tariff(spot=SENSOR))
    home.show(listed(SUMMER))
    home.published()
    assert not home.show(None, state)
    assert home.live.problems() == [f"sensor.price is {state}: no new prices can be read"]
    assert home.live.published() is None
    home.show(listed(SUMMER))
    home.live.published()
    assert home.live.problems() == []


def test_a_list_that_ends_before_now_is_named() -> None:
    home = Home(Tariff(spot=SENSOR))
    home.show(listed(SUMMER))
    home.published()
    home.clock.at = local(SUMMER + DAY, 0, 30)
    assert home.live.problems() == ["sensor.price ends at 2026-06-11 00:00; prices since are estimated"]


def test_a_list_of_last_month_is_no_news() -> None:
    home = Home(Tariff(spot=SENSOR))
    home.show(listed(SUMMER - 30 * DAY))
    assert home.live.published() is None
    assert home.live.problems() == ["sensor.price ends at 2026-05-12 00:00; prices since are estimated"]
    both = Home(fixed(0.3), Tariff(spot=SENSOR))
    both.show(listed(SUMMER - 30 * DAY))
    found = both.published()
    assert found.grid.start == local(SUMMER - 3 * DAY, 0)
    assert both.import_at(both.at, found) == 0.3


def test_tomorrow_that_is_long_overdue_is_named() -> None:
    home = Home(Tariff(spot=SENSOR))
    home.show(listed(SUMMER))
    home.published()
    for clock, named in ((time(14, 59), False), (time(15, 1), True)):
        home.clock.at = datetime.combine(SUMMER, clock, BERLIN).astimezone(UTC)
        assert home.live.problems() == ["sensor.price: tomorrow's prices should be there since 13:00"] * named
    agile = listed(SUMMER, SUMMER + DAY)
    agile["raw_tomorrow"] = agile["raw_tomorrow"][:-1]  # published, but to 23:00 only
    home.show(agile)
    home.published()
    assert home.live.problems() == []
    known_always = Home(Tariff(spot=SENSOR), rules=PriceRules(known="always"), at=local(SUMMER, 23))
    known_always.show(listed(SUMMER))
    known_always.published()
    assert known_always.live.problems() == []


def test_a_gap_now_is_named_and_not_filled() -> None:
    home = Home(Tariff(spot=SENSOR))
    holed = listed(SUMMER)
    holed["raw_today"][12]["value"] = None
    home.show(holed)
    assert np.isnan(home.import_at(home.at))
    assert home.live.problems() == ["sensor.price has a gap now; its price is estimated"]


@pytest.mark.parametrize(
    ("unit", "times", "words"),
    [
        ("EUR/kWh", 100.0, "they are in cents, write unit: ct/kWh"),
        ("EUR/kWh", 1000.0, "they are per MWh, write unit: EUR/MWh"),
        ("EUR/MWh", 1.0, "they are in EUR/kWh already, not per MWh"),
        ("ct/kWh", 1.0, "they are in EUR/kWh already"),
    ],
)
def test_prices_in_another_unit_than_they_say_are_not_used(unit: str, times: float, words: str) -> None:
    home = Home(Tariff(spot=SENSOR))
    home.show(listed(SUMMER, unit=unit, times=times))
    assert home.live.published() is None
    assert any(words in problem for problem in home.live.problems())


def test_the_owner_may_say_the_unit() -> None:
    home = Home(Tariff(spot=EntityFeed(entities=("sensor.price",), unit="ct/kWh")))
    home.show(listed(SUMMER, times=100.0))
    assert home.import_at(home.at) == pytest.approx(price_of(home.at))


def test_a_unit_that_changes_overnight_is_noticed() -> None:
    """In a currency whose usual prices are not known here; others are judged by those."""
    home = Home(Tariff(spot=SENSOR), currency="XOF")
    home.show(flat(40.0))
    home.published()
    home.show(flat(4000.0))
    assert home.live.published() is None
    assert any("was the entity's unit changed?" in problem for problem in home.live.problems())


def flat(price: float) -> dict[str, Any]:
    found = listed(SUMMER)
    return found | {"raw_today": [entry | {"value": price} for entry in found["raw_today"]]}


def test_buying_that_is_cheaper_than_selling_is_named() -> None:
    home = Home(Tariff(spot=SENSOR), fixed(8.0))  # cents, where euros are asked
    home.show(listed(SUMMER))
    home.published()
    assert "importing costs less than exporting pays most of the time" in home.live.problems()[0]


def test_other_money_is_named() -> None:
    home = Home(Tariff(spot=SENSOR))
    home.show(listed(SUMMER, unit="SEK/kWh"))
    home.published()
    assert home.live.problems() == ["sensor.price is in SEK, the home's money is EUR"]


def test_an_unknown_shape_says_what_was_seen_and_the_last_good_list_stays() -> None:
    home = Home(Tariff(spot=SENSOR))
    home.show(listed(SUMMER))
    home.published()
    home.show({"unit_of_measurement": "EUR/kWh", "slots": [{"when": 1, "cost": 2}]})
    assert home.live.published() is None
    (problem,) = home.live.problems()
    assert problem.startswith("sensor.price: lists no prices in a shape that is known")
    assert "slots begins with {'when': 1, 'cost': 2}" in problem


def test_two_entities_make_one_list_and_contradictions_are_named() -> None:
    feed = EntityFeed(entities=("event.today", "event.tomorrow"))
    home = Home(Tariff(spot=feed), zone=LONDON)
    keys = ("start", "end", "value_inc_vat")
    home.show({"rates": entries(SUMMER, LONDON, HALF, keys)}, "2026-06-10T00:00:00", "event.today")
    home.show({}, "unknown", "event.tomorrow")  # it has not happened yet
    assert home.published().grid.count == 48
    assert [problem for problem in home.live.problems() if "money" not in problem] == []
    home.show({"rates": []}, "2026-06-10T16:00:00", "event.tomorrow")
    assert home.live.published() is None
    home.show({"rates": entries(SUMMER + DAY, LONDON, HALF, keys)}, "2026-06-10T16:00:01", "event.tomorrow")
    assert home.published().grid.count == 96
    home.clock.at += HOUR
    home.show({"rates": entries(SUMMER, LONDON, HALF, keys, 2)}, "2026-06-10T16:00:02", "event.tomorrow")
    assert home.import_at(home.at) == pytest.approx(2 * price_of(home.at))
    assert any("event.tomorrow contradicts the others" in problem for problem in home.live.problems())


def test_a_fixed_price_is_told_each_day_anew() -> None:
    home = Home(fixed(0.3), fixed(0.1))
    first = home.published()
    assert set(first.import_per_kwh) == {0.3}
    assert first.grid.start == local(SUMMER, 0)
    assert first.grid.end >= local(SUMMER + 7 * DAY, 0)
    home.clock.at += HOUR
    assert home.live.published() is None
    home.clock.at += DAY
    assert home.published().grid.start == local(SUMMER + DAY, 0)
    assert home.live.problems() == []


def test_dispatches_come_and_go_and_the_price_goes_back() -> None:
    entity = "binary_sensor.octopus_energy_a_intelligent_dispatching"
    rates = (ClockRate(per_kwh=0.07, from_minute=23 * 60 + 30, to_minute=330), ClockRate(per_kwh=0.27))
    home = Home(Tariff(rates=rates, dispatches=Dispatches(entity=entity, per_kwh=0.07)), zone=LONDON)
    assert home.import_at(home.at) == 0.27
    assert home.live.problems() == [f"{entity} is not there: cheap slots are not known"]
    nothing: dict[str, Any] = {"planned_dispatches": [], "completed_dispatches": [], "current_start": None}
    home.show(nothing, "off", entity)
    assert home.live.published() is None
    assert home.live.problems() == []
    window = {"start": home.at.isoformat(), "end": (home.at + HOUR).isoformat(), "source": "smart-charge"}
    assert home.show(nothing | {"planned_dispatches": [window]}, "on", entity)
    assert home.import_at(home.at) == 0.07
    assert not home.show(nothing | {"planned_dispatches": [window]}, "off", entity)
    assert home.show(nothing, "off", entity)
    assert home.import_at(home.at) == 0.27
    done = {"completed_dispatches": [window | {"end": (home.at + HALF).isoformat()}]}
    assert home.show(nothing | done, "off", entity)
    found = home.published()
    assert (home.import_at(home.at, found), home.import_at(home.at + HALF, found)) == (0.07, 0.27)
    home.show(None, "unavailable", entity)
    assert home.import_at(home.at) == 0.27
    assert home.live.problems() == [f"{entity} is unavailable: cheap slots are not known"]


def test_export_waits_for_the_market_it_is_judged_by() -> None:
    home = Home(fixed(0.3), Tariff(rates=(ClockRate(per_kwh=0.08),), none_when_negative=SENSOR))
    assert home.live.published() is None
    home.show(listed(SUMMER, step=QUARTER))
    found = home.published()
    wanted = [0.0 if price < 0 else 0.08 for price in prices(SUMMER, BERLIN, QUARTER)]
    assert found.export_per_kwh[:96].tolist() == wanted
    assert np.isnan(found.export_per_kwh[96:]).all()


Answer = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class Asked:
    """Stands where the link is: answers as recorded, and keeps what was asked."""

    answer: Answer
    calls: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    entries: list[str] = field(default_factory=lambda: ["01ABC"])

    async def command(self, home: Home, kind: str, **data: Any) -> Any:  # noqa: ANN401 - JSON
        if kind == "config_entries/get":
            return [{"entry_id": "01OLD", "state": "not_loaded"}] + [
                {"entry_id": entry, "state": "loaded"} for entry in self.entries
            ]
        assert kind == "call_service"
        assert data["return_response"] is True
        self.calls.append((home.clock.at, data["service_data"]))
        return {"context": {}, "response": self.answer(data["service_data"])}

    def pass_time(self, home: Home, until: datetime) -> list[PublishedPrices]:
        """Let the agent's rounds go by, one a minute."""
        found = []

        async def ask(kind: str, *, timeout_s: float = 10.0, **data: object) -> Any:  # noqa: ANN401 - JSON
            del timeout_s
            return await self.command(home, kind, **data)

        async def rounds() -> None:
            while home.clock.at < until:
                if home.live.due():
                    await home.live.fetch(ask)
                new = home.live.published()
                if new is not None:
                    found.append(new)
                home.clock.at += timedelta(minutes=1)

        asyncio.run(rounds())
        return found


def unpublished_until(when: datetime, home: Home) -> Answer:
    def answer(data: dict[str, Any]) -> dict[str, Any]:
        day = date.fromisoformat(str(data["date"]))
        if day > SUMMER and home.clock.at < when:
            raise ActionFailedError("service_validation_error", "No data available")
        return nord_pool_answer(day, BERLIN, QUARTER)

    return answer


def test_nord_pool_is_asked_for_today_at_once_and_for_tomorrow_when_it_is_there() -> None:
    home = Home(Tariff(spot=NORD_POOL), at=local(SUMMER, 8))
    late = local(SUMMER, 14, 20)
    asked = Asked(unpublished_until(late, home))
    first, second = asked.pass_time(home, local(SUMMER, 23))
    assert (first.grid.count, second.grid.count) == (96, 192)
    assert first.import_per_kwh == pytest.approx(prices(SUMMER, BERLIN, QUARTER))
    assert asked.calls[0] == (local(SUMMER, 8), {"areas": "SE3", "date": "2026-06-10", "config_entry": "01ABC"})
    times = [at for at, _ in asked.calls[1:]]
    assert local(SUMMER, 13) <= times[0] <= local(SUMMER, 13, 3)
    assert late <= times[-1] <= late + timedelta(minutes=31)
    assert len(times) <= 10
    assert home.live.problems() == []


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_answers_of_days_on_which_the_clock_changes_fit_together(day: date) -> None:
    home = Home(Tariff(spot=NORD_POOL), at=local(day, 15))
    asked = Asked(lambda data: nord_pool_answer(date.fromisoformat(str(data["date"])), BERLIN, QUARTER))
    (found,) = asked.pass_time(home, local(day, 16))
    assert found.import_per_kwh == pytest.approx([*prices(day, BERLIN, QUARTER), *prices(day + DAY, BERLIN, QUARTER)])


@pytest.mark.parametrize(
    "error",
    [ActionFailedError("not_found", "Service nordpool.get_prices_for_date not found."), NoAnswerError("no answer")],
)
def test_an_action_that_fails_for_a_day_is_named_and_not_asked_in_a_loop(error: Exception) -> None:
    def refuse(_data: dict[str, Any]) -> dict[str, Any]:
        raise error

    home = Home(Tariff(spot=NORD_POOL))
    asked = Asked(refuse)
    assert asked.pass_time(home, home.at + DAY) == []
    assert len(asked.calls) <= 60
    assert str(error) in home.live.problems()[0]
    asked.answer = lambda data: nord_pool_answer(date.fromisoformat(str(data["date"])), BERLIN, HOUR)
    assert len(asked.pass_time(home, home.clock.at + HOUR)) == 1
    assert home.live.problems() == []


def test_an_empty_answer_is_a_day_not_published_and_an_entry_made_anew_is_found() -> None:
    home = Home(Tariff(spot=NORD_POOL), at=local(SUMMER, 12, 30))

    def answer(data: dict[str, Any]) -> dict[str, Any]:
        if data["config_entry"] != asked.entries[0]:
            raise ActionFailedError("service_validation_error", "The Nord Pool integration is not configured")
        day = date.fromisoformat(str(data["date"]))
        return nord_pool_answer(day, BERLIN, HOUR) if day == SUMMER else {"SE3": []}

    asked = Asked(answer)
    assert len(asked.pass_time(home, local(SUMMER, 14))) == 1
    assert home.live.problems() == []
    asked.entries = ["02DEF"]
    asked.answer = lambda data: (
        answer(data) if data["config_entry"] != "02DEF" else nord_pool_answer(SUMMER + DAY, BERLIN, HOUR)
    )
    assert len(asked.pass_time(home, local(SUMMER, 16))) == 1


def test_tibber_is_asked_for_both_days_since_it_gives_today_by_itself() -> None:
    home = Home(Tariff(spot=TIBBER), at=local(SUMMER, 12))
    asked = Asked(lambda data: tibber_answer(days(data, home), BERLIN, QUARTER))

    def days(data: dict[str, Any], home: Home) -> list[date]:
        assert data["start"] == "2026-06-10T00:00:00+02:00"
        assert data["end"] == "2026-06-12T00:00:00+02:00"
        return [SUMMER, SUMMER + DAY] if home.clock.at >= local(SUMMER, 13) else [SUMMER]

    today, both = asked.pass_time(home, local(SUMMER, 18))
    assert (today.grid.count, both.grid.count) == (96, 192)
    assert len(asked.calls) == 2
