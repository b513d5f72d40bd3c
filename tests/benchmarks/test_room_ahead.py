"""A real room 24 hours ahead, walked forward over its winters, against saying "as now" and a linear regression.

`-s` prints the table. The weather of the next 24 hours is taken as measured where a line says so, in all columns alike.
"""

from __future__ import annotations

import csv
import gzip
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.forecasting.room_ahead import RoomHistory, room_ahead

DATA = os.environ.get("HOMEAGENT_DATA")
SLOTS = 24
pytestmark = [
    pytest.mark.homes,
    pytest.mark.skipif(DATA is None, reason="HOMEAGENT_DATA does not point at real homes"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Room:
    history: RoomHistory
    winter: FloatArray
    """The year in which the winter of each hour (October to March) begins, else 0."""


def real_room() -> Room:
    path = Path(DATA or "") / "heatpump_uk" / "hourly_temperatures.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    at = [datetime.fromisoformat(row["timestamp"]) for row in rows]

    def column(name: str) -> FloatArray:
        return np.array([float(row[name]) if row[name] else np.nan for row in rows])

    winter = [one.year - (one.month < 4) if one.month > 9 or one.month < 4 else 0 for one in at]
    history = RoomHistory(
        hours=1.0,
        begin_h=float(at[0].hour),
        air_c=column("room_temp_c"),
        outdoor_c=column("temp_c"),
        wanted_c=column("room_setpoint_c"),
    )
    return Room(history=history, winter=np.array(winter, dtype=float))


def mean_ahead(values: FloatArray, first: int, last: int) -> FloatArray:
    """Return the mean of what is known of slots `first` to `last` ahead of each."""
    padded = np.concatenate([values, np.full(SLOTS, np.nan)])
    parts = np.stack([padded[k : k + len(values)] for k in range(first, last)])
    known = ~np.isnan(parts)
    return np.where(known.any(axis=0), np.where(known, parts, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)


def regression(room: Room, *, weather_known: bool, wanted_known: bool) -> FloatArray:
    """Least squares on all hours known by then, daily anew: the room, outdoors now and ahead, set-points, the hour."""
    past = room.history
    outdoor = mean_ahead(past.outdoor_c, 0, SLOTS)
    if not weather_known:
        outdoor = np.concatenate([np.full(SLOTS, np.nan), outdoor[:-SLOTS]])
    wanted = past.wanted_c if not wanted_known else mean_ahead(past.wanted_c, 0, SLOTS)
    later = past.wanted_c if not wanted_known else mean_ahead(past.wanted_c, 18, SLOTS)
    turn = past.hour / 12 * np.pi
    ones = np.ones(len(turn))
    inputs = np.stack(
        [ones, past.air_c, past.outdoor_c, outdoor, past.wanted_c, wanted, later, np.sin(turn), np.cos(turn)], axis=1
    )
    truth = np.concatenate([past.air_c[SLOTS:], np.full(SLOTS, np.nan)])
    usable = ~np.isnan(inputs).any(axis=1)
    said = np.full(len(truth), np.nan)
    for now in range(30 * SLOTS, len(truth), SLOTS):
        seen = np.flatnonzero(usable[: now - SLOTS] & ~np.isnan(truth[: now - SLOTS]))
        x, y = inputs[seen], truth[seen]
        shares = np.linalg.solve(x.T @ x + 1e-3 * np.eye(x.shape[1]), x.T @ y)
        said[now : now + SLOTS] = inputs[now : now + SLOTS] @ shares
    return said


def errors(room: Room, forecasts: dict[str, FloatArray], year: int) -> dict[str, tuple[float, float, int]]:
    """Return mean absolute and root mean square error of each over the same hours of a winter, and their number."""
    truth = np.concatenate([room.history.air_c[SLOTS:], np.full(SLOTS, np.nan)])
    at: BoolArray = np.concatenate([room.winter[SLOTS:] == year, np.zeros(SLOTS, dtype=np.bool_)]) & ~np.isnan(truth)
    for said in forecasts.values():
        at &= ~np.isnan(said)
    found = {}
    for name, said in forecasts.items():
        miss = said[at] - truth[at]
        found[name] = (float(np.abs(miss).mean()), float(np.sqrt((miss**2).mean())), int(at.sum()))
    return found


def forecasts_of(room: Room, *, weather_known: bool, wanted_known: bool) -> dict[str, FloatArray]:
    return {
        "house and thermostat": room_ahead(room.history, weather_known=weather_known, wanted_known=wanted_known),
        "linear regression": regression(room, weather_known=weather_known, wanted_known=wanted_known),
        "as now": room.history.air_c,
    }


@pytest.mark.parametrize("known", [True, False], ids=["told weather and set-points", "told neither"])
def test_a_real_room_is_told_a_day_ahead(known: bool) -> None:  # noqa: FBT001 - a parameter of the test
    room = real_room()
    forecasts = forecasts_of(room, weather_known=known, wanted_known=known)
    for year in (2023, 2024, 2025):
        found = errors(room, forecasts, year)
        for name, (mean_k, square_k, hours) in found.items():
            print(f"{year}/{year + 1}  {name:22} MAE {mean_k:.3f} K  RMSE {square_k:.3f} K  {hours} hours")  # noqa: T201
        model, line, now = (found[name] for name in forecasts)
        if known and year != 2025:  # the third winter is not whole
            assert model[0] < 0.93 * now[0]
            assert model[0] < 0.85 * line[0]
            assert model[1] < 1.02 * now[1]  # a week of the second winter the heating was off, whatever it was told
            assert model[1] < line[1]


def test_nothing_said_up_to_an_hour_hangs_on_readings_after_it() -> None:
    room = real_room()
    cut, end = 24 * 100, 24 * 110
    part = {name: getattr(room.history, name)[:end].copy() for name in ("air_c", "outdoor_c", "wanted_c")}
    before = room_ahead(
        RoomHistory(hours=1.0, begin_h=room.history.begin_h, **part), weather_known=False, wanted_known=False
    )
    for values in part.values():
        values[cut:] += 0.7
    after = room_ahead(
        RoomHistory(hours=1.0, begin_h=room.history.begin_h, **part), weather_known=False, wanted_known=False
    )
    assert np.array_equal(before[:cut], after[:cut], equal_nan=True)
    assert not np.array_equal(before[cut:], after[cut:], equal_nan=True)
