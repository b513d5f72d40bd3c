"""A car at its charger: the powers it can be given, and what they do to the energy that it still needs.

Energies are counted at the charger: what is still to be given, `left_kwh`, falls by power times time. Below 0 the car
has more than it was asked for, up to its room. A car that gives to the home raises it, losses counted, no further than
its floor allows.
"""

from __future__ import annotations

import math

import numpy as np

from homeagent.domain.devices import CarSpec
from homeagent.domain.grid import FloatArray

COARSEST_KW = 1.0
"""Powers to choose from lie no further apart, while there are no more than so many to a range:"""
MOST_LEVELS = 8
STOPS_KWH = 1e-9


def ranges_kw(spec: CarSpec) -> tuple[tuple[int, float, float], ...]:
    """Return what flows on each number of phases, fewest first: phases, least and most [kW].

    The least is given for the fewest phases, the most for the most of them; each phase carries the same.
    """
    fewest, most = min(spec.phases), max(spec.phases)
    found = []
    for phases in sorted(spec.phases):
        top = spec.max_charge_kw * phases / most
        found.append((phases, min(spec.min_charge_kw * phases / fewest, top), top))
    return tuple(found)


def phases_for(spec: CarSpec, power_kw: float) -> int:
    """Return on how many phases a power flows: on the fewest that carry it."""
    found = ranges_kw(spec)
    return next((phases for phases, _, top in found if abs(power_kw) <= top + STOPS_KWH), found[-1][0])


def nearest_kw(spec: CarSpec, power_kw: float) -> float:
    """Return the power that can flow and lies nearest: 0, or what a number of phases carries; - where it gives."""
    if power_kw < 0:
        return -min(-power_kw, spec.max_discharge_kw)
    within = [min(max(power_kw, low), top) for _, low, top in ranges_kw(spec)]
    return min((0.0, *within), key=lambda kw: (abs(kw - power_kw), kw))


def levels_kw(spec: CarSpec) -> FloatArray:
    """Return powers to choose from besides 0 [kW]: the most first, then down to the least, then what it gives (-)."""
    found: set[float] = set()
    for _, low, top in ranges_kw(spec):
        count = min(max(math.ceil((top - low) / COARSEST_KW) + 1, 2), MOST_LEVELS)
        found.update(np.linspace(low, top, count).tolist())
    gives = -np.linspace(1.0, 0.25, 4) * spec.max_discharge_kw if spec.max_discharge_kw > 0 else ()
    return np.array([*sorted((kw for kw in found if kw > 0), reverse=True), *gives])


def charger_kwh(spec: CarSpec, energies_kwh: FloatArray) -> FloatArray:
    """Return what energies drawn do to the need, counted at the charger: what the car gives costs it more than that."""
    losses = spec.charge_efficiency * spec.discharge_efficiency
    return np.where(energies_kwh < 0, energies_kwh / losses, energies_kwh)


def needed_kwh(spec: CarSpec, stored_kwh: float, target_kwh: float) -> float:
    """Return what the charger has to give until the car holds `target_kwh`."""
    return max(target_kwh - stored_kwh, 0.0) / spec.charge_efficiency


def gives_kwh(spec: CarSpec, stored_kwh: float | None) -> float:
    """Return what can be taken from the car above its floor, counted at the charger; 0 where its charge is unknown."""
    if stored_kwh is None or spec.max_discharge_kw <= 0:
        return 0.0
    return max(stored_kwh - spec.min_soc_kwh, 0.0) / spec.charge_efficiency


def drawn_kwh(spec: CarSpec, left_kwh: float, energy_kwh: float, *, lowest_kwh: float, highest_kwh: float) -> float:
    """Return what is really drawn of an energy that is offered (or asked, -): it stops when full, or at its floor."""
    if energy_kwh >= 0:
        return min(energy_kwh, max(left_kwh - lowest_kwh, 0.0))
    losses = spec.charge_efficiency * spec.discharge_efficiency
    return -min(-energy_kwh, max(highest_kwh - left_kwh, 0.0) * losses)


def left_after_kwh(spec: CarSpec, left_kwh: float, drawn: float) -> float:
    """Return the need after `drawn` kWh flowed."""
    return left_kwh - (drawn if drawn >= 0 else drawn / (spec.charge_efficiency * spec.discharge_efficiency))
