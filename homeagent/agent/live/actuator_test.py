"""A supervised test of one device: told a little of everything it knows, measured, and left as it was found.

    report = await run_test(source, config, "battery", on_progress=show, stop=event)

`announcement(source, config, "battery")` says beforehand what will happen. `run_test` takes at most two minutes and a
little for the first readings and the way back. Set `stop`, or cancel the task: either way the device goes to its safe
state and its entities get back what they showed before, which cannot be cancelled and takes seconds. After `stop` the
report has what was measured until then. `on_progress` is called about once a second, on the same loop.

It raises `InputError` (the configuration does not fit to Home Assistant), `NotTestedError` (it should not begin as
things stand: the sentence says why) and other `PermanentError`s (an agent runs on this home; Home Assistant does not
answer). The configured mode does not matter: nothing but this device is commanded. `report.numbers` go into the file
with `homeagent.config.editing.write_numbers`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from homeagent.agent.live.actuator_bench import Bench, Pace
from homeagent.agent.live.actuator_course import NotTestedError, SupervisedTest
from homeagent.agent.live.checks import check_start, missing_wiring
from homeagent.agent.live.home import LiveHome
from homeagent.agent.live.run import SEEN_BEFORE, SystemClock
from homeagent.config import Config
from homeagent.control.actuator_plan import announced
from homeagent.domain.actuator import ActuatorReport, Progress
from homeagent.domain.command import Command, CommandResult
from homeagent.domain.errors import InputError, Issue, PermanentError
from homeagent.domain.wiring import DeviceSpec
from homeagent.hass.related import related
from homeagent.store import Store

LINK_S = 30.0

__all__ = ["NotTestedError", "Pace", "announcement", "run_test"]


def announcement(source: Path, config: Config, device: str, pace: Pace = Pace()) -> tuple[str, ...]:  # noqa: B008 - frozen
    """Return what a test will do, in sentences.

    Raises:
        InputError: there is no such device.
    """
    spec = _device(source, config, device)
    entities = ", ".join(sorted(spec.entities())) or "actions alone"
    return (
        f"{announced(spec)}. This takes at most {pace.total_s / 60:g} minutes.",
        f"It is told through {entities}; afterwards they get back what they show now.",
        "Nothing else is commanded. You can stop it at any moment.",
    )


async def run_test(
    source: Path,
    config: Config,
    device: str,
    *,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
    stop: asyncio.Event | None = None,
    pace: Pace = Pace(),  # noqa: B008 - frozen
) -> ActuatorReport:
    """Test a device, and return what came of it.

    Raises:
        InputError: the configuration does not fit to Home Assistant, or has no such device.
        NotTestedError: it should not begin as things stand.
        PermanentError: an agent runs on this home, or Home Assistant does not answer.
    """
    spec = _device(source, config, device)
    wiring = config.wiring
    if wiring is None:
        raise missing_wiring(source)
    with Store.open(config.store) as store:
        facts = await check_start(source, replace(config, mode="control"), known=False, echo=lambda _line: None)
        store.write_fact(SEEN_BEFORE, facts.version)
        config = config.adopting(facts.timezone, facts.currency)
        home = LiveHome(wiring, config.site, "observe", SystemClock())
        link = asyncio.create_task(home.run(), name="link")
        try:
            await _up(home)
            rivals = await related(home.link, sorted(spec.entities()))
            warnings = [
                f"{', '.join(names)} may set {entity}: only one of you should steer it"
                for entity, names in rivals.items()
            ]
            rated_kw = next((table.rated_kw for table in wiring.timetables if table.device == device), 0.0)
            bench = Bench(home, spec, config.site, pace, on_progress, stop or asyncio.Event())
            return await SupervisedTest(bench, rated_kw, _Journal(store)).run(warnings)
        finally:
            link.cancel()
            await asyncio.wait([link])


class _Journal:
    """Keeps what the device is told on disk, so that a run after a crash knows that it must be made safe."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def told(self, command: Command) -> None:
        """Keep a command before it is written to the device."""
        self._store.write_command(command)

    def became(self, result: CommandResult) -> None:
        """Keep what became of it."""
        self._store.write_outcome(result, datetime.now(UTC))


def _device(source: Path, config: Config, name: str) -> DeviceSpec:
    if config.wiring is None:
        raise missing_wiring(source)
    devices = {device.name: device for device in config.wiring.devices}
    if name in devices:
        return devices[name]
    near = get_close_matches(name, devices, n=1)
    known = f"did you mean {near[0]}?" if near else f"it has {', '.join(devices) or 'none'}"
    issue = Issue(path=name, message="is no device that the configuration says how to command", remedy=known)
    raise InputError(str(source), (issue,))


async def _up(home: LiveHome) -> None:
    """Wait for the link.

    Raises:
        PermanentError: it does not come up.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINK_S):
            while not home.link.status.up:
                await home.alarm.sleep(asyncio.get_running_loop().time() + LINK_S)
            return
    raise PermanentError(f"no link to Home Assistant: {home.link.status.problem}")
