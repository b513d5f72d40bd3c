"""Guards that no plan of a house may cross: whether they can still be held, told exactly.

Nothing makes the house warmer at any time than the course on which the machine does all it can for it, and from any
other state that course differs by what is left of the difference (the house is linear). So a state is safe if, from
it, that course stays within the guard wherever it does so from the start; and from a safe state there is always a
safe next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.devices.house_heat import course, house_step
from homeagent.domain.devices import HouseModel
from homeagent.domain.grid import BoolArray, FloatArray

_NEAR_K = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guard:
    """One guard: `sign` is 1 where the air must stay above `at_c`, -1 where below.

    `air_c` and `mass_c` (count + 1,) are the course that helps most, `held` where it stays within the guard, `calm`
    from where on it leads away from the guard whatever the state, so that a state within it is safe;
    `left_air` and `left_mass` (count + 1,) say what is left of a difference in the air's after so many slots.
    """

    sign: float
    at_c: float
    air_c: FloatArray
    mass_c: FloatArray
    held: BoolArray
    calm: BoolArray
    left_air: FloatArray
    left_mass: FloatArray

    def surely_safe(self, edge: int, *ends_c: float) -> bool:
        """Return whether all states whose temperatures lie between these are safe, where that is seen at once."""
        if not self.calm[edge]:
            return False
        return min(ends_c) >= self.at_c if self.sign > 0 else max(ends_c) <= self.at_c

    def safe(self, edge: int, air_c: FloatArray, mass_c: FloatArray) -> BoolArray:
        """Return which states at an edge are safe, shape (n,)."""
        ahead = len(self.air_c) - edge
        air = (air_c - self.air_c[edge])[:, None] * self.left_air[:ahead]
        mass = (mass_c - self.mass_c[edge])[:, None] * self.left_mass[:ahead]
        inside = self.sign * (self.air_c[edge:] + air + mass - self.at_c) >= -_NEAR_K
        safe: BoolArray = (inside | ~self.held[edge:]).all(axis=1)
        return safe


def guards_of(
    model: HouseModel,
    start_c: tuple[float, float],
    rests_c: FloatArray,
    hours: float,
    limits_c: tuple[float, float],
) -> tuple[Guard, ...]:
    """Return the guards that some course from `start_c` (air, mass) crosses; `rests_c` is (count, levels).

    The low guard, against frost, comes first: where both cannot be held it is the one that counts.
    """
    coolest = course(model, *start_c, rests_c.min(axis=1), hours)
    warmest = course(model, *start_c, rests_c.max(axis=1), hours)
    left = _left(model, len(rests_c), hours)
    found = []
    for sign, at_c, helps, harms, rests in (
        (1.0, limits_c[0], warmest, coolest, rests_c.max(axis=1)),
        (-1.0, limits_c[1], coolest, warmest, rests_c.min(axis=1)),
    ):
        if (sign * (harms[0] - at_c) < 0).any():
            away = np.concatenate([sign * (rests - at_c) >= 0, [True]])
            found.append(
                Guard(
                    sign=sign,
                    at_c=at_c,
                    air_c=helps[0],
                    mass_c=helps[1],
                    held=sign * (helps[0] - at_c) >= -_NEAR_K,
                    calm=np.logical_and.accumulate(away[::-1])[::-1],
                    left_air=left[0],
                    left_mass=left[1],
                )
            )
    return tuple(found)


def _left(model: HouseModel, count: int, hours: float) -> tuple[FloatArray, FloatArray]:
    """Return what a degree of the air, and one of the mass, leave in the air after 0, 1, ... slots."""
    step = house_step(model, hours)
    one = np.array([[step.air_air, step.air_mass], [step.mass_air, step.mass_mass]])
    row = np.array([1.0, 0.0])
    rows = np.empty((count + 1, 2))
    for edge in range(count + 1):
        rows[edge] = row
        row = row @ one
    if not step.air_mass:
        rows[:, 1] = 0.0
    return rows[:, 0], rows[:, 1]
