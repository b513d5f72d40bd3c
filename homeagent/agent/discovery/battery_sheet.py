"""A battery's data sheet: told by an entity, estimated from its past, or asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homeagent.agent.discovery.metering import Metering
from homeagent.agent.discovery.storage import (
    Estimate,
    highest_power,
    lowest_soc,
    most_stored,
    seen_capacity,
    told_capacity,
    told_min_soc,
    told_power,
)
from homeagent.domain.discovery import Answer, Finding, Question
from homeagent.domain.survey import Survey

ASKED = {
    "capacity_kwh": ("How much energy can the battery hold, usable?", "kWh"),
    "max_charge_kw": ("How fast can it charge at most?", "kW"),
    "max_discharge_kw": ("How fast can it discharge at most?", "kW"),
}
SAID = {
    "capacity_kwh": "holds {:g} kWh when full",
    "max_charge_kw": "charges with up to {:g} kW",
    "max_discharge_kw": "discharges with up to {:g} kW",
}
HIGHEST_MIN_SOC = 0.5
"""A battery that was never lower lately was hardly used: that is no minimum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySheet:
    """The values of `battery`, with what was found and what must be asked."""

    values: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()


def battery_sheet(survey: Survey, metered: Metering, answers: Mapping[str, Answer]) -> BatterySheet:
    """Return what is known of the battery."""
    if metered.soc is None:
        return BatterySheet()
    known = {
        "capacity_kwh": _capacity(survey, metered, metered.soc.entity_id),
        "max_charge_kw": _limit(survey, metered, charging=True),
        "max_discharge_kw": _limit(survey, metered, charging=False),
    }
    values: dict[str, float] = {}
    notes: dict[str, str] = {}
    for name, estimate in known.items():
        if f"battery.{name}" in answers:
            values[name], notes[f"battery.{name}"] = float(answers[f"battery.{name}"]), "your answer"
        elif estimate is not None:
            values[name], notes[f"battery.{name}"] = estimate.value, estimate.because
    least = told_min_soc(survey, metered.near) or lowest_soc(survey, metered.soc.entity_id)
    if "battery.min_soc" in answers:
        values["min_soc"], notes["battery.min_soc"] = float(answers["battery.min_soc"]), "your answer"
    elif least is not None and not metered.soc_backwards and least.value <= HIGHEST_MIN_SOC:
        values["min_soc"], notes["battery.min_soc"] = least.value, least.because
    return BatterySheet(
        values=values,
        notes=notes,
        findings=tuple(_found(name, one) for name, one in known.items() if one is not None),
        questions=tuple(
            _question(name, one)
            for name, one in known.items()
            if one is None or not one.told or f"battery.{name}" in answers
        ),
    )


def _found(name: str, estimate: Estimate) -> Finding:
    text = f"the battery {SAID[name].format(estimate.value)}; {estimate.because}"
    return Finding(topic="battery", kind="found", text=text)


def _question(name: str, estimate: Estimate | None) -> Question:
    text, unit = ASKED[name]
    return Question(
        key=f"battery.{name}",
        text=text,
        kind="number",
        unit=unit,
        suggestion=None if estimate is None else estimate.value,
        because=None if estimate is None else estimate.because,
    )


def _capacity(survey: Survey, metered: Metering, soc: str) -> Estimate | None:
    told = told_capacity(survey, metered.near)
    if told is not None:
        return told
    if survey.entities[soc].attributes.get("unit_of_measurement") != "%":
        return most_stored(survey, soc)
    sign = -1 if metered.soc_backwards else 1
    return seen_capacity((survey.minutes, survey.hours), metered.sources("battery"), soc, sign)


def _limit(survey: Survey, metered: Metering, *, charging: bool) -> Estimate | None:
    told = told_power(survey, metered.near, charging=charging)
    return told or highest_power(survey, metered.sources("battery"), charging=charging)
