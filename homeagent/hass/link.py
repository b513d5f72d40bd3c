"""The live link: a connection that comes back, and the configured entities' states as they are now."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from homeagent.domain.errors import HomeAgentError, PermanentError
from homeagent.domain.wiring import HomeAssistantSpec
from homeagent.hass.calm_line import CalmLine, Pause
from homeagent.hass.connection import COMMAND_TIMEOUT_S, Connection, OnEvent
from homeagent.hass.entities import Change, EntityState, changes
from homeagent.hass.errors import ActionFailedError, LinkLostError, NoAnswerError, NotReadyError, TokenRefusedError

_LOGGER = logging.getLogger(__name__)

PING_AFTER_S = 65.0
"""A connection that was silent for so long is asked whether Home Assistant still answers; a heartbeat a minute does."""
FIRST_PAUSE_S, LONGEST_PAUSE_S, OUTAGE_SHARE = 1.0, 60.0, 0.1
REFUSED_PAUSE_S = 3600.0
"""After a refused token: more attempts would only have the address banned."""
SETTLE_S = 2.0
"""A Home Assistant that has just started shows wrong values for a moment."""
POLL_S = 0.3
STEADY_S = 30.0
BRIEF_S, MOST_BRIEF = 5.0, 10
"""A connection that held for less than `STEADY_S` makes the outage count as longer: who flaps is asked less often."""


NOT_YET = "not connected yet"


@dataclass(slots=True)
class LinkStatus:
    """How the link is. `problem` says why it is not up."""

    up: bool = False
    problem: str | None = NOT_YET
    version: str | None = None
    connects: int = 0


def pause_s(outage_s: float, chance: float) -> float:
    """Return how long to wait before the next try, in a tenth of the outage so far, between a second and a minute.

    So a try comes soon after an end of the outage, however long that lasted. `chance` in [0, 1) spreads agents apart.
    """
    longest_s = min(max(OUTAGE_SHARE * outage_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
    return FIRST_PAUSE_S + (longest_s - FIRST_PAUSE_S) * (0.5 + chance / 2)


class Link:
    """Keeps one connection, and `states` while `status.up`; before and after they are not to be trusted.

    `on_change` is called with every change of the configured entities, in order: at once, but of those in `calm` only
    when a pause of `pause_s` seconds is over. `on_status` is called when the link has come up or gone down.
    """

    def __init__(
        self,
        spec: HomeAssistantSpec,
        entities: Collection[str],
        *,
        on_change: Callable[[Change], None],
        on_status: Callable[[bool], None],
        calm: Collection[str] = (),
        pause_s: Pause = float,
    ) -> None:
        self.status = LinkStatus()
        self.user_id: str | None = None
        self.temperature_unit = "°C"
        self._spec = spec
        self._entities = sorted(set(entities) - set(calm))
        self._calm = sorted(calm)
        self._pause_s = pause_s
        self._on_change = on_change
        self._on_status = on_status
        self._states: dict[str, EntityState] = {}
        self._connection: Connection | None = None
        self._line: CalmLine | None = None
        self._came_up = asyncio.Event()

    @property
    def states(self) -> Mapping[str, EntityState]:
        """The configured entities that exist; empty while the link is down."""
        return self._states

    async def until_up(self) -> None:
        """Wait until the link is up."""
        await self._came_up.wait()

    def listen(self) -> None:
        """End the pause: what is calm is heard at once, too, for as long as no pause is asked for."""
        if self._line is not None:
            self._line.listen()

    async def run(self) -> None:
        """Keep the link up, for ever."""
        now = asyncio.get_running_loop().time
        lost_at, brief = now(), 0
        while True:
            connects, began = self.status.connects, now()
            try:
                await self._live()
            except PermanentError as error:
                self._down(str(error))
                _LOGGER.error("%s", error)  # noqa: TRY400 - the message says what to do
                refused = isinstance(error, TokenRefusedError)
                await asyncio.sleep(REFUSED_PAUSE_S if refused else LONGEST_PAUSE_S)
                continue
            except HomeAgentError as error:
                first = self.status.connects > connects or self.status.problem == NOT_YET
                self._down(str(error))
                _LOGGER.log(logging.WARNING if first else logging.DEBUG, "%s", error)
            if self.status.connects > connects:
                lost_at = now()
                brief = min(brief + 1, MOST_BRIEF) if lost_at - began < STEADY_S else 0
            outage_s = max(now() - lost_at, BRIEF_S * brief)
            await asyncio.sleep(pause_s(outage_s, random.random()))  # noqa: S311 - no secret

    async def command(self, kind: str, *, timeout_s: float = COMMAND_TIMEOUT_S, **data: object) -> Any:  # noqa: ANN401 - JSON
        """Send a command over the present connection; raises as `Connection.command`."""
        if self._connection is None or not self.status.up:
            raise LinkLostError(f"no connection to Home Assistant: {self.status.problem}")
        return await self._connection.command(kind, timeout_s=timeout_s, **data)

    async def first_event(self, kind: str, **data: object) -> Mapping[str, Any]:
        """Return the first event of a subscription, which is ended again; raises as `Connection.command`."""
        if self._connection is None or not self.status.up:
            raise LinkLostError(f"no connection to Home Assistant: {self.status.problem}")
        return await first_event(self._connection, kind, **data)

    async def _live(self) -> None:
        async with contextlib.AsyncExitStack() as ends:
            connection = await self._opened(ends)
            calm = await self._opened(ends) if self._calm else None
            ends.callback(self._down, "the connection was lost")
            await self._come_up(connection, calm)
            both = [connection] if calm is None else [connection, calm]
            now = asyncio.get_running_loop().time
            while True:
                silent_until_s = min(one.heard_s for one in both) + PING_AFTER_S
                ends_first = {one.ending for one in both}
                left_s = max(silent_until_s - now(), 0.0)
                ended, _ = await asyncio.wait(ends_first, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
                if ended:
                    raise LinkLostError("Home Assistant ended the connection")
                for one in both:
                    if now() - one.heard_s >= PING_AFTER_S:
                        one.wake_at(1)
                        await one.command("ping")

    async def _opened(self, ends: contextlib.AsyncExitStack) -> Connection:
        connection = await Connection.open(self._spec)
        ends.push_async_callback(connection.close)
        return connection

    async def _come_up(self, connection: Connection, calm: Connection | None) -> None:
        config = await wait_running(connection)
        self.temperature_unit = str(config.get("unit_system", {}).get("temperature", "°C"))
        self.user_id = str((await connection.command("auth/current_user"))["id"])
        seen = []
        if calm is not None:
            with contextlib.suppress(ActionFailedError):  # an older release sends them one by one
                await calm.command("supported_features", features={"coalesce_messages": 1})
            self._line = CalmLine(calm, self._pause_s, time.time)
            seen.append(await self._subscribe(calm, self._calm, self._line.heard))
        if self._entities:
            seen.append(await self._subscribe(connection, self._entities, lambda: None))
        if seen:  # where none of them exists nothing will come
            await asyncio.wait(seen, timeout=COMMAND_TIMEOUT_S)
        self._connection = connection
        self.status.up, self.status.problem, self.status.version = True, None, connection.version
        self.status.connects += 1
        self._came_up.set()
        _LOGGER.info("connected to Home Assistant %s", connection.version)
        self._on_status(True)  # noqa: FBT003 - a listener's only argument

    async def _subscribe(
        self, connection: Connection, entities: list[str], heard: Callable[[], None]
    ) -> asyncio.Future[None]:
        """Have the states of some entities; return what is done when they were told for the first time."""
        snapshot: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def take(event: Mapping[str, Any]) -> None:
            self._take(event)
            if snapshot.done():
                heard()
            else:
                snapshot.set_result(None)

        await connection.subscribe("subscribe_entities", take, entity_ids=entities)
        return snapshot

    def _take(self, event: Mapping[str, Any]) -> None:
        for change in changes(self._states, event):
            if change.after is None:
                self._states.pop(change.entity_id, None)
            else:
                self._states[change.entity_id] = change.after
            self._on_change(change)

    def _down(self, problem: str) -> None:
        was_up = self.status.up
        self.status.up = False
        self._connection = None
        self._came_up.clear()
        if self._line is not None:
            self._line.end()
            self._line = None
        if was_up or self.status.problem is None or problem != "the connection was lost":
            self.status.problem = problem
        self._states.clear()
        if was_up:
            _LOGGER.warning("the link to Home Assistant is down")
            self._on_status(False)  # noqa: FBT003 - a listener's only argument


async def wait_running(connection: Connection) -> Mapping[str, Any]:
    """Wait until Home Assistant has started, and return its configuration.

    Raises:
        NotReadyError: it stands in recovery mode or is going down.
    """
    waited = False
    while True:
        config: Mapping[str, Any] = await connection.command("get_config")
        if config.get("recovery_mode"):
            raise NotReadyError("Home Assistant is in recovery mode; mend its configuration")
        if config["state"] == "RUNNING":
            if waited:
                await asyncio.sleep(SETTLE_S)
            return config
        if config["state"] not in {"NOT_RUNNING", "STARTING"}:
            raise NotReadyError(f"Home Assistant is {str(config['state']).lower()}")
        waited = True
        await asyncio.sleep(POLL_S)


async def first_event(connection: Connection, kind: str, **data: object) -> Mapping[str, Any]:
    """Return the first event of a subscription, which is ended again; raises as `Connection.command`."""
    came: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()

    def take(event: Mapping[str, Any]) -> None:
        if not came.done():
            came.set_result(event)

    listener: OnEvent = take
    number = await connection.subscribe(kind, listener, **data)
    try:
        return await asyncio.wait_for(came, COMMAND_TIMEOUT_S)
    except TimeoutError:
        raise NoAnswerError(f"Home Assistant sent no event for {kind}") from None
    finally:
        with contextlib.suppress(ActionFailedError, LinkLostError, NoAnswerError):
            await connection.unsubscribe(number)
