"""Forecasts that a home has: solar, weather, and the grid's carbon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from homeagent.agent.discovery.sensors import is_shown
from homeagent.agent.discovery.series import summed
from homeagent.domain.discovery import Finding
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import MeterSource
from homeagent.sources import carbon, solar_shapes, weather


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The configuration's values of it, and what was found."""

    values: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


MANY_TIMES, ENOUGH_DAYS = 3.0, 4
"""A forecast that promises so many times what the roof made on its best day of at least so many is another roof's."""


def outlook(survey: Survey, pv: Sequence[str], *, has_pv: bool) -> Outlook:
    """Return which forecasts there are. `pv` are the entities that measure it, none where nothing does."""
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    shown = [entity for entity in survey.entities.values() if is_shown(entity) and not entity.disabled]
    sensors = [one.entity_id for one in shown if solar_shapes.recognise(one.entity_id, one.attributes) is not None]
    if has_pv and survey.solar_forecasts:
        values["solar"] = {"forecast": "home_assistant"}
        names = [survey.entries[one].title if one in survey.entries else one for one in survey.solar_forecasts]
        text = f"solar forecast: that of the Energy dashboard ({', '.join(names)})"
        findings.append(Finding(topic="forecasts", kind="found", text=text))
        findings += _other_roof(survey, pv)
    elif has_pv and sensors:
        values["solar"] = {"forecast": sensors}
        findings.append(Finding(topic="forecasts", kind="found", text=f"solar forecast: {', '.join(sensors)}"))
    elif has_pv:
        text = "no solar forecast: the agent learns from the roof's own days"
        remedy = (
            "add one to Home Assistant (Forecast.Solar, Solcast, Open-Meteo), and choose it in the Energy dashboard"
        )
        findings.append(Finding(topic="forecasts", kind="missing", text=text, remedy=remedy))
    places = [one.entity_id for one in shown if weather.recognise(one.entity_id, one.attributes)]
    if places:
        values["home"] = {"weather": places[0]}
        findings.append(Finding(topic="forecasts", kind="found", text=f"weather: {places[0]}"))
    grids = [one.entity_id for one in shown if carbon.recognise(one.attributes)]
    if grids:
        values["carbon"] = grids[0]
        findings.append(Finding(topic="forecasts", kind="found", text=f"carbon of the grid: {grids[0]}"))
    return Outlook(values=values, findings=tuple(findings))


def _other_roof(survey: Survey, pv: Sequence[str]) -> Iterator[Finding]:
    """Say that a forecast and the roof's best day do not fit each other."""
    zone = ZoneInfo(survey.timezone)
    days: dict[date, float] = {}
    for at, kw in summed([MeterSource(entity=name) for name in pv], survey.hours).items():
        day = at.astimezone(zone).date()
        days[day] = days.get(day, 0.0) + kw
    best, promised = max(days.values(), default=0.0), sum(survey.solar_forecasts.values())
    if len(days) < ENOUGH_DAYS or best <= 0 or promised <= 0 or 1 / MANY_TIMES <= promised / best <= MANY_TIMES:
        return
    yield Finding(
        topic="forecasts",
        kind="warning",
        text=f"the solar forecast promises up to {promised:.0f} kWh a day, this roof made up to {best:.0f} kWh lately: "
        "is it that of another roof?",
        remedy="look at the size and place of the roof in the forecast's options; the agent corrects what it can",
    )
