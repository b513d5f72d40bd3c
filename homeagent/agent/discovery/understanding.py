"""What a survey of a home means: findings in words, what must be asked, and a configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from homeagent.agent.discovery.dashboard import dashboard
from homeagent.agent.discovery.devices import steering
from homeagent.agent.discovery.meter_words import MINUS, total_lately, total_now
from homeagent.agent.discovery.metering import PLUS, Metering, metering
from homeagent.agent.discovery.outlook import outlook
from homeagent.agent.discovery.prices import pricing
from homeagent.agent.discovery.rivals import rivals
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
from homeagent.agent.discovery.words import QUANTITIES, Quantity
from homeagent.config.home_assistant import UNMETERED
from homeagent.config.profile import Profile
from homeagent.domain.discovery import Answer, Finding, Question, Understanding
from homeagent.domain.errors import Issue
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import MeterSource
from homeagent.hass.units import number

SAID = {
    "capacity_kwh": "holds {:g} kWh when full",
    "max_charge_kw": "charges with up to {:g} kW",
    "max_discharge_kw": "discharges with up to {:g} kW",
}
ESSENTIAL = ("grid", "battery")
SMALL_KW = 0.02
"""Below this a difference between meters that were read at two instants says nothing."""


def understand(
    survey: Survey, answers: Mapping[str, Answer] | None = None, profiles: Sequence[Profile] = ()
) -> Understanding:
    """Return what was made of a home; questions without an answer are answered by their suggestion.

    `values` lacks what has neither: see `still_open`.
    """
    answers = {} if answers is None else answers
    told = dashboard(survey.energy)
    steered = steering(survey, profiles, answers)
    metered = metering(survey, told, steered.near, answers)
    prices = pricing(survey, told, answers)
    battery, battery_questions, battery_notes, battery_findings = _battery(survey, metered, answers)
    future = outlook(survey, list(metered.sources("pv")), has_pv="pv" in metered.powers or metered.unmetered_pv)
    values: dict[str, Any] = {
        "mode": "advise",
        "meters": _meters(metered),
        "battery": {**battery, **steered.battery},
        "prices": dict(prices.values),
        **future.values,
    }
    findings = (
        Finding(
            topic="home", kind="found", text=f"{survey.timezone}, money in {survey.currency}, as Home Assistant has it"
        ),
        *_now(survey, metered),
        *metered.findings,
        *battery_findings,
        *prices.findings,
        *future.findings,
        *(steered.findings if metered.soc is not None or steered.battery or steered.offers else ()),
        *rivals(survey, steered.steered),
        *(Finding(topic="survey", kind="missing", text=f"could not be read: {gap}") for gap in survey.gaps),
    )
    return Understanding(
        findings=findings,
        questions=(*metered.questions, *steered.questions, *battery_questions, *prices.questions),
        values=values,
        notes={**battery_notes, **prices.notes},
        offers=steered.offers,
    )


def still_open(understanding: Understanding, answers: Mapping[str, Answer]) -> list[Question]:
    """Return the questions that have neither an answer nor a suggestion."""
    return [one for one in understanding.questions if one.suggestion is None and one.key not in answers]


def unusable(understanding: Understanding) -> list[Issue]:
    """Return what is missing without which no configuration can run."""
    return [
        Issue(path=f"meters.{finding.topic}", message=finding.text, remedy=finding.remedy)
        for finding in understanding.findings
        if finding.kind == "missing" and finding.topic in ESSENTIAL
    ]


def _now(survey: Survey, metered: Metering) -> Iterator[Finding]:
    """Say in a sentence what the home does at this moment, or did in the last minutes where it only counts energy."""
    parts = {name: total_now(survey, metered.sources(name)) for name in QUANTITIES}
    when = "now"
    if any(parts[name] is None for name in metered.powers):
        when = "lately"
        parts = {name: total_lately(survey, metered.sources(name)) for name in QUANTITIES}
    load = parts["load"]
    if load is None and parts["grid"] is not None:
        load = sum(kw for name, kw in parts.items() if kw is not None and name != "load")
    said = [] if load is None else [f"the house uses {max(load, 0.0):.2f} kW {when}"]
    if parts["pv"] is not None and parts["pv"] > SMALL_KW:
        said.append(f"the sun gives {parts['pv']:.2f} kW")
    value = None if metered.soc is None else number(str(metered.soc.state))
    if value is not None and metered.soc is not None and not metered.soc_backwards:
        said.append(f"the battery holds {value:g} {metered.soc.attributes.get('unit_of_measurement')}")
    if said:
        yield Finding(topic="now", kind="found", text=", ".join(said))


def _meters(metered: Metering) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, one in metered.powers.items():
        entities = [source.entity for source in one.sources()]
        if name in MINUS:
            values[name] = _meter(name, one.sources())
        else:
            values[name] = entities[0] if len(entities) == 1 else entities
    if metered.unmetered_pv:
        values["pv"] = UNMETERED
    if metered.soc is not None and not metered.soc_backwards:
        values["soc"] = metered.soc.entity_id
    return values


def _meter(name: Quantity, sources: tuple[MeterSource, ...]) -> Any:  # noqa: ANN401 - a text, a mapping or a list of them
    """Return a signed meter in the shortest form that the configuration has."""
    plus = [source.entity for source in sources if source.sign == 1]
    minus = [source.entity for source in sources if source.sign == -1]
    if len(plus) == len(minus) == 1:
        return {PLUS[name]: plus[0], MINUS[name]: minus[0]}
    each: list[Any] = [*plus, *({"entity": entity, "positive": MINUS[name]} for entity in minus)]
    return each[0] if len(each) == 1 else each


def _battery(
    survey: Survey, metered: Metering, answers: Mapping[str, Answer]
) -> tuple[dict[str, Any], list[Question], dict[str, str], list[Finding]]:
    """Return the battery's data sheet: told by an entity, estimated from its past, or asked."""
    if metered.soc is None:
        return {}, [], {}, []
    soc, powers = metered.soc.entity_id, metered.sources("battery")
    pasts = (survey.minutes, survey.hours)
    sign = -1 if metered.soc_backwards else 1
    percent = metered.soc.attributes.get("unit_of_measurement") == "%"
    capacity = told_capacity(survey, metered.near)
    if capacity is None:
        capacity = seen_capacity(pasts, powers, soc, sign) if percent else most_stored(survey, soc)
    known = {
        "capacity_kwh": capacity,
        "max_charge_kw": _limit(survey, metered, powers, charging=True),
        "max_discharge_kw": _limit(survey, metered, powers, charging=False),
    }
    texts = {
        "capacity_kwh": ("How much energy can the battery hold, usable?", "kWh"),
        "max_charge_kw": ("How fast can it charge at most?", "kW"),
        "max_discharge_kw": ("How fast can it discharge at most?", "kW"),
    }
    values: dict[str, Any] = {}
    notes: dict[str, str] = {}
    questions, findings = [], []
    for name, estimate in known.items():
        key = f"battery.{name}"
        text, unit = texts[name]
        if estimate is None or not estimate.told or key in answers:
            questions.append(
                Question(
                    key=key,
                    text=text,
                    kind="number",
                    unit=unit,
                    suggestion=None if estimate is None else estimate.value,
                    because=None if estimate is None else estimate.because,
                )
            )
        if key in answers:
            values[name], notes[key] = float(answers[key]), "your answer"
        elif estimate is not None:
            values[name], notes[key] = estimate.value, estimate.because
            findings.append(
                Finding(
                    topic="battery",
                    kind="found",
                    text=f"the battery {SAID[name].format(estimate.value)}; {estimate.because}",
                )
            )
    least = told_min_soc(survey, metered.near) or lowest_soc(survey, soc)
    if "battery.min_soc" in answers:
        values["min_soc"], notes["battery.min_soc"] = float(answers["battery.min_soc"]), "your answer"
    elif least is not None and not metered.soc_backwards:
        values["min_soc"], notes["battery.min_soc"] = min(least.value, 0.5), least.because
    return values, questions, notes, findings


def _limit(survey: Survey, metered: Metering, powers: Mapping[str, int], *, charging: bool) -> Estimate | None:
    told = told_power(survey, metered.near, charging=charging)
    return told or (highest_power(survey, powers, charging=charging) if powers else None)
