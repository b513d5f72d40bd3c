"""Simulated homes with faults, watched twice: by the cheap check, and by the same close analyses all the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homeagent.agent.anomaly_book import AnomalyBook
from homeagent.agent.observer import Observer
from homeagent.agent.price_book import PriceBook
from homeagent.devices.battery import self_consumption
from homeagent.domain.anomaly import Anomaly, AnomalyKind
from homeagent.domain.command import Command, FollowPolicy
from homeagent.domain.grid import TimeGrid, slot_start
from homeagent.domain.policy import BatteryPolicy
from homeagent.forecasting.floor import floor_scenarios, forecast_of
from homeagent.simulation.happenings import Nothing
from homeagent.simulation.planted_faults import SLOW, FaultKind
from homeagent.simulation.simulated_home import METER_STEP, SimulatedHome
from homeagent.store import Store

START = datetime(2025, 4, 6, 22, tzinfo=UTC)
PAST = timedelta(days=30)
HEALTHY = timedelta(days=14)
"""So long the home is watched before its fault begins."""
LOOKED_FOR, LOOKED_FOR_SLOW = 14, 45
"""Days in which a fault must be found."""
HOUR = timedelta(hours=1)

SHOWN_AS: dict[FaultKind, AnomalyKind] = {
    "standby grew": "standby grew",
    "fridge runs on": "fridge runs on",
    "fridge stopped": "fridge stopped",
    "freezer ages": "fridge runs longer",
    "PV string out": "PV lower",
    "PV soiled": "PV fading",
    "PV shaded": "PV shaded",
    "PV derated": "PV capped",
    "meter frozen": "meter frozen",
    "meter scaled": "meter scaled",
    "sign flipped": "sign flipped",
    "CT dropped": "meter dead",
    "readings missing": "readings missing",
    "heater left on": "left on",
    "pump runs all night": "night load",
    "element stuck": "stuck cycling",
    "battery lost capacity": "battery capacity",
    "battery lost efficiency": "battery efficiency",
    "battery does not obey": "battery does not obey",
    "export blocked": "export blocked",
}


def days_for(kind: FaultKind) -> int:
    """Return in how many days a fault must be found."""
    return LOOKED_FOR_SLOW if kind in SLOW else LOOKED_FOR


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What became of one way of watching."""

    anomalies: list[Anomaly]
    cpu_s: float
    analyses: dict[str, int]

    def raised(self, since: datetime) -> list[Anomaly]:
        """Return what was raised from a time on."""
        return [one for one in self.anomalies if one.found_at >= since]

    def shown(self, kind: AnomalyKind, since: datetime) -> Anomaly | None:
        """Return the anomaly of a kind that was raised from a time on."""
        return next((one for one in self.raised(since) if one.finding.kind == kind), None)


def policy_at(home: SimulatedHome, at: datetime) -> BatteryPolicy:
    """Return a plain policy: a charge in the small hours, the evening's price used, else its own consumption."""
    rule, battery = self_consumption(home.site.battery), home.site.battery
    hour = at.astimezone(home.site.timezone).hour
    if hour in {2, 3, 4}:
        level = 0.5 * battery.capacity_kwh
        return replace(rule, charge_to_kwh=level, discharge_to_kwh=level)
    if hour in {0, 1, 5, 6}:
        return replace(rule, discharge_to_kwh=battery.capacity_kwh)  # held for the morning
    return rule


async def watched(
    seed: int, happening: Nothing | None, days: int, folder: Path, ways: Iterable[bool] = (False, True)
) -> list[Watched]:
    """Live through a home's healthy time and `days` more; return what each way, `always` or not, has raised."""
    home = SimulatedHome(seed, START, past=PAST, happening=happening)
    observer, prices = Observer(START, METER_STEP), PriceBook(home.site.timezone)
    ways = tuple(ways)
    with Store.open(folder / f"{seed}.db", lasting=False) as store:
        means = observer.means
        books = [AnomalyBook(home.site, means, METER_STEP, prices, store, START, always=way) for way in ways]
        for book in books:
            book.anomalies = []
        spent = [0.0] * len(books)
        for step in range((HEALTHY + timedelta(days=days)) // METER_STEP):
            now = home.now
            readings = home.readings()
            observer.add(readings)
            published = await home.published()
            if published is not None:
                prices.add(published)
            local = now.astimezone(home.site.timezone)
            if not step or (local.hour == 0 and local.minute == 0):
                grid = TimeGrid(start=slot_start(now, HOUR), step=METER_STEP, count=288)
                scenarios = floor_scenarios(observer.memory.history(grid.start), grid, home.site.timezone, alike=True)
                band = forecast_of(scenarios, scenarios.load_kw)
                for book in books:
                    book.expect(band)
            if not now.minute:
                policy = policy_at(home, now)
                until = now + 3 * HOUR
                command = Command(
                    device="battery",
                    instruction=FollowPolicy(policy=policy),
                    issued_at=now,
                    valid_until=until,
                    reason="a test",
                )
                await home.send(command)
                for book in books:
                    book.told(now, policy)
            for index, book in enumerate(books):
                book.add(readings)
                if book.due(now):  # asking the clock takes longer than a round without a look
                    began = time.process_time()
                    book.look(now)
                    spent[index] += time.process_time() - began
            home.advance()
    return [
        Watched(
            anomalies=book.anomalies,
            cpu_s=cpu_s,
            analyses={str(family): count for family, count in book.analyses.items()},
        )
        for book, cpu_s in zip(books, spent, strict=True)
    ]


def watch(
    seed: int, happening: Nothing | None, days: int, folder: Path, ways: Iterable[bool] = (False, True)
) -> list[Watched]:
    """Do the same, and wait for it."""
    return asyncio.run(watched(seed, happening, days, folder, ways))
