"""Begins a run: checks everything that is checked once, and then becomes the small process that stays.

Reading a configuration and asking Home Assistant about it take libraries and memory (some 25 MB) that nothing later
needs. So the process is replaced by one that never loads them, under the same number; what it needs is handed over in a
file that has no name.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from homeagent.agent.live.checks import check_start, missing_wiring
from homeagent.agent.live.ending import ended_by_signals
from homeagent.agent.live.run import SEEN_BEFORE, RunConfig
from homeagent.config import Config
from homeagent.domain.site import Place
from homeagent.forecasting.public_holidays import Years, holidays_around
from homeagent.store import Store


def launch(source: Path, config: Config, echo: Callable[[str], None]) -> None:
    """Check, and go over into the run. Returns only where it was stopped before.

    Raises:
        PermanentError: something that its owner must mend first: nothing was commanded then.
    """
    checked = asyncio.run(_checked(source, config, echo))
    if checked is not None:
        _become(checked)


async def _checked(source: Path, config: Config, echo: Callable[[str], None]) -> RunConfig | None:
    """Return what the run needs, None if a signal came first."""
    wiring = config.wiring
    if wiring is None:
        raise missing_wiring(source)
    with Store.open(config.store) as store:
        known = store.fact(SEEN_BEFORE) is not None
        stop = asyncio.Event()
        ended_by_signals(stop)
        checking = asyncio.create_task(check_start(source, config, known=known, echo=echo))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({checking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not checking.done():
            checking.cancel()
            await asyncio.wait([checking])
            return None
        facts = checking.result()
        stopping.cancel()
        store.write_fact(SEEN_BEFORE, facts.version)
    config = config.adopting(facts.timezone, facts.currency, facts.place)
    return RunConfig(
        site=config.site,
        inverter=config.inverter,
        mode=config.mode,
        wiring=wiring,
        thinking_step=config.thinking_step,
        governor=config.governor,
        host=config.host,
        minimum_hold=config.minimum_hold,
        learning=config.learning,
        absences=config.absences,
        known=config.known,
        wishes=config.wishes,
        store=config.store,
        port=config.port,
        holidays=_holidays(config.site.place),
    )


def _holidays(place: Place | None) -> Years:
    """Return the holidays of the home's country in the years around."""
    if place is None or place.country is None:
        return {}
    return holidays_around(place.country, datetime.now(UTC).year)


def _become(config: RunConfig) -> None:
    """Replace this process by the run."""
    with _nameless() as file:
        pickle.dump((config, logging.getLogger().level), file)
        file.flush()
        file.seek(0)
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - as it is named there
        sys.stdout.flush()
        sys.stderr.flush()
        program = [sys.executable, "-P", "-m", "homeagent.agent.live.process", str(file.fileno())]
        os.execv(program[0], program)  # noqa: S606 - this program itself


def _nameless() -> IO[bytes]:
    """Return a file that is in no folder: in memory, where the system can."""
    in_memory = getattr(os, "memfd_create", None)
    return tempfile.TemporaryFile() if in_memory is None else os.fdopen(in_memory("homeagent"), "w+b")
