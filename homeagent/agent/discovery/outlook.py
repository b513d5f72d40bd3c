"""Forecasts that a home has: solar, weather, and the grid's carbon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homeagent.agent.discovery.sensors import is_shown
from homeagent.domain.discovery import Finding
from homeagent.domain.survey import Survey
from homeagent.sources import carbon, solar_shapes, weather


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The configuration's values of it, and what was found."""

    values: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def outlook(survey: Survey, *, has_pv: bool) -> Outlook:
    """Return which forecasts there are."""
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    shown = [entity for entity in survey.entities.values() if is_shown(entity) and not entity.disabled]
    sensors = [one.entity_id for one in shown if solar_shapes.recognise(one.entity_id, one.attributes) is not None]
    if has_pv and survey.solar_forecasts:
        values["solar"] = {"forecast": "home_assistant"}
        text = f"solar forecast: that of the Energy dashboard ({len(survey.solar_forecasts)} of it)"
        findings.append(Finding(topic="forecasts", kind="found", text=text))
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
