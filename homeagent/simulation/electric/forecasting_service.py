"""A weather service: forecasts of the simulated sky as they are issued, wrong by as much as real ones are.

Its error grows with the hours ahead: 0.7 K at first, 1.6 K after a day and 2.2 K after two, about what services report
for the air at 2 m; half of it is shared by the issues of one day (assumed). PV is told within a factor.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import IssuedForecast, IssuedQuantity
from homeagent.simulation.electric.days import Sky, sky_of_day
from homeagent.simulation.electric.drawn_electric import ElectricHome
from homeagent.simulation.minute_sky import pv_kw

PROVIDER = "simulated weather service"
EVERY = timedelta(hours=6)
HOUR = timedelta(hours=1)
AHEAD_HOURS = 60
KNOWN_AFTER = timedelta(hours=1)
"""A run of the model is known so long after its first hour."""
DAYS_KEPT = 5


class WeatherService:
    """Issues forecasts every six hours, from `now` on."""

    def __init__(self, drawn: ElectricHome, timezone: ZoneInfo, now: datetime) -> None:
        self._drawn = drawn
        self._zone = timezone
        self._next = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + KNOWN_AFTER
        self._skies: OrderedDict[date, dict[str, FloatArray]] = OrderedDict()

    def issued(self, now: datetime) -> Sequence[IssuedForecast]:
        """Return what was issued since the last call, oldest first."""
        found: list[IssuedForecast] = []
        while self._next <= now:
            found += self._issue(self._next)
            self._next += EVERY
        return found

    def _issue(self, at: datetime) -> list[IssuedForecast]:
        first = at.replace(minute=0, second=0, microsecond=0)
        grid = TimeGrid(start=first, step=HOUR, count=AHEAD_HOURS)
        truth = {name: self._hours(name, grid) for name in ("temp_c", "cloud_fraction", "wind_m_s", "pv_kw")}
        rng = np.random.default_rng([self._drawn.seed, 41, int(first.timestamp()) // 3600])
        skill = self._drawn.forecast_skill
        lead = np.arange(AHEAD_HOURS) / 24
        temp_c = truth["temp_c"] + skill * (0.7 + 0.9 * np.minimum(lead, 1) + 0.6 * np.maximum(lead - 1, 0)) * (
            self._wrong(rng, first, "warmth")
        )
        cloud = truth["cloud_fraction"] + skill * (0.10 + 0.10 * lead) * self._wrong(rng, first, "clouds")
        wind = truth["wind_m_s"] * np.exp(skill * (0.1 + 0.1 * lead) * self._wrong(rng, first, "wind"))
        factor = np.exp(skill * (0.12 + 0.12 * lead) * self._wrong(rng, first, "light"))
        smooth = np.convolve(truth["pv_kw"], (0.25, 0.5, 0.25), mode="same")
        pv = np.clip(smooth * factor, 0, self._drawn.home.roof.limit_kw)
        values: dict[IssuedQuantity, FloatArray] = {
            "temp_c": temp_c,
            "cloud_fraction": np.clip(cloud, 0, 1),
            "wind_m_s": wind,
            "pv_kw": pv,
        }
        return [
            IssuedForecast(provider=PROVIDER, quantity=name, issued_at=at, grid=grid, mean=np.round(mean, 3))
            for name, mean in values.items()
        ]

    def _wrong(self, rng: np.random.Generator, first: datetime, what: str) -> FloatArray:
        """Return an error of size 1 that lasts for hours: partly one that all issues of the time share."""
        days = (first.toordinal() + np.arange(AHEAD_HOURS // 24 + 2)).tolist()
        shared = [np.random.default_rng([self._drawn.seed, 42, day, sum(map(ord, what))]).normal() for day in days]
        knots = np.arange(0, AHEAD_HOURS + 12, 8)
        own = np.interp(np.arange(AHEAD_HOURS), knots, rng.normal(size=len(knots)))
        hours = first.hour + np.arange(AHEAD_HOURS)
        return np.asarray(0.7 * np.interp(hours / 24, np.arange(len(shared)), shared) + 0.8 * own)

    def _hours(self, name: str, grid: TimeGrid) -> FloatArray:
        """Return hourly means of the truth along a grid."""
        local = grid.start.astimezone(self._zone).date()
        days = [self._sky(local + timedelta(days=ahead)) for ahead in range(AHEAD_HOURS // 24 + 2)]
        whole = np.concatenate([day[name] for day in days])
        midnight = datetime(local.year, local.month, local.day, tzinfo=self._zone)
        begin = (grid.start - midnight.astimezone(UTC)) // HOUR
        return whole[begin : begin + grid.count]

    def _sky(self, day: date) -> dict[str, FloatArray]:
        if day not in self._skies:
            sky = sky_of_day(self._drawn, self._zone, day)
            self._skies[day] = self._means(sky)
            if len(self._skies) > DAYS_KEPT:
                self._skies.popitem(last=False)
        return self._skies[day]

    def _means(self, sky: Sky) -> dict[str, FloatArray]:
        home = self._drawn.home
        made = pv_kw(sky.grid, home.climate.place, home.roof, sky.ground_kw_m2, sky.out_c)
        hourly: Callable[[FloatArray], FloatArray] = lambda values: values.reshape(-1, 60).mean(axis=1)  # noqa: E731 - one use
        return {
            "temp_c": hourly(sky.out_c),
            "wind_m_s": hourly(sky.wind_m_s),
            "cloud_fraction": np.full(sky.grid.count // 60, sky.cover),
            "pv_kw": hourly(made),
        }
