"""`homeagent discover`: asks Home Assistant, then the household, writes the file, and checks it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches

from homeagent.agent.discovery.devices import steering
from homeagent.config.profile import Profile
from homeagent.domain.discovery import Answer, Question, Understanding
from homeagent.domain.errors import InputError, Issue, PermanentError, TransientError
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import HomeAssistantSpec
from homeagent.hass.connection import Connection
from homeagent.hass.link import wait_running
from homeagent.hass.related import related
from homeagent.hass.survey import survey

ANSWERS = "--answers"
NUMBERS = ("battery.capacity_kwh", "battery.max_charge_kw", "battery.max_discharge_kw", "battery.min_soc")
ENTITIES = ("meters.grid", "meters.pv", "meters.battery", "meters.load", "meters.soc")
PRICES = ("prices.import", "prices.export")
WAYS = {"meters.grid.positive": ("import", "export"), "meters.battery.positive": ("discharge", "charge")}
KEYS = (*NUMBERS, *ENTITIES, *PRICES, *WAYS)
"""What can be answered whether it is asked or not."""


async def look(spec: HomeAssistantSpec, progress: Callable[[str], None], profiles: Sequence[Profile] = ()) -> Survey:
    """Return a survey of a Home Assistant, and of who touches what `profiles` would steer there.

    Raises:
        PermanentError: it does not answer, or refuses the token.
    """
    try:
        connection = await Connection.open(spec)
        try:
            await wait_running(connection)
            found = await survey(connection, datetime.now(UTC), progress)
            steered = steering(found, profiles, {}).steered
            return replace(found, related=await related(connection, steered))
        finally:
            await connection.close()
    except TransientError as error:
        raise PermanentError(f"{error}; check the address, and that Home Assistant runs") from error


def survey_of(spec: HomeAssistantSpec, progress: Callable[[str], None], profiles: Sequence[Profile] = ()) -> Survey:
    """Return a survey, from a program without a loop of its own. Raises as `look`."""
    return asyncio.run(look(spec, progress, profiles))


def answered(given: Mapping[str, str], understanding: Understanding, found: Survey) -> dict[str, Answer]:
    """Return answers given as texts in the kind that their questions ask for.

    Raises:
        InputError: one answers nothing that can be asked, is no number, no entity, or none of the choices.
    """
    asked = {question.key: question for question in understanding.questions}
    answers: dict[str, Answer] = {}
    issues = []
    for key, text in given.items():
        try:
            answers[key] = _answer(key, text, asked.get(key), found)
        except ValueError as error:
            message, remedy = error.args
            issues.append(Issue(path=key, message=message, found=repr(text), remedy=remedy))
    if issues:
        raise InputError(ANSWERS, tuple(issues))
    return answers


def _answer(key: str, text: str, question: Question | None, found: Survey) -> Answer:
    """Return one answer; raises ValueError with a message and a remedy."""
    if question is not None and not (key in ENTITIES or key in PRICES):
        return parsed(question, text)
    if key in NUMBERS:
        return _number(text)
    if key in WAYS:
        return _one_of(text, WAYS[key])
    if key in ENTITIES and text not in found.entities:
        near = get_close_matches(text, found.entities, n=3, cutoff=0.5)
        raise ValueError("is no entity of this Home Assistant", f"did you mean {', '.join(near)}?" if near else None)
    if key in PRICES and question is not None and text in question.choices:
        return text
    if key in PRICES and text not in found.entities:
        return _number(text)
    if key in ENTITIES or key in PRICES:
        return text
    near = get_close_matches(key, KEYS, n=1, cutoff=0.5)
    raise ValueError(
        "answers nothing that is asked", f"did you mean {near[0]}?" if near else f"known: {', '.join(KEYS)}"
    )


def parsed(question: Question, text: str) -> Answer:
    """Return an answer in the kind that is asked for.

    Raises:
        ValueError: it does not fit; its arguments are what is wrong and what would be right.
    """
    if question.kind == "number":
        return _number(text)
    if question.kind == "yes_no":
        return _one_of(text.lower(), ("yes", "no")) == "yes"
    return _one_of(text, question.choices) if question.kind == "choice" else text


def _number(text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("is no number", "give a number")
    return value


def _one_of(text: str, choices: Sequence[str]) -> str:
    if text not in choices:
        raise ValueError("is none of the choices", f"give one of {', '.join(choices)}")
    return text


def unanswered(questions: list[Question]) -> InputError:
    """Return the error for questions that have neither an answer nor a suggestion."""
    issues = [
        Issue(path=one.key, message="must be known: " + one.text, remedy=f"{ANSWERS} {one.key}=VALUE")
        for one in questions
    ]
    return InputError("homeagent discover", tuple(issues))
