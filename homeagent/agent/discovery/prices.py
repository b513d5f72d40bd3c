"""What a kWh costs and earns in this home, as far as Home Assistant knows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from homeagent.agent.discovery.candidates import is_shown
from homeagent.agent.discovery.dashboard import Dashboard
from homeagent.domain.discovery import Answer, Finding, FoundEntity, Question
from homeagent.domain.errors import PermanentError
from homeagent.domain.survey import Survey
from homeagent.hass.units import price_factor
from homeagent.sources.price_lists import listed_prices

HIGHEST = {
    **dict.fromkeys(("EUR", "USD", "GBP", "CHF", "AUD", "CAD", "NZD"), 3.0),
    **dict.fromkeys(("SEK", "NOK", "DKK", "PLN", "RON", "BGN"), 20.0),
    **dict.fromkeys(("CZK", "INR", "ZAR"), 60.0),
    **dict.fromkeys(("HUF", "JPY"), 300.0),
}
"""What a kWh never costs for long, by currency: a higher price has its unit wrong."""
LOWEST_TYPICAL = 0.0005
EXPORTS = {"export", "outgoing", "feed", "feedin", "compensation", "sell", "einspeisung"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """The values of `prices`, with what was found and what must be asked."""

    values: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    entity: FoundEntity
    typical: float
    export: bool


def pricing(survey: Survey, told: Dashboard, answers: Mapping[str, Answer]) -> Pricing:
    """Return what is known of prices."""
    listed = list(_listed(survey))
    findings = [finding for one in listed for finding in _odd(survey, one)]
    right = [one for one in listed if not list(_odd(survey, one))]
    imports, exports = [one for one in right if not one.export], [one for one in right if one.export]
    values: dict[str, Any] = {}
    notes: dict[str, str] = {}
    questions: list[Question] = []
    for way, of_it, settings in (("import", imports, told.import_prices), ("export", exports, told.export_prices)):
        found = _one_way(survey, way, of_it, settings, answers)
        findings += found.findings
        questions += found.questions
        values |= found.values
        notes |= found.notes
    return Pricing(values=values, notes=notes, findings=tuple(findings), questions=tuple(questions))


def _listed(survey: Survey) -> Iterator[_Listed]:
    for entity in survey.entities.values():
        unit = entity.attributes.get("unit_of_measurement")
        try:
            slots = listed_prices(entity.attributes, price_factor(unit))
        except PermanentError:
            continue
        if is_shown(entity):
            words = {*entity.entity_id.partition(".")[2].split("_")}
            typical = median(abs(price) for _, _, price in slots)
            yield _Listed(entity=entity, typical=typical, export=bool(words & EXPORTS))


def _odd(survey: Survey, one: _Listed) -> Iterator[Finding]:
    """Say which prices cannot be true in their unit."""
    highest = HIGHEST.get(survey.currency)
    if highest is None or LOWEST_TYPICAL <= one.typical <= highest:
        return
    unit = one.entity.attributes.get("unit_of_measurement")
    meant = "cents" if one.typical > highest else "per MWh or in a larger unit"
    yield Finding(
        topic="prices",
        kind="warning",
        text=f"{one.entity.entity_id} lists prices around {one.typical:.4g} {unit}, which no kWh costs: {meant}?",
        remedy="correct its unit in Home Assistant; it is not used as it is",
    )


def _one_way(
    survey: Survey, way: str, listed: Sequence[_Listed], settings: Sequence[str | float], answers: Mapping[str, Answer]
) -> Pricing:
    key = f"prices.{way}"
    if key in answers:
        answer = answers[key]
        return Pricing(
            values={way: _price(answer)}, notes={key: "your answer"}, questions=tuple(_again(key, way, answer))
        )
    names = [one.entity.entity_id for one in listed]
    named = [name for name in names if name in settings]
    numbers = [price for price in settings if isinstance(price, float)]
    if named or len(names) == 1:
        chosen = (named or names)[0]
        text = f"{way} prices: {chosen} lists them" + ("; the Energy dashboard names it" if named else "")
        others = [name for name in names if name != chosen]
        found = [Finding(topic="prices", kind="found", text=text)]
        if others:
            found.append(_several(way, chosen, others))
        return Pricing(values={way: chosen}, findings=tuple(found))
    if names:
        question = Question(
            key=key,
            text=f"Several entities list prices. Which is what a kWh {'costs' if way == 'import' else 'sold earns'}?",
            kind="choice",
            choices=tuple(names),
            suggestion=names[0],
            because="the first of them; no other setting tells which",
        )
        return Pricing(values={way: names[0]}, findings=(_several(way, names[0], names[1:]),), questions=(question,))
    if numbers:
        return _fixed(survey, key, way, numbers)
    return _asked(survey, key, way, settings)


def _price(answer: Answer) -> str | float:
    try:
        return float(answer)
    except ValueError:
        return str(answer)


def _again(key: str, way: str, answer: Answer) -> Iterator[Question]:
    yield Question(
        key=key, text=f"What does a kWh {way} cost or earn?", kind="text", suggestion=answer, because="your answer"
    )


def _several(way: str, chosen: str, others: Sequence[str]) -> Finding:
    return Finding(
        topic="prices",
        kind="warning",
        text=f"{', '.join((chosen, *others))} all list prices; {chosen} is taken for {way}",
        remedy=f"name another if that is wrong: --answers prices.{way}=sensor.x",
    )


def _fixed(survey: Survey, key: str, way: str, numbers: Sequence[float]) -> Pricing:
    text = f"{way} price: {numbers[0]:g} {survey.currency}/kWh, the fixed price of the Energy dashboard"
    findings = [Finding(topic="prices", kind="found", text=text)]
    if len({*numbers}) > 1:
        several = ", ".join(f"{number:g}" for number in numbers)
        remedy = "a tariff of several rates is written with their times; see the configuration's documentation"
        text = f"the Energy dashboard has several {way} prices ({several}); the first is taken"
        findings.append(Finding(topic="prices", kind="warning", text=text, remedy=remedy))
    return Pricing(values={way: numbers[0]}, notes={key: "as in the Energy dashboard"}, findings=tuple(findings))


def _asked(survey: Survey, key: str, way: str, settings: Sequence[str | float]) -> Pricing:
    current = [price for price in settings if isinstance(price, str)]
    findings = [
        Finding(
            topic="prices",
            kind="missing",
            text=f"{price} shows the {way} price of this moment, but lists no prices of the hours to come",
            remedy="name the entity that lists them, or a fixed price",
        )
        for price in current
    ]
    if not current:
        findings.append(Finding(topic="prices", kind="missing", text=f"no entity that lists {way} prices"))
    shown = next((_now(survey, price) for price in current), None)
    suggestion, because = (0.0, "nothing says that selling pays") if way == "export" else (None, None)
    if shown is not None:
        suggestion, because = shown, f"what {current[0]} shows now"
    question = Question(
        key=key,
        text="What does a kWh from the grid cost, all included?" if way == "import" else "What does a sold kWh earn?",
        kind="number",
        unit=f"{survey.currency}/kWh",
        suggestion=suggestion,
        because=because,
    )
    values = {} if suggestion is None else {way: suggestion}
    return Pricing(values=values, notes={key: because or ""}, findings=tuple(findings), questions=(question,))


def _now(survey: Survey, entity_id: str) -> float | None:
    entity = survey.entities.get(entity_id)
    if entity is None or not is_shown(entity):
        return None
    try:
        return round(float(str(entity.state)) * price_factor(entity.attributes.get("unit_of_measurement")), 4)
    except (PermanentError, ValueError):
        return None
