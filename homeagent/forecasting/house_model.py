"""A house's heat, learned from its own room temperature, the weather and the heat put into it.

The numbers are those that tell the room best over the next day, all of it, from what came in (output error, as in
Bacher and Madsen, "Identifying suitable models for the heat dynamics of buildings", Energy and Buildings 43, 2011; here
over windows of a day, in which readings' noise cannot hide as it does from one step to the next). One node or two is
chosen on the last third, which neither was fitted to. Heat is power times the coefficient of performance as believed:
if that is off by a factor, so are the house's numbers, and a plan of power is the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from homeagent.devices.house_heat import house_step, modes_of
from homeagent.domain.devices import HouseModel
from homeagent.domain.grid import FloatArray
from homeagent.forecasting.house_windows import (
    LEADS_H,
    PINNED,
    Fitted,
    Prior,
    Windows,
    bridged,
    clean,
    fitted,
    windows_of,
)

LEAST_WINDOWS, LEAST_HEATED = 20, 8
"""Of 24 hours, begun every 12: fewer show nothing."""
LEAST_MOVED_K = 0.25
EVERY_H = 12.0
LEARNED_SHARE = 2 / 3
TWO_NODES_GAIN = 0.97
"""A second node stays if it leaves no more than this of the error of one."""
MOST_ERROR = 0.5
"""Of the loss and of the capacity: relative standard errors above it say nothing."""
MOST_CONDITION = 3e4
BETTER_THAN_NOW = 0.9
"""Of the error of saying that the room stays as it is: a model that leaves more is none, unless that is little."""
GOOD_K = 0.4
BELIEVED_HOURS = (4.0, 600.0)
BELIEVED_LOSS_KW_PER_K = (0.01, 3.0)
USUAL_MISS_K = 1.0
"""More than a miss is: those of one day hang together, and are no more than a few readings."""
_LEAST_HEAT_KW = 0.05

_PRIOR = Prior(
    # log of loss over air [1/h], of exchange over air [1/h], of mass over exchange [h], of 1 over air [K/kWh];
    # sun [m2], gains [kW]. A thermostat heats less while people and appliances heat more, so that heat alone seems to
    # do little: what is known of gains beforehand (3,000 kWh a year, people of 80 W) keeps the balance honest.
    mean=np.array([math.log(0.06), math.log(0.5), math.log(8.0), math.log(0.4), 3.0, 0.4]),
    spread=np.array([1.2, 1.0, 0.8, 1.2, 4.0, 0.2]),
)
_EXCHANGE, _MASS, _SUN = 1, 2, 4
_NO_MASS = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HouseHistory:
    """What was measured in slots of `hours`, shape (count,), NaN where it was not.

    `air_c` is read at a slot's start; outdoor temperature, sun [kW/m2] and heat put in (- where taken out) are means.
    """

    hours: float
    air_c: FloatArray
    outdoor_c: FloatArray
    sun_kw_m2: FloatArray
    heat_kw: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseFit:
    """A house as learned: errors of its loss and its capacity as fractions, and the error of a day ahead.

    `error_k` and `now_error_k` are root mean squares over the last third of the windows, 24 hours ahead: of the model,
    told the weather and the heat, and of saying that the room stays as it is.
    """

    model: HouseModel
    nodes: int
    windows: int
    loss_error: float
    capacity_error: float
    error_k: float
    now_error_k: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NotIdentified:
    """Why nothing can be said of a house yet; whoever asked keeps to careful set-points."""

    reason: str


def identified(history: HouseHistory) -> HouseFit | NotIdentified:
    """Return the house that the history shows, or why it shows none."""
    known = _cleaned(history)
    every = windows_of(known.air_c, np.stack([known.outdoor_c, known.sun_kw_m2, known.heat_kw]), known.hours, EVERY_H)
    count = len(every.begins)
    if count < LEAST_WINDOWS:
        return NotIdentified(reason=f"only {count} spans of 24 hours are measured, {LEAST_WINDOWS} are needed")
    moved_k = float(np.ptp(every.ahead(known.air_c), axis=1).max())
    if moved_k < LEAST_MOVED_K:
        return NotIdentified(reason=f"its thermometer has moved by {moved_k:.1f} K in a day at most")
    heat_kw = np.abs(every.ahead(known.heat_kw))
    heated = int((heat_kw.mean(axis=1) > _LEAST_HEAT_KW).sum())
    if heated < LEAST_HEATED:
        return NotIdentified(reason=f"it ran on {heated} of {count} spans only, {LEAST_HEATED} are needed")
    split = round(count * LEARNED_SHARE)
    first, last = every.some(np.arange(split)), every.some(np.arange(split, count))
    errors = [_error_k(known, last, _fit(known, first, nodes).numbers) for nodes in (1, 2)]
    nodes = 2 if errors[1] <= TWO_NODES_GAIN * errors[0] else 1
    now_error_k = float(np.sqrt(np.mean((known.air_c[last.begins + last.slots] - known.air_c[last.begins]) ** 2)))
    fit = _fit(known, every, nodes)
    model = replace(_model(fit.numbers), error_k_24h=errors[nodes - 1])
    found = HouseFit(
        model=model,
        nodes=nodes,
        windows=count,
        loss_error=float(fit.errors[0]),
        capacity_error=float(fit.errors[3]),
        error_k=errors[nodes - 1],
        now_error_k=now_error_k,
    )
    doubt = _doubt(found, fit)
    return found if doubt is None else NotIdentified(reason=doubt)


def _cleaned(history: HouseHistory) -> HouseHistory:
    sun = history.sun_kw_m2
    return replace(
        history,
        air_c=clean(history.air_c, history.hours),
        outdoor_c=bridged(history.outdoor_c, history.hours),
        sun_kw_m2=np.zeros_like(sun) if np.isnan(sun).all() else bridged(sun, history.hours),
    )


def _model(numbers: FloatArray) -> HouseModel:
    """Return the house of fitted numbers."""
    loss, exchange, mass_h, per_kwh = (float(one) for one in np.exp(numbers[:4]))
    one_node = exchange <= _NO_MASS
    return HouseModel(
        air_kwh_per_k=1 / per_kwh,
        out_kw_per_k=loss / per_kwh,
        mass_kw_per_k=0.0 if one_node else exchange / per_kwh,
        mass_kwh_per_k=0.0 if one_node else exchange * mass_h / per_kwh,
        sun_m2=max(float(numbers[4]), 0.0),
        gains_kw=float(numbers[5]),
    )


def air_ahead(model: HouseModel, history: HouseHistory, windows: Windows) -> FloatArray:
    """Return the air temperature at the end of each slot of each window, (windows, slots), told weather and heat."""
    step = house_step(model, windows.hours)
    warmth = model.sun_m2 * history.sun_kw_m2 + model.gains_kw + history.heat_kw
    rests = windows.ahead(history.outdoor_c + warmth / model.out_kw_per_k)
    air = history.air_c[windows.begins]
    one_node = not model.mass_kwh_per_k
    mass = air if one_node else windows.mass_c(model.mass_kwh_per_k / model.mass_kw_per_k)
    found = np.empty_like(rests)
    for slot in range(windows.slots):
        after, behind = step.after(air, mass, rests[:, slot])
        air, mass = np.asarray(after), np.asarray(behind)
        found[:, slot] = air
    return found


def _fit(history: HouseHistory, windows: Windows, nodes: int) -> Fitted:
    prior = _PRIOR
    if nodes == 1:
        # without the exchange the mass is not there, and the air holds what the house holds
        mean, spread = prior.mean.copy(), prior.spread.copy()
        mean[[0, 3]] = math.log(0.02), math.log(0.12)
        mean[_EXCHANGE], spread[[_EXCHANGE, _MASS]] = math.log(_NO_MASS) - 1, PINNED
        prior = Prior(mean=mean, spread=spread)
    if not history.sun_kw_m2.any():
        mean, spread = prior.mean.copy(), prior.spread.copy()
        mean[_SUN], spread[_SUN] = 0.0, PINNED
        prior = Prior(mean=mean, spread=spread)
    leads = np.array([max(round(lead / windows.hours), 1) for lead in LEADS_H]) - 1
    truth = windows.ahead(np.append(history.air_c[1:], np.nan))[:, leads]
    return fitted(
        lambda numbers: air_ahead(_model(numbers), history, windows)[:, leads] - truth,
        prior,
        prior.mean,
        USUAL_MISS_K,
    )


def _error_k(history: HouseHistory, windows: Windows, numbers: FloatArray) -> float:
    miss = air_ahead(_model(numbers), history, windows)[:, -1] - history.air_c[windows.begins + windows.slots]
    return float(np.sqrt(np.mean(miss**2)))


def _doubt(found: HouseFit, fit: Fitted) -> str | None:
    """Return why a fit is not to be believed, None if it is."""
    model = found.model
    hours = 1 / modes_of(model).slow_per_h
    if found.loss_error > MOST_ERROR or found.capacity_error > MOST_ERROR:
        worst = max(found.loss_error, found.capacity_error)
        return f"what the house holds and loses cannot be told apart yet: they may be off by {worst:.0%}"
    if fit.condition > MOST_CONDITION:
        return "the house was heated too evenly to tell what it holds and what it loses"
    if not BELIEVED_HOURS[0] <= hours <= BELIEVED_HOURS[1]:
        return f"a house that cools down in {hours:.0f} h is not believed"
    if not BELIEVED_LOSS_KW_PER_K[0] <= model.out_kw_per_k <= BELIEVED_LOSS_KW_PER_K[1]:
        return f"a house that loses {model.out_kw_per_k:.2g} kW per degree is not believed"
    if found.error_k > max(BETTER_THAN_NOW * found.now_error_k, GOOD_K):
        return (
            f"a day ahead it is off by {found.error_k:.2f} K, saying that nothing changes by {found.now_error_k:.2f} K"
        )
    return None
