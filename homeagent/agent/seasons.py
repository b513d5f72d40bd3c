"""Seasons of simulated all-electric homes: with the agent, with a constant set-point, and with a night schedule.

Nobody lives in them: every figure says so.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Final, Literal

from homeagent.agent.agent import Agent
from homeagent.agent.given import Setup
from homeagent.domain.inverter import InverterCapability
from homeagent.simulation.all_electric import METER_STEP, AllElectricHome
from homeagent.simulation.clock import VirtualClock
from homeagent.simulation.electric.drawn_electric import Season, drawn_electric
from homeagent.simulation.electric.sheets import known_site
from homeagent.simulation.electric.truth import HomeTruth
from homeagent.store import Store

Way = Literal["constant", "night", "agent"]
WAYS: Final[tuple[Way, ...]] = ("constant", "night", "agent")
BEGINS: Final[dict[Season, date]] = {"heating": date(2025, 1, 13), "cooling": date(2025, 7, 7)}
"""Mondays; the days before them are the past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One home in one season, run in one way."""

    seed: int
    season: Season
    way: Way
    days: int
    past_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What became of it."""

    stay: Stay
    truth: HomeTruth
    facts: dict[str, str | float | bool]
    cpu_s: float
    thinks: int = 0


def begin_of(seed: int, season: Season) -> datetime:
    """Return the local midnight at which the judged days begin."""
    zone = known_site(drawn_electric(seed, season)).timezone
    return datetime.combine(BEGINS[season], clock_time(0), tzinfo=zone).astimezone(UTC)


def live(stay: Stay) -> Lived:
    """Live one stay to its end."""
    began_s, begin, past = time.process_time(), begin_of(stay.seed, stay.season), timedelta(days=stay.past_days)
    thinks = 0
    if stay.way == "agent":
        home = AllElectricHome(stay.seed, begin - past, season=stay.season)
        with tempfile.TemporaryDirectory(prefix="homeagent-seasons-") as folder:
            thinks = asyncio.run(drive(home, begin, stay.days, Path(folder)))
    else:
        home = AllElectricHome(stay.seed, begin, season=stay.season, programme=stay.way, past=past)
        _live_alone(home, stay.days)
    return Lived(
        stay=stay,
        truth=home.truth(),
        facts=facts_of(home),
        cpu_s=time.process_time() - began_s,
        thinks=thinks,
    )


def _live_alone(home: AllElectricHome, days: int) -> None:
    """Let a home live without the agent; what nobody reads is thrown away day by day."""
    for _ in range(days):
        home.advance(timedelta(days=1))
        home.readings()


async def drive(home: AllElectricHome, begin: datetime, days: int, folder: Path) -> int:
    """Let the agent watch a home until `begin`, and then run it for so many days; return how often it thought.

    It watches as `observe`, is stopped, and begins again as `control` from its store, as an owner would do it.
    """
    clock, path = VirtualClock(home.now), folder / "homeagent.db"
    setup = Setup(
        site=home.site,
        capability=InverterCapability(),
        mode="observe",
        observation_step=METER_STEP,
        devices=home.devices,
        wishes=home.wishes,
        watchful=False,
    )
    await _span(home, clock, setup, begin, path)
    home.judge_from_now()
    return await _span(home, clock, replace(setup, mode="control"), begin + timedelta(days=days), path)


async def _span(home: AllElectricHome, clock: VirtualClock, setup: Setup, until: datetime, path: Path) -> int:
    """Run the agent as it is set up until an instant; return how often it thought."""
    if home.now >= until:
        return 0
    with Store.open(path, lasting=False) as store:
        agent = Agent(setup, home, home, store, clock, forecasts=home)
        agent.resume()
        while home.now < until:
            await agent.tick()
            home.advance()
            clock.advance_to(home.now)
        await agent.finish()
        return agent.thinks


def facts_of(home: AllElectricHome) -> dict[str, str | float | bool]:
    """Return what kind of home it is, for the table of homes."""
    drawn = home.drawn
    heats = "split" if drawn.heating is None else type(drawn.heating).__name__.removesuffix("Spec").lower()
    return {
        "zone": drawn.home.climate.zone,
        "people": len(drawn.people),
        "building": drawn.building.kind,
        "floor_m2": round(drawn.building.floor_m2),
        "rooms": {"water": "heat pump", "panel": "panels", "split": "split"}[heats],
        "hot_water": "heat pump" if drawn.tank.heat_pump else "heater",
        "battery_kwh": drawn.home.battery.capacity_kwh,
        "pv_kwp": round(drawn.home.roof.peak_kw, 1),
        "pool": drawn.pool is not None,
    }


def live_all(stays: Sequence[Stay], jobs: int) -> Iterator[Lived]:
    """Live all stays, so many at a time, and give each as it ends."""
    if jobs == 1:
        yield from map(live, stays)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(live, stay) for stay in stays]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
