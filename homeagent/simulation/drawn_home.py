"""Who lives in a simulated home, what they own, and what is on its roof: drawn by the seed, from stated ranges.

The ranges and where they come from are in docs/simulation.md. None was fitted to a home that a target is measured on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.domain.site import BatterySpec
from homeagent.simulation.population import CLIMATES, Climate

ONE_CLOCK = ("Europe/Berlin", "Europe/Vienna", "Europe/Amsterdam", "Europe/Stockholm", "Europe/Warsaw", "Europe/Rome")
"""Places that share a clock and a day-ahead market, so that one scenario fits all of them."""
PEOPLE, SHARE_OF_HOMES = (1, 2, 3, 4, 5), (0.36, 0.31, 0.15, 0.13, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """What is plugged in. A power is 0 where the home has no such thing."""

    standby_kw: float
    fridge_kw: float
    fridge_on_min: float
    fridge_off_min: float
    freezer_kw: float
    kettle_kw: float
    kettles_a_day: float
    oven_kw: float
    hob_kw: float
    microwave_kw: float
    washer_kw: float
    washes_a_day: float
    dryer_kw: float
    dishwasher_kw: float
    hair_dryer_kw: float
    vacuum_kw: float
    screen_kw: float
    computer_kw: float
    light_kw: float
    """Of one person's lamps after dark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """The panels: their peak power, pitch and direction (0 is south, + is west), and what their inverter passes."""

    peak_kw: float
    tilt_deg: float
    azimuth_deg: float
    performance: float
    limit_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnHome:
    """All that a seed decides once; times in minutes after midnight."""

    seed: int
    climate: Climate
    people: int
    wake_min: float
    weekend_later_min: float
    away: bool
    """Whether the home is empty on workdays, from `leave_min` to `return_min`."""
    leave_min: float
    return_min: float
    dinner_min: float
    sleep_min: float
    owned: Owned
    roof: Roof
    battery: BatterySpec
    taxes_per_kwh: float
    feed_in_per_kwh: float | None
    """A fixed tariff for export; None where export earns the market's price."""


def drawn_home(seed: int) -> DrawnHome:
    """Return the home that belongs to a seed."""
    rng = np.random.default_rng([seed, 21])
    climates = [climate for climate in CLIMATES if climate.zone in ONE_CLOCK]
    people = int(rng.choice(PEOPLE, p=SHARE_OF_HOMES))
    wake = rng.uniform(345, 465)
    roof = _roof(rng)
    return DrawnHome(
        seed=seed,
        climate=climates[rng.integers(len(climates))],
        people=people,
        wake_min=wake,
        weekend_later_min=rng.uniform(30, 120),
        away=bool(rng.random() < 0.55),  # noqa: PLR2004 - a share of homes
        leave_min=wake + rng.uniform(50, 110),
        return_min=rng.uniform(930, 1110),
        dinner_min=rng.uniform(1065, 1215),
        sleep_min=rng.uniform(1320, 1430),
        owned=_owned(rng, people),
        roof=roof,
        battery=_battery(rng, roof.peak_kw),
        taxes_per_kwh=rng.uniform(0.08, 0.18),
        feed_in_per_kwh=None if rng.random() < 0.5 else rng.uniform(0.04, 0.09),  # noqa: PLR2004 - a share of homes
    )


def _owned(rng: np.random.Generator, people: int) -> Owned:
    def if_owned(share: float, low: float, high: float) -> float:
        power = rng.uniform(low, high)
        return power if rng.random() < share else 0.0

    return Owned(
        standby_kw=rng.uniform(0.03, 0.12),
        fridge_kw=rng.uniform(0.07, 0.19),
        fridge_on_min=rng.uniform(14, 24),
        fridge_off_min=rng.uniform(28, 50),
        freezer_kw=if_owned(0.4, 0.07, 0.19),
        kettle_kw=if_owned(0.95, 1.8, 3.0),
        kettles_a_day=rng.uniform(1.5, 3.0) + 0.6 * people,
        oven_kw=if_owned(0.9, 1.9, 3.2),
        hob_kw=if_owned(0.8, 1.4, 2.4),
        microwave_kw=if_owned(0.8, 0.9, 1.4),
        washer_kw=if_owned(0.95, 1.8, 2.3),
        washes_a_day=rng.uniform(0.10, 0.22) * people,
        dryer_kw=if_owned(0.42, 0.7, 2.5),
        dishwasher_kw=if_owned(0.65, 1.8, 2.3),
        hair_dryer_kw=if_owned(0.6, 1.2, 2.2),
        vacuum_kw=if_owned(0.9, 0.6, 1.2),
        screen_kw=rng.uniform(0.06, 0.16),
        computer_kw=if_owned(0.7, 0.05, 0.2),
        light_kw=rng.uniform(0.02, 0.06),
    )


def _roof(rng: np.random.Generator) -> Roof:
    peak_kw = rng.uniform(3, 10)
    return Roof(
        peak_kw=peak_kw,
        tilt_deg=rng.uniform(10, 45),
        azimuth_deg=float(np.clip(rng.normal(0, 45), -90, 90)),
        performance=rng.uniform(0.84, 0.92),
        limit_kw=peak_kw * rng.uniform(0.8, 1.0),
    )


def _battery(rng: np.random.Generator, peak_kw: float) -> BatterySpec:
    capacity_kwh = round(peak_kw * rng.uniform(0.8, 1.6), 1)
    power_kw = round(capacity_kwh * rng.uniform(0.3, 0.6), 1)
    efficiency = round(rng.uniform(0.93, 0.97), 3)
    return BatterySpec(
        capacity_kwh=capacity_kwh,
        max_charge_kw=power_kw,
        max_discharge_kw=power_kw,
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
        min_soc_kwh=round(0.05 * capacity_kwh, 2),
    )
