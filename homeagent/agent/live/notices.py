"""What the agent tells Home Assistant without waiting for an answer: notifications, and that it is alive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any

from homeagent.domain.errors import TransientError
from homeagent.hass.link import Link
from homeagent.hass.steps import domain_of

_LOGGER = logging.getLogger(__name__)

BEAT_EVERY = timedelta(seconds=60)


class Notices:
    """One notification a device, delivered as soon as there is a link; `heartbeat` is None where none is sent."""

    def __init__(self, link: Link, heartbeat: str | None) -> None:
        self._link = link
        self._heartbeat = heartbeat
        self._news: dict[str, str | None] = {}
        self._shown: set[str] = set()
        self._beaten: datetime | None = None
        self._errands: set[asyncio.Task[None]] = set()

    def tell(self, device: str, sentence: str) -> None:
        """Show something about a device, in place of what was shown about it."""
        self._news[device] = f"{device}: {sentence}."
        self._shown.discard(device)
        self.deliver()

    def untell(self, device: str) -> None:
        """Take back what is shown about a device."""
        if device in self._news:
            self._news[device] = None
            self.deliver()

    def forgotten(self) -> None:
        """Show everything again: Home Assistant forgets notifications when it restarts."""
        self._shown.clear()

    def deliver(self) -> None:
        """Show or take back what the person is to know, as soon as there is a link."""
        if not self._link.status.up:
            return
        for device, text in list(self._news.items()):
            number = f"homeagent_{device}"
            if text is None:
                self._errand("persistent_notification", "dismiss", {}, {"notification_id": number})
                del self._news[device]
            elif device not in self._shown:
                data = {"title": "homeagent", "message": text, "notification_id": number}
                self._errand("persistent_notification", "create", {}, data)
                self._shown.add(device)

    def beat(self, now: datetime) -> None:
        """Say that the agent is alive, once a minute."""
        entity = self._heartbeat
        if entity is None or (self._beaten is not None and timedelta(0) <= now - self._beaten < BEAT_EVERY):
            return
        self._beaten = now
        target = {"entity_id": entity}
        if domain_of(entity) == "input_datetime":
            self._errand("input_datetime", "set_datetime", target, {"timestamp": now.timestamp()})
        else:
            self._errand(domain_of(entity), "press", target, {})

    def _errand(self, domain: str, service: str, target: Mapping[str, object], data: Mapping[str, object]) -> None:
        """Call an action that nobody waits for."""

        async def call() -> None:
            try:
                await self._link.command(
                    "call_service", domain=domain, service=service, target=dict(target), service_data=dict(data)
                )
            except TransientError as error:
                _LOGGER.warning("%s.%s failed: %s", domain, service, error)

        self.run(call(), f"{domain}.{service}")

    def run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do what nobody waits for."""
        task = asyncio.create_task(work, name=name)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
