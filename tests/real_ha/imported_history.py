"""A past for the lab's recorder, as Home Assistant's own import brings it in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from real_ha.lab import Lab
from real_ha.process import wait_for

from homeagent.domain.grid import FloatArray

HOUR = timedelta(hours=1)
RECORDER = "recorder/statistics_during_period"


def the_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def put(lab: Lab, entity: str, watts: FloatArray, end: datetime) -> None:
    """Import hourly means that end at `end`."""
    start = end - len(watts) * HOUR
    rows = [
        {"start": (start + k * HOUR).isoformat(), "mean": value, "min": value, "max": value}
        for k, value in enumerate(watts.tolist())
    ]
    metadata = {
        "has_mean": True,
        "has_sum": False,
        "name": None,
        "source": "recorder",
        "statistic_id": entity,
        "unit_of_measurement": "W",
    }
    lab.ask("recorder/import_statistics", metadata=metadata, stats=rows)


def put_home(lab: Lab, days: int) -> dict[str, FloatArray]:
    """Import a home's powers [W], and return them once the recorder has them."""
    chance = np.random.default_rng(7)
    hours = np.arange(24 * days) % 24
    watts = {
        "sensor.good_grid_power": chance.uniform(-2000, 3000, len(hours)).round(1),
        "sensor.sim_pv_power": np.where((hours > 6) & (hours < 19), chance.uniform(0, 4000, len(hours)), 0.0).round(1),
        "sensor.good_battery_power": chance.uniform(0, 2500, len(hours)).round(1),
    }
    # no home uses less than nothing
    watts["sensor.good_grid_power"] = np.maximum(
        watts["sensor.good_grid_power"], -watts["sensor.sim_pv_power"] - watts["sensor.good_battery_power"]
    )
    for entity, values in watts.items():
        put(lab, entity, values, the_hour())
    first = (the_hour() - timedelta(days=days)).isoformat()
    wait_for(
        lambda: all(
            len(lab.ask(RECORDER, start_time=first, statistic_ids=[name], period="hour").get(name, [])) >= len(hours)
            for name in watts
        ),
        20,
    )
    return watts
