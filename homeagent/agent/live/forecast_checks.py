"""Whether the entities that forecasts come from exist, and are what they are taken for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches

from homeagent.domain.errors import Issue, PermanentError
from homeagent.domain.wiring import ForecastWiring
from homeagent.hass.entities import EntityState
from homeagent.hass.inspection import HomeAssistantFacts
from homeagent.sources import carbon, solar_shapes, weather
from homeagent.sources.pieces import ShapeError


def forecast_issues(wiring: ForecastWiring, facts: HomeAssistantFacts) -> Iterator[Issue]:
    """Yield every problem; an entity that is unavailable shows nothing, and is looked at when it comes."""
    for entities in wiring.roofs.values():
        for entity in entities:
            yield from _checked("solar.forecast", entity, facts, _solar)
    if wiring.weather is not None:
        yield from _checked("home.weather", wiring.weather, facts, _weather)
    if wiring.carbon is not None:
        yield from _checked("carbon", wiring.carbon, facts, _carbon)


def _checked(path: str, entity: str, facts: HomeAssistantFacts, look: Callable[[EntityState], None]) -> Iterator[Issue]:
    state = facts.states.get(entity)
    if state is None:
        near = get_close_matches(entity, facts.states, n=3, cutoff=0.6)
        remedy = f"did you mean {', '.join(near)}?" if near else "see Developer tools > States for its name"
        yield Issue(path=path, message=f"{entity} does not exist in Home Assistant", remedy=remedy)
    elif state.present:
        try:
            look(state)
        except PermanentError as error:
            message, _, remedy = str(error).partition("; ")
            named = message if entity in message else f"{entity}: {message}"
            yield Issue(path=path, message=named, remedy=remedy or None)


def _solar(state: EntityState) -> None:
    solar_shapes.read(state.entity_id, state.attributes)


def _weather(state: EntityState) -> None:
    if not weather.recognise(state.entity_id, state.attributes):
        raise ShapeError("it has no hourly forecast; name a weather entity that has one")


def _carbon(state: EntityState) -> None:
    carbon.present(state.state, state.attributes)
    carbon.expected(state.attributes)
