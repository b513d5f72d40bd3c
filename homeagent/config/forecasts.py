"""The keys that say where solar, weather and carbon forecasts come from."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator

from homeagent.config.home_assistant import ENTITY, wrong
from homeagent.domain.wiring import ForecastWiring

DASHBOARD: Literal["home_assistant"] = "home_assistant"
DAY = re.compile(r"_(today|tomorrow|d(?:ay)?_?[1-9])(?=_|$)")
SOLAR_REMEDY = (
    "write home_assistant for the Energy dashboard's, or the sensors that list it, e.g. "
    "[sensor.solcast_pv_forecast_forecast_today, sensor.solcast_pv_forecast_forecast_tomorrow]"
)

Roofs: TypeAlias = dict[str, list[str]]


def roof_of(entity_id: str) -> str:
    """Return an entity's name without the day that it stands for: several days' sensors belong to one roof."""
    return DAY.sub("", entity_id)


def _solar(value: object) -> object:
    """Return the roofs, each with its sensors; a bare list is put in order by the sensors' names."""
    if value == DASHBOARD:
        return value
    named: Roofs = {}
    if isinstance(value, dict):
        named = {str(roof): _sensors(sensors) for roof, sensors in value.items()}
    else:
        for entity in _sensors(value):
            named.setdefault(roof_of(entity), []).append(entity)
    flat = [entity for sensors in named.values() for entity in sensors]
    if not flat:
        raise wrong("names no sensor", SOLAR_REMEDY)
    twice = sorted({entity for entity in flat if flat.count(entity) > 1})
    if twice:
        raise wrong(f"names {twice[0]} twice, which would count a roof twice", "name each sensor once")
    return named


def _sensors(value: object) -> list[str]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        raise wrong("is no solar forecast", SOLAR_REMEDY)
    for entity in listed:
        if not isinstance(entity, str) or not ENTITY.fullmatch(entity):
            raise wrong(f"names {entity!r}, which is no entity", SOLAR_REMEDY)
    return listed


def _weather(text: str) -> str:
    if not ENTITY.fullmatch(text) or not text.startswith("weather."):
        raise wrong("is no weather entity", "write e.g. weather.home")
    return text


SolarForecast = Annotated[Literal["home_assistant"] | Roofs, BeforeValidator(_solar)]
WeatherId = Annotated[str, AfterValidator(_weather)]


def forecasts_of(
    solar: Literal["home_assistant"] | Roofs | None, weather: str | None, carbon: str | None
) -> ForecastWiring:
    """Return where forecasts come from."""
    if solar is None or isinstance(solar, str):
        return ForecastWiring(dashboard=solar is not None, weather=weather, carbon=carbon)
    roofs = {roof: tuple(sensors) for roof, sensors in solar.items()}
    return ForecastWiring(roofs=roofs, weather=weather, carbon=carbon)
