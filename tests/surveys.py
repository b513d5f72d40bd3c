"""Surveys of homes as a Home Assistant would give them: simulated powers, shown in any convention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from homeagent.domain.discovery import FoundDevice, FoundEntity
from homeagent.domain.grid import FloatArray
from homeagent.domain.survey import ConfigEntry, Means, Past, Statistic, Survey

NOW = datetime(2026, 6, 15, 11, 0, tzinfo=UTC)
HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=5)
CAPACITY_KWH, LIMIT_KW, LEAST_SOC = 10.0, 3.0, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What a home did in slots of one length, up to `NOW`; all powers flow into its bus, the load out of it."""

    step: timedelta
    grid_kw: FloatArray
    pv_kw: FloatArray
    battery_kw: FloatArray
    load_kw: FloatArray
    soc_percent: FloatArray

    def starts(self) -> list[datetime]:
        count = len(self.grid_kw)
        return [NOW - (count - k) * self.step for k in range(count)]


def lived(step: timedelta, count: int, *, seed: int = 1, pv: bool = True, battery: bool = True) -> Lived:
    """Return a home whose battery does self-consumption."""
    chance = np.random.default_rng(seed)
    hours = np.array([((NOW - (count - k) * step).hour + (NOW - (count - k) * step).minute / 60) for k in range(count)])
    load_kw = chance.uniform(0.15, 0.6, count) + 2.0 * (chance.random(count) < 0.12)
    pv_kw = np.maximum(np.sin((hours - 6) / 12 * np.pi), 0) * 4.5 * chance.uniform(0.2, 1.0, count) * pv
    battery_kw, soc_percent, kwh, length = np.zeros(count), np.zeros(count), 4.0, step / HOUR
    for k in range(count):
        wanted = float(np.clip(load_kw[k] - pv_kw[k], -LIMIT_KW, LIMIT_KW)) * battery
        room = (kwh - LEAST_SOC * CAPACITY_KWH) * 0.95 / length, (CAPACITY_KWH - kwh) / 0.95 / length
        power = min(max(wanted, -room[1]), room[0])
        before = kwh
        kwh -= (power / 0.95 if power > 0 else power * 0.95) * length
        battery_kw[k], soc_percent[k] = power, (before + kwh) / 2 / CAPACITY_KWH * 100
    return Lived(
        step=step,
        grid_kw=load_kw - pv_kw - battery_kw,
        pv_kw=pv_kw,
        battery_kw=battery_kw,
        load_kw=load_kw,
        soc_percent=soc_percent,
    )


def means(of: Lived, values: FloatArray) -> Means:
    return dict(zip(of.starts(), values.round(4).tolist(), strict=True))


