"""What is checked against Home Assistant before the agent runs: all of it at once, with what to do about it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from homeagent.agent.live.forecast_checks import forecast_issues
from homeagent.agent.live.price_checks import price_issues, price_lines, tariff_lines
from homeagent.config import Config
from homeagent.domain.errors import InputError, Issue, PermanentError, TransientError
from homeagent.domain.wiring import Wiring
from homeagent.hass.asking import ask, may_control
from homeagent.hass.connection import Connection
from homeagent.hass.inspection import HomeAssistantFacts, conflicts, inspect
from homeagent.hass.link import wait_running

FIRST_ANSWER_S = 10.0
"""An address that has never answered is given so long before it counts as a mistake."""
RETRY_S = 1.0


def missing_wiring(source: Path) -> InputError:
    """Return the error of a configuration that names no Home Assistant."""
    remedy = "add home_assistant with url and token, meters and prices.import; see config.example.yaml"
    return InputError(str(source), (Issue(path="home_assistant", message="is missing", remedy=remedy),))


async def first_connection(wiring: Wiring, *, known: bool, echo: Callable[[str], None]) -> Connection:
    """Return a connection to a Home Assistant that has started.

    `known` says that the address has answered in an earlier run: then it is waited for as long as it takes, since a
    whole machine may just be starting.

    Raises:
        PermanentError: the address, the certificate or the token is wrong, or nothing ever answered.
    """
    began = time.monotonic()
    said = ""
    while True:
        try:
            connection = await Connection.open(wiring.home_assistant)
        except TransientError as error:
            if not known and time.monotonic() - began > FIRST_ANSWER_S:
                remedy = "check home_assistant.url, and that Home Assistant runs"
                raise PermanentError(f"{error}; {remedy}") from error
            if str(error) != said:
                said = str(error)
                echo(f"{said}; trying again")
            await asyncio.sleep(RETRY_S)
            continue
        try:
            await wait_running(connection)
        except TransientError as error:
            await connection.close()
            if str(error) != said:
                said = str(error)
                echo(f"{said}; trying again")
            await asyncio.sleep(RETRY_S)
            continue
        except BaseException:
            await connection.close()
            raise
        return connection


async def check_start(source: Path, config: Config, *, known: bool, echo: Callable[[str], None]) -> HomeAssistantFacts:
    """Return what Home Assistant says of itself, once everything that the configuration asks of it is there.

    Raises:
        InputError: with every problem, among them that the address, the certificate or the token is wrong.
        PermanentError: Home Assistant stopped answering while it was checked.
    """
    wiring = config.wiring
    if wiring is None:
        raise missing_wiring(source)
    try:
        connection = await first_connection(wiring, known=known, echo=echo)
    except PermanentError as error:
        issues = [*conflicts(wiring), Issue(path="home_assistant", message=str(error))]
        raise InputError(str(source), tuple(issues)) from error
    try:
        facts = await ask(connection)
        issues = [*inspect(wiring, facts), *forecast_issues(wiring.forecasts, facts)]
        if not known:  # a list that is odd today must not keep an agent from starting again
            issues += price_issues(wiring.prices, config.adopting(facts.timezone, facts.currency).site, facts)
        if config.mode == "control" and not await may_control(connection, wiring):
            remedy = "make the token as a user who is no read-only one"
            message = "its user may not command the devices"
            issues.append(Issue(path="home_assistant.token", message=message, remedy=remedy))
    except TransientError as error:
        raise PermanentError(f"Home Assistant did not answer while it was checked: {error}") from error
    finally:
        await connection.close()
    if issues:
        raise InputError(str(source), tuple(issues))
    return facts


def explain_prices(config: Config) -> list[str]:
    """Return how the configured prices come about, in words and at a sample hour."""
    return [] if config.wiring is None else list(tariff_lines(config.wiring.prices, config.site))


def check_online(source: Path, config: Config) -> list[str]:
    """Hold a configuration against its Home Assistant, and return what was found, a line a topic.

    Raises:
        InputError, PermanentError: as `check_start`.
    """
    from homeagent.hass.rest import look  # noqa: PLC0415 - a heavy package that the running agent never loads

    wiring = config.wiring
    if wiring is None:
        return []
    facts = asyncio.run(check_start(source, config, known=False, echo=lambda _line: None))
    lines = [f"Home Assistant {facts.version}: {len(facts.states)} entities, all that are named exist and fit"]
    site = config.adopting(facts.timezone, facts.currency).site
    lines += price_lines(wiring.prices, site, facts, datetime.now(UTC))
    if wiring.home_assistant.fingerprint is not None:
        return [*lines, "history: not looked at (the client for it cannot pin a certificate; homeagent run can)"]
    try:
        found = look(wiring.home_assistant, sorted(wiring.meters.entities()), datetime.now(UTC))
    except TransientError as error:
        return [*lines, f"history: not looked at ({error})"]
    short = sorted(name for name, hours in found.recorded_hours.items() if hours < 1)
    if short:
        return [*lines, f"history: less than an hour recorded of {', '.join(short)}; plans get better after a day"]
    return [*lines, "history: the recorder knows every meter for the last hours; the agent takes it over at its start"]
