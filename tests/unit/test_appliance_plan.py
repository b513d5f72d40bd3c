"""Appliances and pumps in known situations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from water_tasks import START, a_day_of_prices, prices, pump, run, washing

from homeagent.devices.appliance import in_slots, slots_needed
from homeagent.domain.devices import ApplianceSpec
from homeagent.planning import appliances, hours
from homeagent.planning.best_start import best_start

UTC_ZONE = ZoneInfo("UTC")
NIGHT = prices(np.where((np.arange(96) >= 9) & (np.arange(96) < 20), 0.1, 0.3))


def test_it_starts_where_its_hot_minutes_are_cheapest() -> None:
    assert appliances.best_response(run(), NIGHT).start_slot == 9  # the earliest of equals


def test_waiting_has_a_price() -> None:
    assert appliances.best_response(run(wait_per_hour=1.0), NIGHT).start_slot == 0


def test_it_ends_in_time_even_if_later_is_cheaper() -> None:
    best = appliances.best_response(run(last=7, late_per_hour=5.0), NIGHT)
    assert best.start_slot is not None
    assert best.start_slot + slots_needed(washing(), 15) - 1 <= 7
    assert best.unmet == ()


def test_a_deadline_in_the_past_is_late_and_said() -> None:
    best = appliances.best_response(run(first=-8, last=-1, late_per_hour=5.0), NIGHT)
    assert best.start_slot == 0
    assert best.unmet == ("washing: ready 1.7 h later than asked",)
    assert best.wish_cost == pytest.approx(5.0 * 100 / 60)


def test_an_optional_run_is_left_out_where_it_is_dear() -> None:
    cheap = appliances.best_response(run(at_most=0.2), NIGHT)
    dear = appliances.best_response(run(at_most=0.05), NIGHT)
    assert cheap.start_slot == 9
    assert dear.start_slot is None
    assert not dear.power_kw.any()
    assert dear.wish_cost == 0.05
    assert dear.unmet == ("washing: left out, no run for 0.05 or less is in sight",)


def test_a_run_under_way_is_its_rest() -> None:
    best = appliances.best_response(run(begun_min=30.0), NIGHT)
    assert best.power_kw[:5] == pytest.approx(in_slots(washing(), 15, 30.0))
    assert best.power_kw.sum() / 4 == pytest.approx(float(washing().profile_kw[30:].sum()) / 60)
    over = appliances.best_response(run(begun_min=130.0), NIGHT)
    assert not over.power_kw.any()
    assert over.unmet == ("washing: it has run 30 min longer than its programme; nothing more is expected",)


def test_a_window_beyond_the_grid_is_not_planned_yet() -> None:
    best = appliances.best_response(run(first=100, last=120), NIGHT)
    assert (best.start_slot, best.wish_cost, best.unmet) == (None, 0.0, ())


def test_a_run_that_does_not_fit_is_said() -> None:
    long = ApplianceSpec(name="washing", profile_kw=np.ones(96 * 15 + 1))
    best = appliances.best_response(run(spec=long), NIGHT)
    assert best.unmet == ("washing: its run of 1441 min does not fit into the plan",)


def test_other_starts_lie_apart_and_leaving_out_is_one_of_an_optional_run() -> None:
    best = appliances.best_response(run(at_most=1.0), NIGHT)
    begins = [int(np.flatnonzero(other)[0]) for other in best.other if other.any()]
    assert len(begins) == 6
    assert min(abs(a - b) for k, a in enumerate(begins) for b in begins[:k]) >= 3
    assert not best.other[-1].any()


def test_the_dryer_follows_the_washing_and_both_fit_the_cheap_hours() -> None:
    dryer = run(spec=washing(name="dryer", after="washing"))
    first, second = appliances.sequence_response((run(), dryer), NIGHT)
    assert (first.start_slot, second.start_slot) == (9, 16)
    out, none = appliances.sequence_response((run(at_most=0.01), replace(dryer, at_most=0.02)), NIGHT)
    assert (out.start_slot, none.start_slot) == (None, None)


def test_the_dryer_waits_for_a_washing_under_way() -> None:
    dryer = run(spec=washing(name="dryer", after="washing"), wait_per_hour=9.0)
    _, second = appliances.sequence_response((run(begun_min=40.0), dryer), NIGHT)
    assert second.start_slot == 4


def test_chains_are_found_by_name() -> None:
    tasks = [run(spec=washing(name=name, after=after)) for name, after in (("c", "b"), ("x", None), ("b", "a"))]
    assert appliances.chains(tasks) == ((1,), (2, 0))
    ring = [run(spec=washing(name=name, after=after)) for name, after in (("a", "b"), ("b", "a"))]
    assert appliances.chains(ring) == ((0,), (1,))


def test_the_best_time_is_told_in_a_sentence() -> None:
    best = best_start(run(), NIGHT, UTC_ZONE, "EUR")
    assert best is not None
    assert best.at == START + timedelta(hours=2, minutes=15)
    assert best.text == "start washing at 02:15: 0.09 instead of 0.28 EUR now"
    flat = best_start(run(), prices(np.full(96, 0.3)), UTC_ZONE)
    assert flat is not None
    assert flat.text == "start washing now: 0.28, no later start is better"
    late = best_start(run(), NIGHT, ZoneInfo("Pacific/Auckland"))
    assert late is not None
    assert late.text.startswith("start washing at 15:15: ")
    assert best_start(run(begun_min=3.0), NIGHT, UTC_ZONE) is None


def test_a_pump_runs_its_hours_where_they_are_cheapest() -> None:
    cost = prices(a_day_of_prices(192))
    best = hours.best_response(pump(), cost)
    on = best.power_kw > 0
    assert on.reshape(2, 96).sum(axis=1).tolist() == [32, 32]
    assert cost.import_per_kwh[on].max() <= np.sort(cost.import_per_kwh)[70]
    assert best.level[0] == 8
    assert best.level[96] == 8
    assert best.level[-1] == 0


def test_hours_that_cannot_be_had_are_said() -> None:
    allowed = np.arange(192) % 96 < 20
    best = hours.best_response(pump(allowed=allowed), prices(a_day_of_prices(192)))
    assert best.unmet == (
        "pump: 3.0 of 8.0 hours will miss today",
        "pump: 3.0 of 8.0 hours will miss tomorrow",
    )
    assert best.wish_cost == pytest.approx(3.0 * 6 + 0.03 * 2)


def test_a_pump_that_runs_goes_on_until_its_block_is_long_enough() -> None:
    best = hours.best_response(pump(hours=0.0, on=True, minutes_so=15), prices(np.full(192, 0.3)))
    assert np.flatnonzero(best.power_kw > 0).tolist() == [0, 1, 2]


def test_a_day_of_23_hours_is_a_day() -> None:
    day = (np.arange(188) >= 92).astype(int)
    best = hours.best_response(pump(188, day=day, owed_hours=np.array([8.0, 8.0])), prices(a_day_of_prices(188)))
    on = best.power_kw > 0
    assert (on[:92].sum(), on[92:].sum()) == (32, 32)


def test_dear_hours_may_cost_more_than_they_are_worth() -> None:
    best = hours.best_response(pump(missing_per_hour=0.1), prices(np.full(192, 0.3)))
    assert not best.power_kw.any()
    assert best.wish_cost == pytest.approx(1.6)
