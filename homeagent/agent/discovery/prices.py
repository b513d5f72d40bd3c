"""What a kWh costs and earns in this home, as far as Home Assistant knows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from homeagent.agent.discovery.dashboard import Dashboard
from homeagent.agent.discovery.price_offers import Offer, offers
from homeagent.agent.discovery.sensors import is_shown
from homeagent.domain.discovery import Answer, Finding, Question
from homeagent.domain.errors import PermanentError
from homeagent.domain.grid import FloatArray
from homeagent.domain.price_unit import price_factor
from homeagent.domain.survey import Survey
from homeagent.hass.units import number
from homeagent.sources.price_doubts import doubt

Way: TypeAlias = Literal["import", "export"]
BRITISH = "16:00"
"""When Agile's prices of tomorrow are there."""
DISPATCHING = "_intelligent_dispatching"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """The values of `prices`, with what was found and what must be asked."""

    values: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()


def pricing(survey: Survey, told: Dashboard, answers: Mapping[str, Answer]) -> Pricing:
    """Return what is known of prices."""
    every = offers(survey)
    ways: tuple[tuple[Way, Sequence[str | float]], ...] = (
        ("import", told.import_prices),
        ("export", told.export_prices),
    )
    found = [_OneWay(survey, way, every, settings, answers).pricing() for way, settings in ways]
    values = {name: value for one in found for name, value in one.values.items()}
    if "event." in str(values.get("import")) and survey.country == "GB":
        values["published_at"] = BRITISH
    return Pricing(
        values=values,
        notes={name: note for one in found for name, note in one.notes.items()},
        findings=(
            *(finding for one in found for finding in one.findings),
            *_dispatches(survey),
            *_negative(survey, values),
        ),
        questions=tuple(question for one in found for question in one.questions),
    )


def _dispatches(survey: Survey) -> Iterator[Finding]:
    for name in survey.entities:
        if name.endswith(DISPATCHING):
            yield Finding(
                topic="prices",
                kind="missing",
                text=f"{name} gives cheap slots away, but does not say at what price",
                remedy=f"if they cost less, add prices.import.dispatches: {{entity: {name}, per_kwh: ...}}",
            )


def _negative(survey: Survey, values: Mapping[str, Any]) -> Iterator[Finding]:
    """Say what nobody but the household knows of a fixed feed-in in Germany."""
    paid = values.get("export")
    if survey.country == "DE" and isinstance(paid, float) and paid > 0:
        text = (
            "whether feeding in is paid while the market's price is negative: new German plants since 2025 get nothing"
        )
        remedy = f"if yours is one, write prices.export as {{rates: {paid:g}, none_at_negative: true}}"
        yield Finding(topic="prices", kind="missing", text=text, remedy=remedy)


