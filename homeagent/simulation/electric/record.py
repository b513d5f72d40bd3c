"""Keeps minutes of a home, and makes each day's truth of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from homeagent.simulation.electric.comfort import felt_on
from homeagent.simulation.electric.days import ElectricDay
from homeagent.simulation.electric.drawn_electric import ElectricHome
from homeagent.simulation.electric.house import House
from homeagent.simulation.electric.layered_tank import KWH_PER_LITRE_K
from homeagent.simulation.electric.truth import DayTruth, HomeTruth

MINUTE_H = 1 / 60
HOUR_MIN = 60
STORED_EFFICIENCY = 0.9
"""What a kWh in the car or the battery took, or is worth, roughly."""
TANK_COP = 2.8
WHOLE_DAY_MIN = 23 * 60


class Recorder:
    """Collects what happens; days that were not lived whole are left out."""

    def __init__(self, drawn: ElectricHome) -> None:
        self._drawn = drawn
        self._minutes: list[tuple[float, ...]] = []
        self._days: list[DayTruth] = []
        self._prices: list[float] = []
        self._counts: dict[str, float] = {}
        self._starts: dict[str, int] = {}
        self._held_kwh = 0.0

    def begin(self, house: House, battery_kwh: float) -> None:
        """Count from here on: what was before is the past."""
        self._minutes.clear()
        self._days.clear()
        self._prices.clear()
        self._counts, self._starts = self._counted(house), house.starts()
        house.departures.clear()
        house.runs.clear()
        self._held_kwh = self._held(house, battery_kwh)

    def minute(self, house: House, load_kw: float, pv_kw: float, grid_kw: float) -> None:
        """Keep a minute."""
        building = house.building
        self._minutes.append(
            (load_kw, pv_kw, grid_kw, building.living.air_c, building.sleeping.air_c, *house.powers.values())
        )

    def end_of_day(self, day: ElectricDay, house: House) -> None:
        """Make the day's truth, if the whole day was lived."""
        minutes, self._minutes = np.array(self._minutes), []
        counted, starts = self._counted(house), house.starts()
        departures, runs = tuple(house.departures), tuple(house.runs)
        hygienic, house.hygienic = house.hygienic, False
        house.departures.clear()
        house.runs.clear()
        if len(minutes) == day.minutes:
            deltas = {name: value - self._counts.get(name, 0.0) for name, value in counted.items()}
            switches = {name: count - self._starts.get(name, 0) for name, count in starts.items()}
            truth = self._truth_of(day, minutes, tuple(house.powers), deltas, switches)
            self._days.append(replace(truth, hygiene=hygienic, departures=departures, runs=runs))
            self._prices.append(float(np.mean(day.import_per_kwh)))
        self._counts, self._starts = counted, starts

    def truth(self, house: House, battery_kwh: float) -> HomeTruth:
        """Return what happened, with what is left in the stores."""
        left = self._held(house, battery_kwh) - self._held_kwh
        price = float(np.mean(self._prices)) if self._prices else 0.0
        return HomeTruth(
            home=f"simulated home {self._drawn.seed}",
            hvac=self._drawn.hvac,
            days=tuple(self._days),
            left_kwh=left,
            left_worth=left * price,
        )

    def _held(self, house: House, battery_kwh: float) -> float:
        """Return what the stores are worth in kWh of electricity: battery, car, and the tank above cold water."""
        tank = house.tank
        cop = TANK_COP if tank.spec.heat_pump else 1.0
        warm = tank.spec.litres * KWH_PER_LITRE_K * (tank.mean_c - self._drawn.cold_water_c) / cop
        return float(battery_kwh * STORED_EFFICIENCY + house.garage.car.stored_kwh / STORED_EFFICIENCY + warm)

    @staticmethod
    def _counted(house: House) -> dict[str, float]:
        return {
            "overrides": house.overrides,
            "boosts": house.boosts,
            "showers": house.showers,
            "cold_showers": house.cold_showers,
            "guard_min": house.guard_min,
            "cold_water_kwh": house.cold_water_kwh,
            "pool_hours": house.pool_min / HOUR_MIN,
        }

    def _truth_of(
        self,
        day: ElectricDay,
        minutes: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
        names: tuple[str, ...],
        deltas: dict[str, float],
        switches: dict[str, int],
    ) -> DayTruth:
        load, pv, grid, living, sleeping = minutes[:, :5].T
        energy = dict(zip(names, (minutes[:, 5:].sum(axis=0) * MINUTE_H).tolist(), strict=True))
        energy["base"] = float(load.sum() * MINUTE_H) - sum(energy.values())
        buys, sells = (np.repeat(price, HOUR_MIN) for price in (day.import_per_kwh, day.export_per_kwh))
        imports, exports = np.maximum(grid, 0), np.maximum(-grid, 0)
        felt = felt_on(self._drawn, day.people, living, sleeping)
        pool = self._drawn.pool
        return DayTruth(
            day=day.day,
            energy_kwh=energy,
            pv_kwh=float(pv.sum() * MINUTE_H),
            import_kwh=float(imports.sum() * MINUTE_H),
            export_kwh=float(exports.sum() * MINUTE_H),
            cost=float((imports @ buys - exports @ sells) * MINUTE_H),
            cold_kh=felt.cold_kh,
            hot_kh=felt.hot_kh,
            cold_asleep_kh=felt.cold_asleep_kh,
            hot_asleep_kh=felt.hot_asleep_kh,
            awake_hours=felt.awake_hours,
            household_cold_kh=felt.household_cold_kh,
            household_hot_kh=felt.household_hot_kh,
            household_hours=felt.household_hours,
            cold_water_kwh=deltas["cold_water_kwh"],
            showers=int(deltas["showers"]),
            cold_showers=int(deltas["cold_showers"]),
            overrides=int(deltas["overrides"]),
            boosts=int(deltas["boosts"]),
            guard_min=int(deltas["guard_min"]),
            switches=switches,
            hygiene=False,
            pool_hours_short=0.0 if pool is None else max(pool.hours_per_day - deltas["pool_hours"], 0.0),
            air_c=(float(living.min()), float(living.mean()), float(living.max())),
            outdoor_c=float(np.mean(day.sky.out_c)),
        )
