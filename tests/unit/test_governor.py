"""When to think: at once for what nobody can foresee, for the rest as late as it does no harm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from situations import HOURS, LOAD, SPREAD, START, problem

from homeagent.agent.governor import Governor, Surprise, at_stake, rules_for
from homeagent.config.governor import governor_rules
from homeagent.devices.battery import respond
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.site import PeakChargeSpec
from homeagent.domain.thinking import ADAPTIVE, GovernorRules
from homeagent.planning.planner import solve
from homeagent.planning.stored_energy import flow_cost
from homeagent.planning.worth_of_thinking import lost_by_slot, worth_by_slot

HOUR = timedelta(hours=1)
DEAR_MORNING = np.where((HOURS >= 10) & (HOURS < 14), 0.35, 0.2)
"""Four dear hours: how much must be stored by then hangs on the forecast."""


def winter(spread: FloatArray = SPREAD) -> PlanningProblem:
    return problem(pv=np.zeros(24), spot=DEAR_MORNING, export_per_kwh=0.0, spread=spread)


def worth(asked: PlanningProblem, slots: int = 24) -> FloatArray:
    return worth_by_slot(solve(asked), asked, slots)


def after(asked: PlanningProblem, rules: GovernorRules = ADAPTIVE) -> Governor:
    governor = Governor(rules)
    governor.thought(START, asked, worth(asked, 12))
    return governor


def test_the_last_cheap_hours_before_a_dear_one_hang_on_the_forecast_and_no_others() -> None:
    at_risk = worth(winter())
    assert at_risk.argmax() in (8, 9)
    assert at_risk[8:10].sum() > 0.9 * at_risk[:10].sum() > 0


def test_where_prices_alone_decide_an_old_plan_is_as_good_as_a_new_one() -> None:
    flat = problem(import_per_kwh=0.3, export_per_kwh=0.0, pv=np.zeros(24))
    assert worth(flat).sum() == pytest.approx(0.0, abs=1e-9)


def test_what_is_known_for_sure_is_not_worth_a_second_thought() -> None:
    sure = winter(np.ones(5))
    assert worth(sure).sum() == pytest.approx(0.0, abs=1e-9)
    assert worth(winter()).sum() > 0.001


def test_a_plan_loses_nothing_against_itself_and_something_against_the_truth() -> None:
    asked = winter()
    solution = solve(asked)
    assert not lost_by_slot(solution.plan.policies, solution, asked).any()
    older = solve(winter(np.full(5, 0.3))).plan.policies
    lost = lost_by_slot(older, solution, asked)
    assert lost.sum() > 0.1
    assert lost.argmax() in (8, 9)


def test_the_sum_of_the_losses_is_what_the_older_plan_costs_more() -> None:
    """The performance difference lemma, where it is exact: one course, that the table was made for."""
    asked = winter(np.ones(5))
    solution = solve(asked)
    older = solve(winter(np.full(5, 0.5))).plan.policies
    soc_kwh, cost = np.array([asked.soc_kwh]), 0.0
    for slot, policy in enumerate(older):
        flows = respond(policy, asked.site.battery, soc_kwh, LOAD[slot], 0.0, 1.0)
        soc_kwh, cost = flows.soc_kwh, cost + float(flow_cost(flows, solution.prices[slot], asked.site.battery, 1.0)[0])
    cost += solution.value.at(24, float(soc_kwh[0]))
    assert cost > solution.plan.expected_cost + 0.05
    assert lost_by_slot(older, solution, asked).sum() == pytest.approx(cost - solution.plan.expected_cost, abs=0.01)


def test_it_sleeps_until_the_hours_that_matter() -> None:
    governor = after(winter(), GovernorRules(longest=timedelta(hours=12)))
    assert START + 6 * HOUR < governor.next_at() < START + 10 * HOUR
    assert governor.wake(governor.next_at() - HOUR / 60, valid_until=START + 24 * HOUR) is None
    woken = governor.wake(governor.next_at(), valid_until=START + 24 * HOUR)
    assert woken is not None
    assert woken.of_age
    assert "hang on it" in woken.reason


def test_no_plan_grows_older_than_allowed() -> None:
    quiet = problem(import_per_kwh=0.3, export_per_kwh=0.0, pv=np.zeros(24))
    assert after(quiet).next_at() == START + ADAPTIVE.longest


def test_a_strained_machine_thinks_later_and_a_dearer_think_later_still() -> None:
    governor = after(winter(), GovernorRules(longest=timedelta(hours=4)))
    assert governor.next_at(3.0) >= governor.next_at()
    assert governor.next_at(3.0) <= START + 12 * HOUR


def test_readings_that_stray_wake_sooner_and_readings_that_keep_to_it_do_not() -> None:
    asked = winter()
    all_there_is = float(worth(asked, 12).sum()) / at_stake(asked)
    long = GovernorRules(longest=timedelta(hours=11), pays_from=all_there_is)
    calm, stormy = after(asked, long), after(asked, long)
    for hour in range(4):
        calm.see(START + hour * HOUR, 1.0, LOAD[hour])
        stormy.see(START + hour * HOUR, 1.0, LOAD[hour] + 3.0)
    assert stormy.next_at() < calm.next_at()
    woken = stormy.wake(START + 10 * HOUR, valid_until=START + 24 * HOUR)
    assert woken is not None
    assert "strays" in woken.reason


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"new_prices": True}, "new prices"),
        ({"news": "a load was announced: sauna"}, "sauna"),
        ({"valid_until": START + timedelta(minutes=1)}, "ended"),
        ({"valid_until": None}, "no plan yet"),
        ({"now": START - HOUR}, "clock"),
    ],
)
def test_what_nobody_can_foresee_wakes_at_once(told: dict[str, Any], reason: str) -> None:
    asked: dict[str, Any] = {"now": START + timedelta(minutes=5), "valid_until": START + 24 * HOUR} | told
    woken = after(problem()).wake(patience=10.0, **asked)
    assert woken is not None
    assert reason in woken.reason
    assert not woken.of_age


def test_a_fixed_interval_is_deaf_to_prices_but_not_to_people() -> None:
    governor = after(problem(), GovernorRules(every=timedelta(minutes=15)))
    end = START + 24 * HOUR
    assert governor.wake(START + timedelta(minutes=14), valid_until=end, new_prices=True) is None
    assert governor.wake(START + timedelta(minutes=15), valid_until=end) is not None
    assert governor.wake(START + timedelta(minutes=1), valid_until=end, news="a load was announced: sauna") is not None


def test_surprise_is_bounded_and_deaf_to_gaps_and_other_days() -> None:
    grid = TimeGrid(start=START, step=HOUR, count=3)
    surprise = Surprise(grid, np.array([1.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.5]))
    assert surprise.size == 1.0
    surprise.see(START - HOUR, 1.0, 99.0)
    surprise.see(START, 1.0, float("nan"))
    assert surprise.size == 1.0
    surprise.see(START, 1.0, 1.5)
    assert surprise.size == pytest.approx(1.0)
    surprise.see(START + HOUR, 1.0, 99.0)
    assert surprise.size == 8.0


def test_with_a_peak_charge_no_plan_grows_older_than_two_hours() -> None:
    site = problem().site
    charge = PeakChargeSpec(timezone=site.timezone, days=3, per_kw=5.0)
    assert rules_for(site, ADAPTIVE) == ADAPTIVE
    assert rules_for(replace(site, peak_charge=charge), ADAPTIVE).longest == 2 * HOUR


def test_the_stake_is_one_filling_of_the_battery() -> None:
    assert at_stake(problem(import_per_kwh=0.3, export_per_kwh=0.1)) == pytest.approx(9 * 0.2)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("adaptive", ADAPTIVE),
        ("adaptive:0.002", GovernorRules(pays_from=0.002)),
        ("fixed:5m", GovernorRules(every=timedelta(minutes=5))),
        ("fixed:2h", GovernorRules(every=timedelta(hours=2))),
    ],
)
def test_a_governor_is_written_in_a_word(text: str, rules: GovernorRules) -> None:
    assert governor_rules(text) == rules


@pytest.mark.parametrize("text", ["", "often", "fixed", "fixed:0m", "fixed:25h", "fixed:5", "adaptive:", "fixed:-5m"])
def test_another_word_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"fixed"):
        governor_rules(text)