class _OneWay:
    """What is known of one direction's price."""

    def __init__(
        self,
        survey: Survey,
        way: Way,
        every: Sequence[Offer],
        settings: Sequence[str | float],
        answers: Mapping[str, Answer],
    ) -> None:
        self._survey = survey
        self._way: Way = way
        self._key = f"prices.{way}"
        self._answers = answers
        self._settings = settings
        self._named = [offer for offer in every if any(price in offer.entities for price in settings)]
        unclaimed = [offer for offer in every if offer.export == (way == "export")]
        self._offers = [*self._named, *(offer for offer in unclaimed if offer not in self._named)]

    def pricing(self) -> Pricing:
        """Return it: what was answered, what the dashboard names, the only one there is, or a question."""
        answer = self._answers.get(self._key)
        offer = next((offer for offer in self._offers if offer.name == answer), None)
        if answer is not None and offer is None:
            return Pricing(values={self._way: _typed(answer)}, notes={self._key: "your answer"})
        numbers = [price for price in self._settings if isinstance(price, float)]
        if offer is not None:
            return self._taken(offer, "your answer")
        if self._named:
            return self._taken(self._named[0], "the Energy dashboard names it")
        if numbers:
            return self._fixed(numbers)
        if self._offers:
            return self._taken(self._offers[0], "the first of them; no other setting tells which")
        return self._asked()

    def _taken(self, offer: Offer, why: str) -> Pricing:
        """Return one list of prices, and ask where there are others."""
        text = f"{self._way} prices: {offer.name} lists them"
        text += "; the Energy dashboard names it" if offer in self._named else ""
        findings = [Finding(topic="prices", kind="found", text=text), *self._doubts(offer)]
        unit, questions = self._unit(offer)
        if offer.doubt and unit is None:
            questions = (self._question(None, None),)
        others = [other.name for other in self._offers if other is not offer]
        if others:
            findings.append(self._several(offer, others))
            questions = (self._which(offer, why), *questions)
        values: dict[str, Any] = {} if offer.doubt and unit is None else {self._way: offer.configured(unit)}
        return Pricing(values=values, findings=tuple(findings), questions=questions)

    def _which(self, offer: Offer, why: str) -> Question:
        sold = "costs" if self._way == "import" else "sold earns"
        return Question(
            key=self._key,
            text=f"Prices come from several places. Which is what a kWh {sold}?",
            kind="choice",
            choices=tuple(other.name for other in self._offers),
            suggestion=offer.name,
            because=why,
        )

    def _several(self, offer: Offer, others: Sequence[str]) -> Finding:
        return Finding(
            topic="prices",
            kind="warning",
            text=f"several price lists: {offer.name} is taken for {self._way}, not {', '.join(others)}",
            remedy=f"if that is wrong, answer {self._key} with another",
        )

    def _doubts(self, offer: Offer) -> Iterator[Finding]:
        if offer.doubt is not None:
            remedy = "correct its unit in Home Assistant"
            if offer.unit is not None:
                remedy += f"; until then it is read in {offer.unit}"
            yield Finding(topic="prices", kind="warning", text=f"{offer.name}: {offer.doubt}", remedy=remedy)
        if offer.lacks is not None and self._way == "import":
            yield Finding(
                topic="prices",
                kind="warning",
                text=f"the prices of {offer.name} are without {offer.lacks}",
                remedy="add them under prices.import: markup_per_kwh, grid_fee, tax_per_kwh and vat",
            )

    def _unit(self, offer: Offer) -> tuple[str | None, tuple[Question, ...]]:
        """Return the unit to read an entity in, and ask where its own cannot be."""
        if offer.unit is None:
            return None, ()
        key = f"{self._key}.unit"
        unit = str(self._answers.get(key, offer.unit))
        question = Question(
            key=key,
            text=f"In which unit are the prices of {offer.name}?",
            kind="choice",
            choices=("ct/kWh", f"{self._survey.currency}/kWh", f"{self._survey.currency}/MWh"),
            suggestion=offer.unit,
            because=offer.doubt,
        )
        return unit, (question,)

    def _fixed(self, numbers: Sequence[float]) -> Pricing:
        currency = self._survey.currency
        text = f"{self._way} price: {numbers[0]:g} {currency}/kWh, the fixed price of the Energy dashboard"
        findings = [Finding(topic="prices", kind="found", text=text)]
        if len({*numbers}) > 1:
            several = ", ".join(f"{number:g}" for number in numbers)
            text = f"the Energy dashboard has several {self._way} prices ({several}); the first is taken"
            remedy = f"write their times under prices.{self._way}.rates"
            findings.append(Finding(topic="prices", kind="warning", text=text, remedy=remedy))
        note = {self._key: "as in the Energy dashboard"}
        return Pricing(values={self._way: numbers[0]}, notes=note, findings=tuple(findings))

    def _asked(self) -> Pricing:
        current = [price for price in self._settings if isinstance(price, str)]
        findings = [
            Finding(
                topic="prices",
                kind="missing",
                text=f"{price} shows the {self._way} price of this moment, but lists no prices of the hours to come",
                remedy="name the entity that lists them, or a fixed price",
            )
            for price in current
        ]
        if not current:
            sold = "sold earns" if self._way == "export" else "costs"
            text = f"nothing says what a kWh {sold}: no entity lists {self._way} prices"
            findings.append(Finding(topic="prices", kind="missing", text=text))
        suggestion, because = (0.0, "nothing says that selling pays") if self._way == "export" else (None, None)
        shown = next((price for price in (self._now(name) for name in current) if price is not None), None)
        if shown is not None:
            suggestion, because = shown, f"what {current[0]} shows now"
        values: dict[str, Any] = {} if suggestion is None else {self._way: suggestion}
        notes = {} if because is None else {self._key: because}
        question = self._question(suggestion, because)
        return Pricing(values=values, notes=notes, findings=tuple(findings), questions=(question,))

    def _question(self, suggestion: float | None, because: str | None) -> Question:
        return Question(
            key=self._key,
            text="What does a kWh from the grid cost, all included?"
            if self._way == "import"
            else "What does a sold kWh earn?",
            kind="number",
            unit=f"{self._survey.currency}/kWh",
            suggestion=suggestion,
            because=because,
        )

    def _now(self, entity_id: str) -> float | None:
        """Return the price that an entity shows now, None where it shows none or one that cannot be."""
        entity = self._survey.entities.get(entity_id)
        value = number(str(entity.state)) if entity is not None and is_shown(entity) else None
        if entity is None or value is None:
            return None
        try:
            price: float = round(value * price_factor(entity.attributes.get("unit_of_measurement")), 4)
        except PermanentError:
            return None
        prices: FloatArray = np.array([price])
        return None if doubt(prices, self._survey.currency) else price


def _typed(answer: Answer) -> str | float:
    """Return an answer as a number, or as the entity that it names."""
    try:
        return float(answer)
    except ValueError:
        return str(answer)
