"""Anomalies on any tape: nothing fails or warns, whatever is missing; a look asks of a battery what `respond` does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeagent.devices.battery import respond
from homeagent.domain.anomaly import COLUMNS, FAMILIES, Surroundings, Tape
from homeagent.domain.grid import TimeGrid
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import Place
from homeagent.forecasting.anomalies import examine
from homeagent.forecasting.anomaly_watch import Closed, Watch, mark_of, told_kw
from homeagent.simulation.simulated_home import simulated_site

SITE = simulated_site()
PLACE = Place(latitude_deg=52.5, longitude_deg=13.4)
LEVEL = st.floats(0, 10, allow_nan=False)
LIMIT = st.one_of(st.just(float("inf")), st.floats(0, 6, allow_nan=False))


def surroundings(place: Place | None = PLACE) -> Surroundings:
    return Surroundings(timezone=ZoneInfo("Europe/Berlin"), place=place, battery=SITE.battery, currency="EUR")


@given(
    seed=st.integers(0, 10_000),
    minutes=st.sampled_from([5, 15, 30, 60]),
    days=st.floats(0.05, 42),
    gaps=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    kind=st.sampled_from(["noise", "zero", "constant", "negative"]),
    place=st.sampled_from([PLACE, None]),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("error")
def test_no_analysis_fails_or_warns(
    seed: int, minutes: int, days: float, gaps: float, kind: str, place: Place | None
) -> None:
    rng = np.random.default_rng(seed)
    step = timedelta(minutes=minutes)
    count = max(timedelta(days=days) // step, 1)
    columns = {}
    for name in COLUMNS:
        made = {"noise": rng.gamma(2, 0.3, count), "zero": np.zeros(count), "constant": np.full(count, 0.7)}
        values = made.get(kind, rng.normal(0, 2, count))
        columns[name] = np.where(rng.random(count) < gaps * (rng.random() < 0.7), np.nan, values)
    grid = TimeGrid(start=datetime(2025, 3, 10, 7, tzinfo=UTC), step=step, count=count)
    home = surroundings(place)
    for findings in examine(FAMILIES, Tape(grid=grid, **columns), home).values():
        for finding in findings:
            assert 0 <= finding.sure <= 1
            assert grid.start <= finding.since <= grid.end
            assert "nan" not in finding.text
    watch = Watch(home=home, step_h=minutes / 60)
    rows = zip(*(columns[name].tolist() for name in COLUMNS), strict=True)
    watch.look([Closed._make((*row, 0.2, 1.0)) for row in rows])
    per_day = timedelta(days=1) // step
    if count >= per_day:
        day = {name: values[:per_day] for name, values in columns.items()}
        mark = mark_of(day, np.linspace(-1, 1, per_day), minutes / 60, SITE.battery.capacity_kwh)
        for _ in range(20):
            watch.close_day(mark)


@given(
    levels=st.tuples(LEVEL, LEVEL, LEVEL, LEVEL, LEVEL),
    limits=st.tuples(LIMIT, LIMIT),
    soc_kwh=LEVEL,
    net_kw=st.floats(-6, 6, allow_nan=False),
)
def test_a_look_asks_of_the_battery_what_respond_does(
    levels: tuple[float, float, float, float, float], limits: tuple[float, float], soc_kwh: float, net_kw: float
) -> None:
    charge, discharge = sorted(levels[:2])
    store, export = sorted(levels[2:4])
    policy = BatteryPolicy(
        charge_to_kwh=charge,
        discharge_to_kwh=discharge,
        store_to_kwh=store,
        export_to_kwh=export,
        shave_to_kwh=levels[4],
        import_limit_kw=limits[0],
        export_limit_kw=limits[1],
    )
    load_kw, pv_kw = max(net_kw, 0.0), max(-net_kw, 0.0)
    flows = respond(policy, SITE.battery, soc_kwh, load_kw, pv_kw, 1 / 12)
    told = told_kw(policy, SITE.battery, soc_kwh, net_kw, 1 / 12)
    assert told == pytest.approx(-float(flows.power_kw), abs=1e-9)
