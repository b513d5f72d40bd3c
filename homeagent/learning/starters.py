"""Starter students: what the agent ships for a home without history. Found, checked and read; made by the recipe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

import homeagent
from homeagent.domain.grid import TimeGrid
from homeagent.domain.history import History
from homeagent.domain.site import Place
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.features import LEVELS, Course, course_of
from homeagent.forecasting.first_day import BINS, Usual
from homeagent.forecasting.learned import QUANTITIES, ROWS, Quantity
from homeagent.learning.model_files import ModelFileError, read_card

PREFIX = "starter-"
RECIPE = 1
"""Counts up with every change of the recipe or of its simulated homes."""
MATCHES = 1e-3
"""How far a column of today's features may be from the card's before it is another definition."""


def starter_id(step: timedelta) -> str:
    """Return the name of the starter for forecasts in slots of `step`."""
    return f"{PREFIX}{step // timedelta(minutes=1)}"


def is_starter(model_id: str) -> bool:
    """Whether a model began as a starter, and is not of the home's own training."""
    return model_id.startswith(PREFIX)


def starters_folder() -> Path | None:
    """Return where the starters are: inside the installed package, or beside it in a source checkout."""
    package = Path(homeagent.__file__).parent
    for folder in (package / "_starter_models" / "starters", package.parent / "models" / "starters"):
        if any(folder.glob(f"{PREFIX}*/card.json")):
            return folder
    return None


def first_days(home: Path) -> dict[Quantity, Usual]:
    """Return what homes usually do on their first day, by quantity.

    Raises:
        ModelFileError: the starter's card does not say it.
    """
    told = read_card(home)
    try:
        tables = told["starter"]["first_day"]
        found = {quantity: _usual(quantity, tables[quantity]) for quantity in QUANTITIES}
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{home.name}: its card is damaged ({error})") from error
    return found


def _usual(quantity: Quantity, table: dict[str, Any]) -> Usual:
    usual = Usual(kw=np.array(table["kw"]), share=np.array(table["share"]), half_h=float(table["half_h"]))
    for values in (usual.kw, usual.share):
        if values.shape != (BINS[quantity], len(LEVELS)) or not np.isfinite(values).all():
            raise ValueError(f"the first day of {quantity} has another form than this release's")
    return usual


def features_seen(step: timedelta) -> dict[Quantity, list[float]]:
    """Return each column's mean and spread on a fixed course: another definition of the features gives others.

    A card keeps them. A student that was taught other columns than it is shown talks nonsense, even where their number
    is the same.
    """
    course = _fixed_course(step)
    per_day = course.per_day
    origins = np.arange(3 * per_day, course.past.count + 1, per_day + per_day // 8)
    found: dict[Quantity, list[float]] = {}
    for quantity in QUANTITIES:
        rows = ROWS[quantity](course, origins, per_day)
        inputs = np.nan_to_num(rows.inputs.reshape(-1, rows.inputs.shape[-1]), nan=-1.0)
        columns = np.concatenate([inputs.mean(axis=0), inputs.std(axis=0)])
        found[quantity] = [round(float(value), 6) for value in columns]
    return found


def mismatch(card: dict[str, Any], step: timedelta) -> str | None:
    """Return in words that the features are no longer those that a starter was taught, None where they are."""
    for quantity, now in features_seen(step).items():
        then = card["starter"]["features"][quantity]
        if len(then) != len(now) or not np.allclose(then, now, atol=MATCHES, rtol=MATCHES):
            return (
                f"{card['model_id']}: the features of {quantity} are not those that the starters were taught; "
                "make them anew with `homeagent train --starters models/starters`"
            )
    return None


def _fixed_course(step: timedelta) -> Course:
    """Return ten days that need no random numbers."""
    per_day = timedelta(days=1) // step
    grid = TimeGrid(start=datetime(2024, 3, 25, tzinfo=UTC), step=step, count=10 * per_day)
    whole = TimeGrid(start=grid.start, step=step, count=11 * per_day)
    place = Place(latitude_deg=48.0, longitude_deg=11.0, country="DE")
    calendar = local_calendar(whole, ZoneInfo("Europe/Berlin"), place)
    at = np.arange(grid.count)
    load = 0.6 + 0.4 * np.sin(at / per_day * 2 * np.pi) + 0.3 * np.sin(at * 1.7) ** 2
    pv = 4 * np.maximum(calendar.sun_height[: grid.count], 0) * (0.6 + 0.4 * np.sin(at * 0.9 / per_day * 5))
    return course_of(History(grid=grid, load_kw=load, pv_kw=pv), calendar)
