"""What a car's plan takes, and what real sessions come to: the figures that docs/car.md tells."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.agent.car_sessions.account import account
from homeagent.agent.car_sessions.confidence import point
from homeagent.agent.car_sessions.spot import SpotAsKnown
from homeagent.agent.car_sessions.walk import charge_all
from homeagent.config.places import place_of_zone
from homeagent.domain.devices import CarSpec
from homeagent.domain.grid import TimeGrid
from homeagent.domain.tasks import CarTask
from homeagent.planning.car import best_response
from homeagent.planning.car_confidence import DEFAULT_CONFIDENCE
from homeagent.planning.slot_cost import PriceCost
from homeagent.simulation.session_file import read_sessions, read_spot

DATA = os.environ.get("HOMEAGENT_DATA") or None
OSLO = ZoneInfo("Europe/Oslo")
COUNT = 192


@pytest.mark.parametrize("phases", [(1,), (1, 3)])
def test_a_best_response_takes_little(phases: tuple[int, ...]) -> None:
    grid = TimeGrid(start=datetime(2026, 1, 1, tzinfo=UTC), step=timedelta(minutes=15), count=COUNT)
    price = 0.2 + 0.1 * np.sin(np.arange(COUNT) / 15)
    cost = PriceCost(grid=grid, import_per_kwh=price, export_per_kwh=price / 3, net_kw=np.full(COUNT, 0.5))
    task = CarTask(
        spec=CarSpec(name="car", max_charge_kw=7.2 if phases == (1,) else 11.0, phases=phases),
        present=np.ones(COUNT, dtype=bool),
        leaves=np.full(COUNT, 0.01),
        needed_kwh=30.0,
        room_kwh=30.0,
        short_per_kwh=2.0,
    )
    best_response(task, cost)
    takes = []
    for _ in range(7):
        begin = time.process_time()
        best_response(task, cost)
        takes.append(time.process_time() - begin)
    assert min(takes) < 0.030


@pytest.mark.homes
@pytest.mark.skipif(DATA is None, reason="needs HOMEAGENT_DATA")
def test_real_sessions_come_to_what_the_docs_say() -> None:
    folder = Path(str(DATA))
    every = read_sessions(folder / "ev_sessions_no" / "sessions.csv.gz")
    users = sorted({one.user for one in every})[::2]
    sessions = tuple(one for one in every if one.user in users)
    grid, per_kwh = read_spot(folder / "prices" / "de_lu_day_ahead_2015_2022.csv.gz", 104)
    spot = SpotAsKnown(grid, per_kwh, OSLO, place_of_zone(OSLO.key))
    announced = account(charge_all(sessions, spot, None, power_kw=7.2, short_per_kwh=100.0), spot, 7.2)
    assert announced.share >= 0.98
    assert announced.missing_kwh < 1e-6
    begin = time.process_time()
    learned = point(sessions, spot, OSLO, power_kw=7.2, confidence=DEFAULT_CONFIDENCE).account
    assert (time.process_time() - begin) / learned.sessions < 0.01
    assert learned.missing <= 0.0055
    assert learned.share >= 0.45
