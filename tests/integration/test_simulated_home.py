"""The simulated home: plausible, seeded, with physics of its own, and the agent gains from it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from click.testing import CliRunner

from homeagent.agent.demo import Demo
from homeagent.cli import main
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.ledger import SavingsEntry
from homeagent.domain.readings import Reading
from homeagent.simulation.simulated_home import SimulatedHome
from homeagent.store import Store

START = datetime(2025, 6, 1, 22, tzinfo=UTC)
SEEDS = range(5)


def quiet(_done: int, _total: int) -> None: ...


def means(readings: list[Reading], entity: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([reading.value for reading in readings if reading.entity == entity], dtype=np.float64)


@pytest.mark.parametrize("seed", SEEDS)
def test_its_past_looks_like_a_home(seed: int) -> None:
    past = list(SimulatedHome(seed, START).readings())
    load, pv = means(past, "load_kw"), means(past, "pv_kw")
    assert len(load) == 42 * 288
    assert 3 < load.sum() / 12 / 42 < 25  # kWh a day
    assert 8 < pv.sum() / 12 / 42 < 40
    by_day = pv.reshape(42, 288)
    assert by_day[:, :24].max() == 0  # local midnight to two o'clock
    assert by_day.sum(axis=1).std() > 1.5  # cloudy days and clear ones
    evenings = load.reshape(42, 288)[:, 216:252].mean()
    assert evenings > load.reshape(42, 288)[:, 24:60].mean()


def test_the_same_seed_is_the_same_home_and_another_is_not() -> None:
    first, same, other = (list(SimulatedHome(seed, START).readings()) for seed in (1, 1, 2))
    assert first == same
    assert means(first, "load_kw").tolist() != means(other, "load_kw").tolist()


@pytest.mark.parametrize("day", [datetime(2025, 3, 29, 23, tzinfo=UTC), datetime(2025, 10, 25, 22, tzinfo=UTC)])
def test_days_of_23_and_25_hours_pass(day: datetime) -> None:
    home = SimulatedHome(1, day)
    home.readings()
    home.advance(timedelta(days=2))
    readings = list(home.readings())
    assert len(means(readings, "load_kw")) == 2 * 288
    assert home.now == day + timedelta(days=2)


def test_tomorrows_prices_come_at_one_oclock_and_once() -> None:
    home = SimulatedHome(1, START)

    async def ask() -> list[int | None]:
        counts: list[int | None] = []
        for _ in range(24):
            published = await home.published()
            counts.append(None if published is None else published.grid.count)
            home.advance(timedelta(hours=1))
        return counts

    counts = asyncio.run(ask())
    assert counts[0] == 21 * 24
    assert [hour for hour, count in enumerate(counts) if count == 24] == [13]
    assert sum(count is not None for count in counts) == 2


async def _lived(demo: Demo, days: float) -> Demo:
    await demo.live(days, quiet)
    await demo.agent.finish()
    return demo


def cost_of_rule(seed: int, days: int) -> float:
    """Return what the same home pays with its inverter left to itself: the twin, not the model."""
    home = SimulatedHome(seed, datetime(2025, 4, 6, 22, tzinfo=UTC))
    home.readings()

    async def prices() -> dict[datetime, tuple[float, float]]:
        found = {}
        for _ in range(days):
            published = await home.published()
            while published is not None:
                for index, at in enumerate(published.grid.starts()):
                    found[at] = float(published.import_per_kwh[index]), float(published.export_per_kwh[index])
                published = await home.published()
            home.advance(timedelta(days=1))
        return found

    known = asyncio.run(prices())
    cost = 0.0
    for reading in home.readings():
        if reading.entity == "grid_kw" and reading.value is not None:
            at = (reading.at - reading.over).replace(minute=0)
            cost += reading.value * (reading.over / timedelta(hours=1)) * known[at][0 if reading.value > 0 else 1]
    return cost


def entries_of(seed: int, days: int) -> list[SavingsEntry]:
    """Return each day's savings of the agent, without learning: it is the plan that is held against the inverter."""

    async def run(store: Store) -> list[SavingsEntry]:
        demo = Demo(seed, store)
        await demo.live(days, quiet)
        await demo.agent.finish()
        return [] if demo.agent.day_book is None else list(demo.agent.day_book.entries)

    with TemporaryDirectory() as folder, Store.open(Path(folder) / "home.db", lasting=False) as store:
        return asyncio.run(run(store))


def test_the_agent_pays_less_than_the_same_home_left_to_its_inverter() -> None:
    gains = []
    for seed in SEEDS:
        entries = entries_of(seed, 21)
        gains.append(cost_of_rule(seed, 21) - sum(entry.cost for entry in entries))
    assert sum(gain > 0 for gain in gains) >= 4, gains
    assert sum(gains) > 0


@pytest.mark.parametrize(
    "inverter",
    [
        InverterCapability(control="modes"),
        InverterCapability(control="reserve"),
        InverterCapability(answer_seconds=60, min_power_kw=0.4, power_step_kw=0.1),
    ],
)
def test_a_poor_inverter_is_lived_with(tmp_path: Path, inverter: InverterCapability) -> None:
    with Store.open(tmp_path / "a.db", lasting=False) as store:
        demo = asyncio.run(_lived(Demo(1, store, inverter), 4))
    assert demo.agent.day_book is not None
    assert sum(e.cost for e in demo.agent.day_book.entries) < sum(
        e.cost_without_battery for e in demo.agent.day_book.entries
    )


def test_a_restarted_agent_takes_up_what_the_store_knows(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store.open(path) as store:
        demo = asyncio.run(_lived(Demo(1, store), 2))
        before = demo.agent.observer.memory.history(demo.clock.now())
    with Store.open(path) as store:
        again = Demo(1, store)
        again.home.readings()
        again.clock.advance_to(demo.clock.now())
        again.agent.resume()
        after = again.agent.observer.memory.history(demo.clock.now())
    assert np.nansum(np.abs(after.load_kw - before.load_kw)) < 0.02 * np.nansum(before.load_kw)
    assert np.isnan(after.load_kw).sum() <= np.isnan(before.load_kw).sum() + 2
    assert again.agent.prices.at(demo.clock.now()) == demo.agent.prices.at(demo.clock.now())


def test_the_headless_demo_prints_a_savings_table() -> None:
    done = CliRunner().invoke(main, ["demo", "--headless", "--days", "3"], terminal_width=120)
    assert done.exit_code == 0, done.output
    assert "2025-04-07" in done.output
    assert "in all" in done.output
