"""Trials of devices from the guided set-up: one at a time, watched, stopped at will, and their numbers kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from homeagent.agent.live.actuator_test import announcement, run_test
from homeagent.config import Config, load_config
from homeagent.config.editing import as_yaml, write_numbers
from homeagent.domain.actuator import ActuatorReport, Progress
from homeagent.domain.errors import HomeAgentError, PermanentError, TransientError

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Course:
    """One trial, as far as it is."""

    device: str
    stop: asyncio.Event
    progress: Progress | None = None
    report: ActuatorReport | None = None
    refused: str | None = None
    kept: bool = False


class Trial:
    """Tries the devices of a configuration that stands at `path`. `tell` is called when its state has changed."""

    def __init__(self, path: Path, config: Config, tell: Callable[[], None]) -> None:
        self._path = path
        self._config = config
        self._tell = tell
        self._course: _Course | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def devices(self) -> Sequence[Mapping[str, object]]:
        """What can be tried, and what a trial of it does."""
        wiring = self._config.wiring
        names = [] if wiring is None else [(device.name, device.kind) for device in wiring.devices]
        return [
            {"name": name, "what": f"a {kind}", "announced": list(announcement(self._path, self._config, name))}
            for name, kind in names
        ]

    def state(self) -> Mapping[str, object] | None:
        """Return how the newest trial is, None before any."""
        course = self._course
        if course is None:
            return None
        report = course.report
        numbers = () if report is None else report.numbers
        return {
            "device": course.device,
            "running": self._running,
            "doing": _doing(course.progress),
            "progress": None if course.progress is None else asdict(course.progress),
            "summary": course.refused or (None if report is None else _summary(report)),
            "warnings": [] if report is None else [*report.warnings, *(_by_hand(one) for one in report.not_restored)],
            "verdicts": [] if report is None else [_row(one) for one in map(asdict, report.tried)],
            "numbers": [{"key": ".".join(number.key), "because": number.because} for number in numbers],
            "yaml": as_yaml(numbers) if numbers else "",
            "kept": course.kept,
        }

    def begin(self, device: str) -> None:
        """Begin a trial.

        Raises:
            TransientError: one is running.
            InputError: there is no such device.
        """
        if self._running:
            raise TransientError("a trial is running; stop it first")
        announcement(self._path, self._config, device)
        self._course = _Course(device=device, stop=asyncio.Event())
        self._task = asyncio.create_task(self._run(self._course), name=f"trial of {device}")

    async def stop(self) -> None:
        """End the trial that is running, and wait until the device is as it was."""
        if self._course is not None and self._task is not None:
            self._course.stop.set()
            await asyncio.wait([self._task])

    def keep(self) -> None:
        """Write what was measured into the configuration.

        Raises:
            PermanentError: nothing was measured, or the file cannot be edited.
        """
        course = self._course
        if self._running or course is None or course.report is None or not course.report.numbers:
            raise PermanentError("there are no numbers to write")
        write_numbers(self._path, course.report.numbers)
        zone, currency = self._config.site.timezone.key, self._config.site.currency
        self._config = load_config(self._path).adopting(zone, currency)
        course.kept = True
        self._tell()

    @property
    def _running(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _run(self, course: _Course) -> None:
        def progressed(progress: Progress) -> None:
            course.progress = progress
            self._tell()

        try:
            course.report = await run_test(
                self._path, self._config, course.device, on_progress=progressed, stop=course.stop
            )
        except HomeAgentError as error:
            course.refused = str(error)
        except Exception:
            _LOGGER.exception("a trial failed")
            course.refused = "an error inside the agent; see its log"
        finally:
            asyncio.get_running_loop().call_soon(self._tell)  # once the task counts as done


def _doing(progress: Progress | None) -> str:
    if progress is None:
        return "connecting"
    kw = "not known" if progress.measured_kw is None else f"{progress.measured_kw:+.2f} kW"
    return f"{progress.told}; measured {kw}; {progress.seconds:.0f} of {progress.limit_seconds:.0f} s"


def _summary(report: ActuatorReport) -> str:
    if report.ended is not None:
        return f"ended early: {report.ended}"
    return "everything works" if report.works else "not everything works"


def _by_hand(what: str) -> str:
    return f"not as it was before, set it by hand: {what}"


def _row(tried: Mapping[str, object]) -> Mapping[str, object]:
    return {name: tried[name] for name in ("told", "verdict", "seen")}
