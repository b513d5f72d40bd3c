"""A room's temperature a day ahead where only thermometers and the set-point are known: house and thermostat together.

Nothing here measures the heat, so the thermostat that gives it is learned along with the house: heat in proportion to
what the room lacks, and to how cold it is outdoors (a heating curve), from nothing to the most. What the house is like
is fitted to the last month each week; what was missed of late is carried on, as far as that has paid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from homeagent.devices.house_heat import house_step
from homeagent.domain.devices import HouseModel
from homeagent.domain.grid import BoolArray, FloatArray, IntArray
from homeagent.forecasting.house_windows import LEADS_H, Prior, Windows, clean, fitted, held, windows_of

LEARN_H, RENEW_H, EVERY_H = 30 * 24.0, 7 * 24.0, 5.0
LEAST_WINDOWS = 40
CARRY_H, CARRY_RIDGE_K2H, CARRY_MOST_K = 60 * 24.0, 100.0, 1.0
"""How long misses are looked back on, how reluctantly they are carried on, and what of one counts at most."""
LATELY_H = 6.0
DEAF_K, DEAF_H = 3.0, 12.0
"""A room so far below its set-point for so long is not being heated, whatever the set-point says."""
OFF_C = 5.0
"""A set-point below means off."""
_SUBSTEP_H = 0.5

_PRIOR = Prior(
    # log of loss [1/h], of exchange [1/h], of mass [h]; gains [K/h]; log of heat per lacking degree [1/h], how far the
    # set-point is off [K], log of heat per degree of cold [1/h], of the most heat [K/h]; gains by the hour
    mean=np.array(
        [math.log(0.02), math.log(0.3), math.log(20), 0.05, math.log(0.5), 0, math.log(0.01), math.log(1.5), 0, 0]
    ),
    spread=np.array([0.7, 0.7, 0.7, 0.2, 1.0, 1.0, 1.0, 0.7, 0.2, 0.2]),
)
_USUAL_MISS_K = 0.8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomHistory:
    """What was read at each slot of `hours`, shape (count,), NaN where nothing was; the first at `begin_h` UTC."""

    hours: float
    begin_h: float
    air_c: FloatArray
    outdoor_c: FloatArray
    wanted_c: FloatArray

    @property
    def hour(self) -> FloatArray:
        """The hours of the day (UTC), for the sun."""
        return np.asarray((self.begin_h + np.arange(len(self.air_c)) * self.hours) % 24)


def room_ahead(history: RoomHistory, *, weather_known: bool = True, wanted_known: bool = True) -> FloatArray:
    """Return what was said at each slot of the temperature 24 hours later, walking forward; NaN before the first month.

    What is said at a slot knows readings up to it. With `weather_known` it is told the outdoor temperature of the next
    24 hours (a perfect weather forecast), else it takes the last 24 again; with `wanted_known` it is told the
    set-points to come, else the present one stays.
    """
    known = _cleaned(history)
    begins = np.arange(len(known.air_c))
    told = _Told.of(known, weather_known=weather_known, wanted_known=wanted_known)
    truth = _Told.of(known, weather_known=True, wanted_known=True)
    learn, renew = round(LEARN_H / known.hours), round(RENEW_H / known.hours)
    inputs = np.stack([known.outdoor_c, known.wanted_c])
    windows = windows_of(known.air_c, inputs, known.hours, EVERY_H)
    slots, past = windows.slots, windows.past_c.shape[1]
    behind = np.maximum(begins[:, None] - np.arange(past), 0)
    said, numbers = np.full(len(begins), np.nan), _PRIOR.mean
    for now in range(learn, len(begins), renew):
        seen = (windows.begins >= now - learn) & (windows.begins + slots < now)
        if seen.sum() >= LEAST_WINDOWS:
            numbers = _learned(known, windows.some(np.flatnonzero(seen)), truth, numbers)
        ahead = begins[now : min(now + renew, len(begins) - slots)]
        ahead = ahead[~np.isnan(history.air_c[ahead]) & ~np.isnan(known.air_c[behind[ahead]]).any(axis=1)]
        if len(ahead):
            each = Windows(begins=ahead, past_c=known.air_c[behind[ahead]], slots=slots, hours=known.hours)
            said[ahead] = _simulated(numbers, known, each, told)[:, -1]
    return _carried_on(known, said, slots)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Told:
    """What a forecast is told of outdoors and of set-points over its slots, by the slot it begins at."""

    outdoor_c: FloatArray
    wanted_c: FloatArray
    deaf: BoolArray
    repeat_weather: bool
    keep_wanted: bool

    @classmethod
    def of(cls, history: RoomHistory, *, weather_known: bool, wanted_known: bool) -> _Told:
        return cls(
            outdoor_c=history.outdoor_c,
            wanted_c=history.wanted_c,
            deaf=_deaf(history),
            repeat_weather=not weather_known,
            keep_wanted=not wanted_known,
        )

    def ahead(self, windows: Windows) -> tuple[FloatArray, FloatArray]:
        """Return outdoor temperatures and set-points, (windows, slots)."""
        slots = windows.begins[:, None] + np.arange(windows.slots)
        outdoor_c = self.outdoor_c[np.maximum(slots - windows.slots, 0) if self.repeat_weather else slots]
        wanted_c = self.wanted_c[windows.begins[:, None] + 0 * slots if self.keep_wanted else slots]
        return outdoor_c, np.where(self.deaf[windows.begins, None], 0.0, wanted_c)


def _cleaned(history: RoomHistory) -> RoomHistory:
    return RoomHistory(
        hours=history.hours,
        begin_h=history.begin_h,
        air_c=clean(history.air_c, history.hours),
        outdoor_c=held(history.outdoor_c, history.hours),
        wanted_c=held(history.wanted_c, history.hours),
    )


def _deaf(history: RoomHistory) -> BoolArray:
    """Return the slots at which the room has long been far below its set-point."""
    return np.asarray(_lately(history.wanted_c - history.air_c, round(DEAF_H / history.hours)) > DEAF_K)


def _lately(values: FloatArray, slots: int) -> FloatArray:
    """Return the mean over the last slots up to each, of what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    total = np.concatenate([np.zeros(slots), np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([np.zeros(slots), np.cumsum(known)])
    seen = count[slots:] - count[:-slots]
    return np.where(seen > 0, (total[slots:] - total[:-slots]) / np.maximum(seen, 1), np.nan)


def _simulated(numbers: FloatArray, history: RoomHistory, windows: Windows, told: _Told) -> FloatArray:
    """Return the air at each slot's end, (windows, slots), per kWh/K of air: only ratios are known without a meter."""
    loss, exchange, mass_h, per_k, per_cold, most = np.exp(numbers[[0, 1, 2, 4, 6, 7]])
    gains, off_k, by_sine, by_cosine = numbers[[3, 5, 8, 9]]
    model = HouseModel(air_kwh_per_k=1.0, out_kw_per_k=loss, mass_kw_per_k=exchange, mass_kwh_per_k=exchange * mass_h)
    parts = max(round(windows.hours / _SUBSTEP_H), 1)
    step = house_step(model, windows.hours / parts)
    outdoor_c, wanted_c = told.ahead(windows)
    turn = (history.hour[windows.begins][:, None] + np.arange(windows.slots) * windows.hours) / 12 * math.pi
    free = gains + by_sine * np.sin(turn) + by_cosine * np.cos(turn)
    curve = per_k * off_k + per_cold * (wanted_c - outdoor_c)
    may = np.where(wanted_c < OFF_C, 0.0, most)
    air, mass = history.air_c[windows.begins], windows.mass_c(float(mass_h))
    # the thermostat answers within the step: what it gives is damped as if it saw the step's end
    damped = per_k / (1 + per_k * windows.hours / parts)
    found = np.empty_like(outdoor_c)
    for slot in range(windows.slots):
        for _ in range(parts):
            lacking = damped * (wanted_c[:, slot] - air) + curve[:, slot]
            heat = np.minimum(np.maximum(lacking, 0.0), may[:, slot])
            after = step.after(air, mass, outdoor_c[:, slot] + (free[:, slot] + heat) / loss)
            air, mass = np.asarray(after[0]), np.asarray(after[1])
        found[:, slot] = air
    return found


def _learned(history: RoomHistory, windows: Windows, told: _Told, begin: FloatArray) -> FloatArray:
    leads = np.array([max(round(lead / history.hours), 1) for lead in LEADS_H]) - 1
    truth = windows.ahead(np.append(history.air_c[1:], np.nan))[:, leads]
    return fitted(
        lambda numbers: _simulated(numbers, history, windows, told)[:, leads] - truth, _PRIOR, begin, _USUAL_MISS_K
    ).numbers


def _carried_on(history: RoomHistory, said: FloatArray, slots: int) -> FloatArray:
    """Return what was said, moved by the last misses and towards the present, as far as both have paid of late."""
    count = len(said)
    missed = np.full(count, np.nan)
    missed[slots:] = history.air_c[slots:] - said[: count - slots]
    signs = np.stack([missed, _lately(missed, round(LATELY_H / history.hours)), history.air_c - said])
    signs = np.clip(signs, -CARRY_MOST_K, CARRY_MOST_K)
    wrong = np.full(count, np.nan)
    wrong[: count - slots] = np.clip(history.air_c[slots:] - said[: count - slots], -CARRY_MOST_K, CARRY_MOST_K)
    usable = ~np.isnan(signs).any(axis=0)
    moved, back = said.copy(), round(CARRY_H / history.hours)
    for now in range(slots, count, slots):
        seen: IntArray = np.arange(max(now - slots - back, 0), now - slots)
        seen = seen[usable[seen] & ~np.isnan(wrong[seen])]
        if len(seen) < slots:
            continue
        pays = signs[:, seen] @ signs[:, seen].T + CARRY_RIDGE_K2H / history.hours * np.eye(len(signs))
        shares = np.linalg.solve(pays, signs[:, seen] @ wrong[seen])
        here = np.arange(now, min(now + slots, count))
        here = here[usable[here]]
        moved[here] += shares @ signs[:, here]
    return moved
