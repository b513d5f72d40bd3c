"""What a survey of a home means: findings in words, what must be asked, and a configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from homeagent.agent.discovery.battery_sheet import battery_sheet
from homeagent.agent.discovery.dashboard import dashboard
from homeagent.agent.discovery.devices import steering
from homeagent.agent.discovery.meter_words import MINUS, total_lately, total_now
from homeagent.agent.discovery.metering import PLUS, Metering, metering
from homeagent.agent.discovery.outlook import outlook
from homeagent.agent.discovery.prices import pricing
from homeagent.agent.discovery.rivals import rivals
from homeagent.agent.discovery.words import QUANTITIES, Quantity
from homeagent.config.home_assistant import UNMETERED
from homeagent.config.profile import Profile
from homeagent.domain.discovery import Answer, Finding, Question, Understanding
from homeagent.domain.errors import Issue
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import MeterSource
from homeagent.hass.units import number

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
    battery = battery_sheet(survey, metered, answers)
    future = outlook(survey, list(metered.sources("pv")), has_pv="pv" in metered.powers or metered.unmetered_pv)
    values: dict[str, Any] = {
        "mode": "advise",
        "meters": _meters(metered),
        "battery": {**battery.values, **steered.battery},
        "prices": dict(prices.values),
        **future.values,
    }
    findings = (
        Finding(
            topic="home", kind="found", text=f"{survey.timezone}, money in {survey.currency}, as Home Assistant has it"
        ),
        *_now(survey, metered),
        *metered.findings,
        *battery.findings,
        *prices.findings,
        *future.findings,
        *(steered.findings if metered.soc is not None or steered.battery or steered.offers else ()),
        *rivals(survey, steered.steered),
        *(Finding(topic="survey", kind="missing", text=f"could not be read: {gap}") for gap in survey.gaps),
    )
    return Understanding(
        findings=findings,
        questions=(*metered.questions, *steered.questions, *battery.questions, *prices.questions),
        values=values,
        notes={**battery.notes, **prices.notes},
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
