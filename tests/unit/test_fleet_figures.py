from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.agent.fleet.command import find_homes
from homeagent.agent.fleet.figures import (
    distribution,
    figures,
    proportion,
    saved,
    saved_against_rule,
    saved_less_own_energy,
    worst,
)
from homeagent.agent.fleet.home import HomeResult, Lived
from homeagent.agent.fleet.journal import HomeRow, Journal
from homeagent.agent.fleet.report import write_report
from homeagent.domain.errors import InputError


def result(
    *,
    days: float = 30.0,
    none: float = 60.0,
    rule: float = 50.0,
    agent: float = 45.0,
    bound: float | None = 40.0,
    load_mae_kw: float | None = 0.2,
    pv_mae_kw: float | None = None,
) -> HomeResult:
    def share(cost: float) -> float | None:
        return None if bound is None else (none - cost) / (none - bound)

    return HomeResult(
        days=days,
        step_minutes=60,
        history_days=0,
        battery_kwh=6,
        cost_without_battery=none,
        cost_self_consumption_rule=rule,
        cost_agent=agent,
        cost_perfect_foresight=bound,
        own_energy_cost=0.02,
        share_of_possible_saving_rule=share(rule),
        share_of_possible_saving_agent=share(agent),
        load_mean_kw=0.5,
        pv_mean_kw=0.4,
        load_mae_kw=load_mae_kw,
        pv_mae_kw=pv_mae_kw,
        load_band_coverage=0.8,
        forecaster="floor",
        trainings=0,
        thinks=700,
    )


def row(home: str, found: HomeResult | None, failure: str | None = None) -> HomeRow:
    return HomeRow(home=home, key=home, lived=Lived(result=found, failure=failure))


def test_windows_of_unequal_length_stand_side_by_side() -> None:
    month, double = result(), result(days=60, none=120, rule=100, agent=90, bound=80)
    assert saved(month) == saved(double) == 15
    assert saved_against_rule(month) == saved_against_rule(double) == 5
    assert saved_less_own_energy(month) == pytest.approx(14.98)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    held = {"mean": 0, "median": 0}
    for _ in range(200):
        one = distribution(rng.normal(3.0, 2.0, 40).tolist())
        assert one is not None
        for name in held:
            interval = getattr(one, name)
            held[name] += interval.low <= 3.0 <= interval.high
    assert 0.88 < held["mean"] / 200 < 0.99
    assert 0.88 < held["median"] / 200 < 0.99


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=30))
def test_a_distribution_is_in_order(values: list[float]) -> None:
    one = distribution(values)
    assert one is not None
    marks = (one.least, one.p05, one.p25, one.median.value, one.p75, one.p95, one.most)
    assert all(a <= b + 1e-9 for a, b in pairwise(marks))
    assert (one.mean.low is None) == (len(values) < 5)


def test_a_rare_thing_has_an_interval() -> None:
    never = proportion(0, 200)
    assert (never.value, never.low) == (0, 0)
    assert never.high == pytest.approx(0.0188, abs=1e-3)


def test_the_worst_come_first_and_what_is_odd_about_them_is_said() -> None:
    rows = [row(f"usual-{at}", result(load_mae_kw=0.2 + at / 1000)) for at in range(12)]
    rows.append(row("wild", result(agent=52, load_mae_kw=0.9)))
    first, second, *_ = worst(rows, 3)
    assert first.home == "wild"
    assert "the inverter's own rule was cheaper" in first.why
    assert "off by 180% of its mean" in first.why
    assert second.why == "nothing stands out"


def test_without_a_bound_the_least_saved_are_the_worst() -> None:
    rows = [row("little", result(agent=58, bound=None)), row("much", result(bound=None))]
    assert worst(rows, 1)[0].home == "little"
    found = figures(rows, "EUR")
    assert found["distributions"]["share_of_possible_saving_agent"] is None
    assert found["distributions"]["saved_against_no_battery"]["mean"] == {"value": 8.5, "low": None, "high": None}


@pytest.mark.parametrize("scored", [0, 1, 7])
def test_the_page_is_written_whatever_there_is(tmp_path: Path, scored: int) -> None:
    rows = [row(f"h{at}", result(agent=45 + at)) for at in range(scored)]
    rows.append(row("<b>torn</b>", None, "file: is <empty>"))
    found = {"build": "x", "run": {"cpu_seconds_of_homes": 1.0}, **figures(rows, "EUR")}
    write_report(json.loads(json.dumps(found, allow_nan=False)), rows[:scored], tmp_path / "fleet.html")
    page = (tmp_path / "fleet.html").read_text()
    assert "&lt;b&gt;torn" in page
    assert "<b>torn" not in page
    assert ("The worst homes" in page) == (scored > 0)


def test_homes_are_named_by_their_place_below_what_they_share(tmp_path: Path) -> None:
    for name in ("a/home.csv", "b/home.csv.gz", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(find_homes(f"{tmp_path}/*/*.csv*")) == ["a/home", "b/home"]
    assert list(find_homes(f"{tmp_path}/b/*.csv.gz")) == ["home"]
    (tmp_path / "b" / "home.csv").touch()
    with pytest.raises(InputError, match="is there twice"):
        find_homes(f"{tmp_path}/**/*.csv*")
    with pytest.raises(InputError, match="in quotes"):
        find_homes(f"{tmp_path}/none/*.csv")


def test_the_journal_survives_a_crash_and_tries_again_what_crashed(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add(row("good", result()))
        journal.add(row("bad", None, "file: is empty"))
        journal.add(HomeRow(home="lost", key="lost", lived=Lived(result=None, failure="died", crashed=True)))
        with pytest.raises(InputError, match="in use"), Journal(tmp_path):
            pass
    path = tmp_path / "homes.jsonl"
    path.write_text(path.read_text() + '{"home": "torn", "ke')
    with Journal(tmp_path) as journal:
        assert journal.kept("good", "good") == row("good", result())
        assert journal.kept("bad", "bad") == row("bad", None, "file: is empty")
        assert journal.kept("good", "of other inputs") is None
        assert journal.kept("lost", "lost") is None
        assert journal.kept("torn", "torn") is None
        journal.add(row("later", result()))
    with Journal(tmp_path) as journal:
        assert journal.kept("later", "later") is not None
