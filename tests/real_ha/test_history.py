"""Home Assistant's recorder becomes the agent's own history: equal, resumable, and enough to begin with after a day."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from real_ha.conftest import Labs
from real_ha.imported_history import put_home, the_hour
from real_ha.lab import Lab
from real_ha.process import running, wait_for
from real_ha.rig import configured, ended, rig, until
from real_ha.test_run import written

from homeagent.agent.live.backfill import FACT, GAP_FACT, Backfill, Progress
from homeagent.domain.readings import Reading
from homeagent.hass.history import means_of_states, recorded_states
from homeagent.store import Store

HOUR = timedelta(hours=1)


def forget(readings: Sequence[Reading], *, milestone: bool) -> None:
    """Stand for an agent that does not mind."""
    del readings, milestone


def kept(store: Store, quantity: str, since: datetime) -> dict[datetime, float]:
    """Return hourly means by the start of their hour."""
    readings = [r for r in store.readings_since(since) if r.entity == quantity and r.over == HOUR]
    assert len({r.at for r in readings}) == len(readings)
    return {r.at - HOUR: r.value for r in readings if r.value is not None}


def test_thirty_days_of_statistics_are_taken_over_as_they_are(labs: Labs, tmp_path: Path) -> None:
    """Filled in two runs, the first of which is broken off."""
    lab = labs()
    watts = put_home(lab, 30)
    grid, pv, battery = (watts[name] / 1000 for name in watts)
    wanted = {"grid_kw": grid, "pv_kw": pv, "battery_kw": battery, "load_kw": grid + pv + battery}
    now, milestones = datetime.now(UTC), [0]

    def remember(readings: Sequence[Reading], *, milestone: bool) -> None:
        milestones[0] += milestone and len(readings) > 0

    async def scenario() -> None:
        config = configured(lab, tmp_path)
        assert config.wiring is not None
        async with rig(config) as home:
            with Store.open(tmp_path / "a.db") as store:
                fill = Backfill(home.home.link, config.wiring.meters, store, now, remember)
                broken_off = asyncio.create_task(fill.run())
                await until(lambda: fill.progress.share() > 0.01, 10)
                await ended(broken_off)
                assert fill.progress.finished is False
            with Store.open(tmp_path / "a.db") as store:
                fill = Backfill(home.home.link, config.wiring.meters, store, now, remember)
                assert fill.progress.share() > 0.01
                resumed = asyncio.create_task(fill.run())
                await until(lambda: fill.progress.finished, 30)
                await ended(resumed)
                end = the_hour()
                for quantity, values in wanted.items():
                    found = kept(store, quantity, end - timedelta(days=40))
                    imported = {end - (len(values) - k) * HOUR: v for k, v in enumerate(values.tolist())}
                    assert found == pytest.approx(imported)

    asyncio.run(scenario())


def test_recorded_states_make_means(lab: Lab) -> None:
    """What has no statistics is taken from its states: here in slots of two seconds instead of minutes."""
    slot = timedelta(seconds=2)

    async def scenario() -> None:
        async with rig(configured(lab, Path(lab.folder))) as home:
            began = datetime.now(UTC)
            for load in (1000, 2000, 3000):
                lab.sim(load=load)
                await asyncio.sleep(2 * slot.total_seconds())
            await asyncio.sleep(2)  # the recorder commits every second
            start = began.replace(microsecond=0)
            answer = await recorded_states(home.home.link, ["sensor.swapped_power"], start, datetime.now(UTC))
            means = means_of_states(answer["sensor.swapped_power"], start, datetime.now(UTC), slot)
            assert {1000.0, 2000.0, 3000.0} <= set(means.values())  # "kW", as that sensor has it

    asyncio.run(scenario())


def test_one_day_of_history_is_enough_to_begin(labs: Labs, tmp_path: Path) -> None:
    lab = labs()  # it has one
    with running(written(lab, tmp_path)) as agent:
        wait_for(lambda: agent.get("health")["history_share"] == 1.0, 20, agent.said)
        wait_for(lambda: agent.get("plan")["outcome"] == "optimal", 20, agent.said)
        wait_for(lambda: agent.get("forecast")["model"] is not None, 5, agent.said)
        load = agent.get("forecast")["load"]["mean_kw"]
        assert max(load) - min(load) > 0.1  # the day's habits, no flat line


def test_a_pause_of_the_agent_is_filled(lab: Lab, tmp_path: Path) -> None:
    """What Home Assistant measured while the agent was not running is asked for once, and noted as done."""

    async def scenario() -> None:
        config = configured(lab, tmp_path)
        assert config.wiring is not None
        async with rig(config) as home:
            with Store.open(tmp_path / "a.db") as store:
                now = datetime.now(UTC)
                store.write_readings([Reading(entity="load_kw", at=now - timedelta(days=2), value=0.5, over=HOUR)])
                done = Progress(end=now, fine_from=now, done_from=now, finished=True)
                store.write_fact(FACT, done.text())
                fill = Backfill(home.home.link, config.wiring.meters, store, now, forget)
                await asyncio.wait_for(fill.run(), 60)
                start, end = (store.fact(GAP_FACT) or "").strip("[]").split(", ")
                assert start == end

    asyncio.run(scenario())
