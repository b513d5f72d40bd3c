"""Forecasts of others outlive a restart, and are noted once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from homeagent.agent.agent import Agent
from homeagent.agent.given import Setup
from homeagent.domain.grid import TimeGrid
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.issued import IssuedForecast
from homeagent.simulation.clock import VirtualClock
from homeagent.simulation.issued_file import ReplayedForecasts
from homeagent.simulation.simulated_home import METER_STEP, SimulatedHome
from homeagent.store import Store

START = datetime(2025, 4, 6, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)


def carbon(at: datetime, grams: float) -> IssuedForecast:
    grid = TimeGrid(start=at, step=HOUR, count=48)
    return IssuedForecast(
        provider="sensor.co2", quantity="carbon_g_per_kwh", issued_at=at, grid=grid, mean=np.full(48, grams)
    )


async def run(folder: Path, clock: VirtualClock, issued: list[IssuedForecast], rounds: int) -> Agent:
    home = SimulatedHome(1, clock.now())
    setup = Setup(site=home.site, capability=InverterCapability(), mode="advise", observation_step=METER_STEP)
    with Store.open(folder / "a.db") as store:
        agent = Agent(setup, home, home, store, clock, ReplayedForecasts(issued, clock))
        agent.resume()
        for _ in range(rounds):
            await agent.tick()
            home.advance()
            clock.advance_to(clock.now() + METER_STEP)
        await agent.finish()
        assert len(list(store.issued_forecasts_since(START - HOUR))) == 2
    return agent


def test_a_restart_takes_up_what_was_issued(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    rounds = 2 * HOUR // METER_STEP
    asyncio.run(run(tmp_path, clock, [carbon(START, 100.0), carbon(START + HOUR, 200.0)], rounds))
    again = asyncio.run(run(tmp_path, clock, [], 1))
    grid = TimeGrid(start=clock.now(), step=HOUR, count=24)
    assert again.observer.memory.issued.carbon(grid) == pytest.approx(200)
    before = TimeGrid(start=START, step=HOUR, count=24)
    assert again.observer.memory.issued.carbon(before) == pytest.approx(100)
