"""How far a guided set-up is, and its acts: connect, answer, compose the tariff, write, try the devices."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from homeagent.agent.discovery.run import answered, look
from homeagent.agent.discovery.yaml_text import write_config
from homeagent.agent.live.checks import check_start
from homeagent.agent.setup.found_home import FoundHome, found_home
from homeagent.agent.setup.tariff_form import composed
from homeagent.agent.setup.trial import Trial
from homeagent.config import check_config, load_config
from homeagent.config.home_assistant import HomeAssistantSettings
from homeagent.config.profile_files import folder_beside, load_profiles
from homeagent.domain.errors import HomeAgentError, InputError, Issue, PermanentError, TransientError
from homeagent.domain.wiring import HomeAssistantSpec

_LOGGER = logging.getLogger(__name__)

HERE = "set-up"


class GuidedSetup:
    """Implements `domain.ports.SetupView` for the configuration that is to stand at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._doing: str | None = None
        self._failed: str | None = None
        self._home: FoundHome | None = None
        self._written: list[str] = []
        self._understood: list[str] = []
        self._trial: Trial | None = None
        self._changed = asyncio.Event()

    def state(self) -> Mapping[str, object]:
        """Return how far the set-up is."""
        return {
            "path": str(self._path),
            "exists": self._path.exists() and not self._written,
            "busy": self._doing,
            "failed": self._failed,
            "home": None if self._home is None else self._home.told(),
            "written": self._written,
            "understood": self._understood,
            "checked": self._trial is not None,
            "devices": [] if self._trial is None else self._trial.devices,
            "test": None if self._trial is None else self._trial.state(),
            "next": f"homeagent run {self._path}",
        }

    async def connect(self, url: str, token: str) -> None:
        """Look at a Home Assistant and understand its home."""
        spec = _spec(url, token)
        with self._busy("looking at Home Assistant"):
            profiles = load_profiles(folder_beside(self._path))
            survey = await look(spec, self._say, profiles)
            self._home = await found_home(self._path, spec, survey, profiles, {}, {})

    async def answer(self, answers: Mapping[str, str]) -> None:
        """Take answers; an empty one takes the suggestion again."""
        home = self._found()
        with self._busy("thinking your answers over"):
            merged = {key: value for key, value in home.answers.items() if key not in answers}
            given = {key: text.strip() for key, text in answers.items() if text.strip()}
            merged |= answered(given, home.understanding, home.survey)
            self._home = await home.again(answers=merged)

    async def tariff(self, parts: Mapping[str, str]) -> None:
        """Take what is added to the market's price."""
        home = self._found()
        with self._busy("composing the tariff"):
            self._home = await home.again(parts=composed(parts))

    async def write(self) -> None:
        """Write the configuration and check it against Home Assistant."""
        home = self._found()
        if home.draft.problems:
            raise PermanentError("; ".join(home.draft.problems))
        with self._busy("writing"):
            if not self._written:  # else it is only checked again
                written = write_config(self._path, home.text, home.spec.token)
                self._written = [str(path) for path in written]
            config = load_config(self._path)
            self._understood = check_config(self._path)
            facts = await check_start(self._path, config, known=False, echo=self._say)
            self._trial = Trial(self._path, config.adopting(facts.timezone, facts.currency), self._tell)

    async def test(self, device: str) -> None:
        """Begin to try what a device answers to."""
        self._tried().begin(device)

    async def stop(self) -> None:
        """End a trial, and bring the device back to where it was."""
        await self._tried().stop()

    async def keep(self) -> None:
        """Write what the trial has measured into the configuration."""
        self._tried().keep()

    async def changed(self) -> None:
        """Wait until the state has changed."""
        await self._changed.wait()

    async def close(self) -> None:
        """End what still runs."""
        if self._trial is not None:
            await self._trial.stop()

    def _found(self) -> FoundHome:
        if self._home is None:
            raise PermanentError("connect to Home Assistant first")
        return self._home

    def _tried(self) -> Trial:
        if self._trial is None:
            raise PermanentError("write the configuration first")
        return self._trial

    @contextmanager
    def _busy(self, what: str) -> Iterator[None]:
        """Do one thing at a time, and tell the page what."""
        if self._doing is not None:
            raise TransientError(f"still {self._doing}; wait a moment")
        self._failed = None
        self._say(what)
        try:
            yield
        except HomeAgentError as error:
            self._failed = str(error)
            raise
        except Exception as error:
            _LOGGER.exception("the set-up failed")
            self._failed = f"an error inside the agent ({type(error).__name__}); see its log"
            raise PermanentError(self._failed) from error
        finally:
            self._doing = None
            self._tell()

    def _say(self, what: str) -> None:
        self._doing = what
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _spec(url: str, token: str) -> HomeAssistantSpec:
    """Return where Home Assistant is.

    Raises:
        InputError: address or token cannot be right.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - beside the only place that can raise it

    try:
        settings = HomeAssistantSettings(url=url.strip(), token=token)
    except ValidationError as error:
        issues = [
            Issue(
                path="address" if "url" in problem["loc"] else "token",
                message=problem.get("ctx", {}).get("message", problem["msg"]),
                remedy=problem.get("ctx", {}).get("remedy"),
            )
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise InputError(HERE, tuple(issues)) from None
    return HomeAssistantSpec(url=settings.url, token=settings.token)