@dataclass
class Home:
    """Collects a survey. Powers are told in kW and shown in any unit."""

    hours: Lived = field(default_factory=lambda: lived(HOUR, 14 * 24))
    minutes: Lived = field(default_factory=lambda: lived(MINUTES, 288, seed=2))
    entities: dict[str, FoundEntity] = field(default_factory=dict)
    devices: dict[str, FoundDevice] = field(default_factory=dict)
    entries: dict[str, ConfigEntry] = field(default_factory=dict)
    statistics: dict[str, Statistic] = field(default_factory=dict)
    energy: Mapping[str, Any] | None = None
    past: dict[timedelta, dict[str, Means]] = field(default_factory=lambda: {HOUR: {}, MINUTES: {}})
    related: dict[str, tuple[str, ...]] = field(default_factory=dict)
    solar_forecasts: dict[str, float] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    actions: frozenset[str] = frozenset()
    currency: str = "EUR"

    def show(self, name: str, state: str | float, unit: str | None = None, **more: Any) -> None:  # noqa: ANN401 - attributes
        """Add an entity without a past."""
        attributes = {} if unit is None else {"unit_of_measurement": unit}
        about = {key: more.pop(key) for key in ("platform", "device_id", "disabled") if key in more}
        self.entities[name] = FoundEntity(entity_id=name, state=str(state), attributes=attributes | more, **about)

    def power(
        self,
        name: str,
        of: str | Mapping[str, float],
        *,
        unit: str = "W",
        scale: float = 1,
        **more: Any,  # noqa: ANN401 - attributes
    ) -> None:
        """Add a power that shows a sum of the home's; `scale` makes what it shows wrong for its unit."""
        parts = {of: 1.0} if isinstance(of, str) else of
        for one in (self.hours, self.minutes):
            kw = sum(sign * _flow(one, part) for part, sign in parts.items()) * scale
            self.past[one.step][name] = means(one, np.asarray(kw))
        shown = list(self.past[MINUTES][name].values())[-1] * {"W": 1000, "kW": 1}[unit]
        self.show(name, round(shown, 3), unit, device_class="power", **more)

    def counter(
        self,
        name: str,
        of: str,
        *,
        unit: str = "kWh",
        entity: bool = True,
        late: bool = False,
        **more: Any,  # noqa: ANN401 - attributes
    ) -> None:
        """Add a counter of one direction's energy: `grid+`, `battery-` and so on."""
        for one in (self.hours, self.minutes):
            self.past[one.step][name] = means(one, _flow(one, of))
        if late:
            for step, day in ((HOUR, 24), (MINUTES, 288)):
                counted = list(self.past[step][name].items())
                self.past[step][name] = {
                    at: sum(kw for _, kw in counted[max(k - day + 1, 0) : k + 1]) if k % day == day // 2 else 0.0
                    for k, (at, _) in enumerate(counted)
                }
        self.statistics[name] = Statistic(id=name, unit=unit, counts=True)
        if entity:
            self.show(name, 1234.5, unit, device_class="energy", state_class="total_increasing", **more)

    def soc(self, name: str = "sensor.battery_soc", *, backwards: bool = False, **more: Any) -> None:  # noqa: ANN401 - attributes
        """Add the state of charge."""
        for one in (self.hours, self.minutes):
            percent = 100 - one.soc_percent if backwards else one.soc_percent
            self.past[one.step][name] = means(one, percent.round(0 if one.step == MINUTES else 2))
        self.show(name, 61, "%", device_class="battery", **more)

    def prices(
        self, name: str = "sensor.nordpool_kwh_de_lu_eur_3_10_0", per_kwh: float = 0.25, unit: str = "EUR/kWh"
    ) -> None:
        """Add an entity that lists prices."""
        start = NOW.replace(hour=0)
        slots = [
            {"start": (start + k * HOUR).isoformat(), "end": (start + (k + 1) * HOUR).isoformat(), "value": per_kwh}
            for k in range(24)
        ]
        self.show(name, per_kwh, unit, raw_today=slots, raw_tomorrow=[], platform="nordpool")

    def survey(self) -> Survey:
        return Survey(
            at=NOW,
            version="2026.11.0",
            timezone="Europe/Berlin",
            currency=self.currency,
            country="DE",
            entities=self.entities,
            devices=self.devices,
            entries=self.entries,
            actions=self.actions,
            energy=self.energy,
            solar_forecasts=self.solar_forecasts,
            statistics=self.statistics,
            hours=Past(step=HOUR, means=self.past[HOUR]),
            minutes=Past(step=MINUTES, means=self.past[MINUTES]),
            related=self.related,
            gaps=self.gaps,
        )


def _flow(one: Lived, name: str) -> FloatArray:
    """Return a power of the home; with + or - only what flows that way, as a positive number."""
    of: dict[str, FloatArray] = {
        "grid": one.grid_kw,
        "pv": one.pv_kw,
        "battery": one.battery_kw,
        "load": one.load_kw,
    }
    values = of[name.rstrip("+-")]
    return np.maximum(values, 0) if name.endswith("+") else np.maximum(-values, 0) if name.endswith("-") else values


def nested_grid(imports: list[str], exports: list[str], price: str | float | None = None) -> dict[str, Any]:
    """Return a grid of the Energy dashboard as releases before 2026 write it."""
    entity, number = (price, None) if isinstance(price, str) else (None, price)
    prices = {"entity_energy_price": entity, "number_energy_price": number}
    return {
        "type": "grid",
        "cost_adjustment_day": 0.0,
        "flow_from": [{"stat_energy_from": name, "stat_cost": None, **prices} for name in imports],
        "flow_to": [
            {
                "stat_energy_to": name,
                "stat_compensation": None,
                "entity_energy_price": None,
                "number_energy_price": 0.07,
            }
            for name in exports
        ],
    }


def flat_grid(imports: str | None, exports: str | None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a grid of the Energy dashboard as releases of late 2026 write it."""
    return {
        "type": "grid",
        "stat_energy_from": imports,
        "stat_energy_to": exports,
        "stat_cost": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
        **more,
    }
