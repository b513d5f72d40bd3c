"""How a home without a model of its own begins: with the shipped starter, as far as it proves good."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from homeagent.agent.model_shelf import loaded
from homeagent.domain.grid import FloatArray
from homeagent.forecasting.features import Course
from homeagent.forecasting.first_day import Usual, usual_kw
from homeagent.forecasting.learned import Quantity
from homeagent.learning.model import Model
from homeagent.learning.model_files import ModelFileError
from homeagent.learning.pupil import Pupil
from homeagent.learning.registry import FLOOR, Registry
from homeagent.learning.runtime import Runtime
from homeagent.learning.serving import ExportError
from homeagent.learning.starters import first_days, is_starter, starter_id, starters_folder
from homeagent.learning.training import measured_days

_LOGGER = logging.getLogger(__name__)

WHY = "a starter, taught by simulated homes, serves until this home has taught a student of its own"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """A starter's model and pupils, and what homes usually do on their first day; empty where there is none."""

    model: Model | None = None
    pupils: Mapping[Quantity, Pupil] = field(default_factory=dict)
    usual: Mapping[Quantity, Usual] = field(default_factory=dict)
    trouble: str | None = None


def start_with(runtime: Runtime, ahead: int, step: timedelta) -> Start:
    """Return the starter for forecasts in slots of `step`, read and checked."""
    folder = starters_folder()
    if folder is None or not (folder / starter_id(step)).is_dir():
        return Start()
    home = folder / starter_id(step)
    try:
        model, pupils = loaded(home, runtime, ahead, step)
        usual = first_days(home)
    except (ModelFileError, ExportError) as error:
        _LOGGER.warning("the starter is not used: %s", error)
        return Start(trouble=f"the starter is not used: {error}")
    for pupil in pupils.values():
        pupil.student = replace(pupil.student, marks=None)  # those were simulated homes', not this one's
    return Start(model=model, pupils=pupils, usual=usual)


def may_begin(registry: Registry | None) -> bool:
    """Whether a starter may serve: nothing was ever decided about this home's models.

    Where the floor serves because somebody, or a challenge, went back to it, it goes on serving.
    """
    return registry is None or (registry.serving == FLOOR and not registry.events)


def first_day_kw(usual: Mapping[Quantity, Usual], course: Course) -> dict[Quantity, FloatArray]:
    """Return the quantiles of a home with less than a day behind it, nothing for any other."""
    if not usual or measured_days(course) >= 1:
        return {}
    said = {quantity: usual_kw(quantity, table, course) for quantity, table in usual.items()}
    return {quantity: kw for quantity, kw in said.items() if kw is not None}


def rivals_of(model: Model | None, pupils: Mapping[Quantity, Pupil]) -> dict[Quantity, Pupil]:
    """Return those that a home's own student must beat: a starter only once its nights here were judged.

    A home that comes with weeks of history is not a starter's business: there the floor is the measure.
    """
    starter = model is not None and is_starter(model.model_id)
    return {quantity: pupil for quantity, pupil in pupils.items() if not starter or pupil.skill is not None}


def proven(pupils: Mapping[Quantity, Pupil]) -> dict[Quantity, Pupil]:
    """Return those that were better than the floor in this home's last nights."""
    return {
        quantity: pupil
        for quantity, pupil in pupils.items()
        if pupil.skill is not None and pupil.skill.pinball_kw < pupil.skill.floor_pinball_kw
    }


def to_be_kept(model: Model, pupils: Mapping[Quantity, Pupil]) -> bool:
    """Whether a model is written beside the home: a starter only once the nights of each student here were judged."""
    seen = (pupil.skill is not None and len(pupil.sample) > 0 for pupil in pupils.values())
    return not is_starter(model.model_id) or all(seen)
