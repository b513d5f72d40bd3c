"""`homeagent discover`: asks Home Assistant, then the household, writes the file, and checks it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from homeagent.agent.discovery.devices import steering
from homeagent.config.profile import Profile
from homeagent.domain.discovery import Answer, Question, Understanding
from homeagent.domain.errors import InputError, Issue, PermanentError, TransientError
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import HomeAssistantSpec
from homeagent.hass.connection import Connection
from homeagent.hass.link import wait_running
from homeagent.hass.survey import related, survey

ANSWERS = "--answers"


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


def answered(given: Mapping[str, str], understanding: Understanding) -> dict[str, Answer]:
    """Return answers given as texts in the kind that their questions ask for.

    Raises:
        InputError: one is no number, or none of the choices.
    """
    asked = {question.key: question for question in understanding.questions}
    answers: dict[str, Answer] = {}
    issues = []
    for key, text in given.items():
        question = asked.get(key)
        try:
            answers[key] = text if question is None else parsed(question, text)
        except ValueError as error:
            issues.append(Issue(path=key, message=str(error), found=repr(text), remedy=_fits(question)))
    if issues:
        raise InputError(ANSWERS, tuple(issues))
    return answers


def parsed(question: Question, text: str) -> Answer:
    """Return an answer in the kind that is asked for.

    Raises:
        ValueError: it does not fit; the message says why.
    """
    if question.kind == "number":
        try:
            return float(text.replace(",", "."))
        except ValueError:
            raise ValueError("is no number") from None
    if question.kind == "yes_no":
        if text.lower() not in {"yes", "no", "y", "n"}:
            raise ValueError("is neither yes nor no")
        return text.lower().startswith("y")
    if question.kind == "choice" and text not in question.choices:
        raise ValueError("is none of the choices")
    return text


def _fits(question: Question | None) -> str | None:
    if question is None:
        return None
    return f"give one of {', '.join(question.choices)}" if question.choices else f"give a {question.kind}"


def unanswered(questions: list[Question]) -> InputError:
    """Return the error for questions that have neither an answer nor a suggestion."""
    issues = [
        Issue(path=one.key, message="must be known: " + one.text, remedy=f"{ANSWERS} {one.key}=VALUE")
        for one in questions
    ]
    return InputError("homeagent discover", tuple(issues))
