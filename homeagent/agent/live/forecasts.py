"""Solar, weather and carbon forecasts from Home Assistant: seen, asked for now and then, told apart from old ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from homeagent.domain.errors import HomeAgentError, PermanentError
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import IssuedForecast, IssuedQuantity
from homeagent.domain.ports import Clock
from homeagent.domain.readings import Reading
from homeagent.domain.wiring import ForecastWiring
from homeagent.forecasting.provider_pv import STALE
from homeagent.hass.entities import EntityState
from homeagent.hass.link import Link
from homeagent.sources import carbon, energy_dashboard, solar_shapes, weather
from homeagent.sources.pieces import Piece, ShapeError

_LOGGER = logging.getLogger(__name__)

DASHBOARD = "home_assistant"
ASK_EVERY_S, ASK_AGAIN_S = 1800.0, 120.0
"""Home Assistant answers from what its integrations have fetched: asking costs their providers nothing."""
SETTLED = timedelta(seconds=10)
"""A provider changes its sensors one after the other."""
EVERY = timedelta(minutes=10)
"""No provider is noted more often; what comes sooner waits."""
READ_AT_MOST = timedelta(minutes=2)


class LiveForecasts:
    """Notes what providers issue. A provider that fails is named in `problems`, and the others go on."""

    def __init__(self, wiring: ForecastWiring, link: Link, clock: Clock) -> None:
        self._wiring = wiring
        self._link = link
        self._clock = clock
        self._solar = frozenset(entity for entities in wiring.roofs.values() for entity in entities)
        self._states: dict[str, EntityState] = {}
        self._pieces: dict[str, list[Piece]] = {}
        self._solar_changed: datetime | None = None
        self._dashboard = DASHBOARD
        self._new: list[IssuedForecast] = []
        self._last: dict[tuple[str, str], IssuedForecast] = {}
        self._held: dict[tuple[str, str], IssuedForecast] = {}
        self._problems: dict[str, str] = {}
        self._carbon_g_per_kwh: float | None = None
        self._carbon_at: datetime | None = None

    def restore(self, issued: Iterable[IssuedForecast]) -> None:
        """Take up what was noted before a restart, oldest first: what still says the same is no news."""
        for forecast in issued:
            self._last[forecast.provider, forecast.quantity] = forecast

    def see(self, entity: str, state: EntityState | None) -> None:
        """Take in a changed entity."""
        if entity not in self._wiring.entities():
            return
        if state is None or not state.present:
            self._states.pop(entity, None)
            self._pieces.pop(entity, None)
            self._problems[entity] = f"{entity} is {'gone' if state is None else state.state}: no forecast from it"
            if entity == self._wiring.carbon:
                self._carbon_g_per_kwh = None
            return
        before, self._states[entity] = self._states.get(entity), state
        if entity == self._wiring.carbon:
            self._guarded(entity, lambda: self._see_carbon(entity, state))
        elif entity in self._solar and (before is None or before.attributes != state.attributes):
            self._guarded(entity, lambda: self._see_solar(entity, state))
        elif entity == self._wiring.weather:
            self._problems.pop(entity, None)

    def lost(self) -> None:
        """Trust no value any more, until it is seen again."""
        self._states.clear()
        self._carbon_g_per_kwh = None

    def issued(self) -> Sequence[IssuedForecast]:
        """Return what has been issued since the last call."""
        if self._solar_changed is not None and self._clock.now() - self._solar_changed >= SETTLED:
            self._solar_changed = None
            self._guarded("solar", self._put_together)
        for key, held in list(self._held.items()):
            if not self._too_soon(key):
                del self._held[key]
                self._take(replace(held, issued_at=self._clock.now()))
        new, self._new = self._new, []
        return new

    def readings(self) -> list[Reading]:
        """Return the present carbon intensity as a mean since the last call; a gap is left out, and named."""
        if self._wiring.carbon is None:
            return []
        now = self._clock.now()
        since, self._carbon_at = self._carbon_at, now
        if since is None or self._carbon_g_per_kwh is None or not timedelta(0) < now - since <= READ_AT_MOST:
            return []
        return [Reading(entity="carbon_g_per_kwh", at=now, value=self._carbon_g_per_kwh, over=now - since)]

    def problems(self) -> list[str]:
        """Return each source that fails or stands still, by name."""
        now = self._clock.now()
        still = [
            f"the forecast {provider} has stood still since {last.issued_at:%Y-%m-%d %H:%M} UTC and is not used; "
            "see whether its integration works"
            for (provider, quantity), last in self._last.items()
            if quantity in {"pv_kw", "temp_c"} and provider in self._providers() and now - last.issued_at > STALE
        ]
        unseen = sorted(self._wiring.entities() - self._states.keys() - self._problems.keys())
        return [*self._problems.values(), *(f"{entity} has not been seen yet" for entity in unseen), *still]

    async def run(self) -> None:
        """Ask for what no entity shows, for ever: at the start, then every half hour."""
        asked: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        if self._wiring.dashboard:
            asked.append((DASHBOARD, self._ask_dashboard))
        if self._wiring.weather is not None:
            asked.append((self._wiring.weather, self._ask_weather))
        while asked:
            await self._link.until_up()
            failed = [name for name, ask in asked if not await self._asked(name, ask)]
            await asyncio.sleep(ASK_AGAIN_S if failed else ASK_EVERY_S)

    async def _asked(self, name: str, ask: Callable[[], Awaitable[None]]) -> bool:
        try:
            await ask()
        except HomeAgentError as error:
            if name not in self._problems:
                _LOGGER.warning("no forecast from %s: %s", name, error)
            self._problems[name] = f"no forecast from {name}: {error}"
            return False
        except Exception as error:  # an odd answer must not end the link to everything else
            _LOGGER.exception("a forecast of %s could not be taken in", name)
            self._problems[name] = f"no forecast from {name}: its answer is odd ({error!r:.80})"
            return False
        self._problems.pop(name, None)
        return True

    async def _ask_dashboard(self) -> None:
        entries = energy_dashboard.chosen_entries(await self._link.command("energy/get_prefs"))
        reply = await self._link.command("energy/solar_forecast")
        grid, columns = energy_dashboard.read(reply, entries)
        self._dashboard = energy_dashboard.name_of(entries)
        self._note(self._dashboard, "pv_kw", grid, columns)

    async def _ask_weather(self) -> None:
        entity = str(self._wiring.weather)
        state = self._states.get(entity)
        if state is None:
            raise ShapeError("it is not there")
        event = await self._link.first_event("weather/subscribe_forecast", entity_id=entity, forecast_type="hourly")
        for quantity, (grid, mean) in weather.read(event.get("forecast") or [], state.attributes).items():
            self._note(entity, quantity, grid, mean[None, :])

    def _see_carbon(self, entity: str, state: EntityState) -> None:
        self._carbon_g_per_kwh = None
        self._carbon_g_per_kwh = carbon.present(state.state, state.attributes)
        listed = carbon.expected(state.attributes)
        if listed is not None:
            self._note(entity, "carbon_g_per_kwh", listed[0], listed[1][None, :])

    def _see_solar(self, entity: str, state: EntityState) -> None:
        self._pieces.pop(entity, None)
        self._pieces[entity] = solar_shapes.read(entity, state.attributes)
        self._solar_changed = self._clock.now()

    def _put_together(self) -> None:
        """Add the roofs up; one of which nothing is known would make the sum too small."""
        roofs = self._wiring.roofs
        days = {roof: {e: self._pieces[e] for e in entities if e in self._pieces} for roof, entities in roofs.items()}
        empty = [", ".join(roofs[roof]) for roof, known in days.items() if not known]
        if empty:
            raise ShapeError(f"nothing is known of {' and '.join(empty)}, so the roofs cannot be added up")
        grid, columns = solar_shapes.roofs(days)
        self._note(self._solar_name(), "pv_kw", grid, columns)

    def _solar_name(self) -> str:
        return "+".join(entity for entities in self._wiring.roofs.values() for entity in entities)

    def _providers(self) -> frozenset[str]:
        return frozenset([self._dashboard if self._wiring.dashboard else self._solar_name(), str(self._wiring.weather)])

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except PermanentError as error:
            told = str(error)
            self._problems[name] = told if name in told else f"{name}: {told}"
        except Exception as error:  # as above
            _LOGGER.exception("a forecast of %s could not be taken in", name)
            self._problems[name] = f"{name} could not be read ({error!r:.80})"
        else:
            self._problems.pop(name, None)

    def _note(self, provider: str, quantity: IssuedQuantity, grid: TimeGrid, columns: FloatArray) -> None:
        """Keep what is new; `columns` are mean, low and high, or the mean alone."""
        banded = len(columns) > 1 and not np.isnan(columns[1:]).all()
        issued = IssuedForecast(
            provider=provider,
            quantity=quantity,
            issued_at=self._clock.now(),
            grid=grid,
            mean=columns[0],
            low=columns[1] if banded else None,
            high=columns[2] if banded else None,
        )
        if self._too_soon((provider, quantity)):
            self._held[provider, quantity] = issued
        else:
            self._take(issued)

    def _take(self, issued: IssuedForecast) -> None:
        key = (issued.provider, issued.quantity)
        last = self._last.get(key)
        if last is None or not issued.says_the_same(last):
            self._last[key] = issued
            self._new.append(issued)

    def _too_soon(self, key: tuple[str, str]) -> bool:
        last = self._last.get(key)
        return last is not None and timedelta(0) <= self._clock.now() - last.issued_at < EVERY
