"""What is asked of heating, cooling and hot water, and of what has to run so many hours a day. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.devices import DeviceState, HeatSpec, HoursSpec, HouseModel, TankSpec
from homeagent.domain.grid import BoolArray, FloatArray, IntArray, TimeGrid
from homeagent.domain.tasks import HeatTask, HoursTask, TankTask
from homeagent.domain.wishes import HoursWish, TankWish
from homeagent.forecasting.comfort import ComfortBand

MINUTE, A_DAY = timedelta(minutes=1), timedelta(days=1)
LONG_MIN = 1e9
"""As long as a device can have been as it is, where nobody knows."""
RUNS_KW = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Around:
    """What a house feels in each slot, each of shape (count,)."""

    outdoor_c: FloatArray
    sun_kw_m2: FloatArray
    gains_kw: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a device has run so far: on or off, for how many minutes, begun how often today."""

    on: bool
    minutes_so: float
    starts_today: int


def heat_task(
    spec: HeatSpec, model: HouseModel, air_c: float, mass_c: float, comfort: ComfortBand, around: Around, course: Course
) -> HeatTask:
    """Return the task of a house whose model is known."""
    return HeatTask(
        spec=spec,
        model=model,
        air_c=air_c,
        mass_c=mass_c,
        outdoor_c=around.outdoor_c,
        sun_kw_m2=around.sun_kw_m2,
        gains_kw=around.gains_kw,
        low_c=comfort.low_c,
        high_c=comfort.high_c,
        discomfort_per_kh=comfort.discomfort_per_kh,
        on=course.on,
        minutes_so=course.minutes_so,
        starts_today=course.starts_today,
    )


def tank_task(
    spec: TankSpec,
    wish: TankWish,
    water_c: float,
    drawn: tuple[FloatArray, FloatArray],
    outdoor_c: FloatArray,
    course: Course,
    grid: TimeGrid,
    hot_at: datetime | None,
) -> TankTask:
    """Return the task of a tank; `drawn` is what is expected and the most, `hot_at` when it last was hot enough.

    A tank that was never seen hot is due within the interval from now, not at once. One that does not get there,
    whatever its sheet says, is tried for a day, and then once every other day: it is not kept hot in vain.
    """
    due: int | None = None
    if spec.hygiene_every is not None:
        due_at = (grid.start if hot_at is None else hot_at) + spec.hygiene_every
        late = grid.start - due_at
        if late > timedelta(0) and late % (2 * A_DAY) >= A_DAY:
            due_at = grid.start + 2 * A_DAY - late % (2 * A_DAY)
        slot = max((due_at - grid.start) // grid.step - 1, 0)
        due = slot if slot < grid.count else None
    return TankTask(
        spec=spec,
        water_c=water_c,
        drawn_kwh=drawn[0],
        drawn_high_kwh=drawn[1],
        outdoor_c=outdoor_c,
        cold_per_kwh=wish.cold_per_kwh or 0.0,
        hygiene_by=due,
        on=course.on,
        minutes_so=course.minutes_so,
        starts_today=course.starts_today,
    )


def hours_task(
    spec: HoursSpec, wish: HoursWish, run_today_h: float, course: Course, grid: TimeGrid, timezone: ZoneInfo
) -> HoursTask:
    """Return the hours that are owed: of today what is left, of the last day as much as lies within the grid."""
    day, minute = local_days(grid, timezone)
    allowed = _between(minute, spec.from_min, spec.until_min)
    days = int(day[-1]) + 1
    owed = np.full(days, spec.hours_per_day)
    owed[0] = max(spec.hours_per_day - run_today_h, 0.0)
    if days > 1:  # the last day is not over at the grid's end: so much of it as the grid has of its hours
        whole = _between(np.arange(1440), spec.from_min, spec.until_min).sum() / 60
        inside = float((allowed & (day == days - 1)).sum()) * grid.step_hours
        owed[-1] *= min(inside / whole, 1.0) if whole else 0.0
    return HoursTask(
        spec=spec,
        day=day,
        allowed=allowed,
        owed_hours=owed,
        missing_per_hour=wish.missing_per_hour or 0.0,
        on=course.on,
        minutes_so=course.minutes_so,
    )


def local_days(grid: TimeGrid, timezone: ZoneInfo) -> tuple[IntArray, IntArray]:
    """Return the local day of each slot, from 0, and the minutes after its midnight at which the slot starts."""
    local = [at.astimezone(timezone) for at in grid.starts()]
    first: date = local[0].date()
    day = np.array([(at.date() - first).days for at in local], dtype=np.int_)
    return day, np.array([at.hour * 60 + at.minute for at in local], dtype=np.int_)


def _between(minute: IntArray, from_min: int, until_min: int) -> BoolArray:
    """Return which minutes of the day lie in a window, which may reach over midnight."""
    if from_min <= until_min:
        return (minute >= from_min) & (minute < until_min)
    return (minute >= from_min) | (minute < until_min)


def course_of(state: DeviceState, starts_today: int) -> Course:
    """Return how a device runs, from how it stands."""
    on = state.on if state.on is not None else (state.power_kw or 0.0) > RUNS_KW
    minutes = LONG_MIN if state.since is None else max((state.at - state.since) / MINUTE, 0.0)
    return Course(on=on, minutes_so=minutes, starts_today=starts_today)
