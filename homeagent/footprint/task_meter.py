"""Counts each task of the event loop to a part of the agent, by the module that its coroutine is written in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Mapping
from typing import Any

from homeagent.footprint.cpu_meter import CpuMeter

PARTS: Mapping[str, str | None] = {
    "aiohttp.web": "web",
    "aiohttp": "link",
    "homeagent.web": "web",
    "homeagent.hass": "link",
    "homeagent.agent.live.driver": "control",
    "homeagent.agent.live": "link",
    "homeagent.agent.live.run": None,
}
"""The longest name that a module begins with counts. A part inside such a task counts for itself."""


class TaskMeter:
    """A task factory: `loop.set_task_factory(TaskMeter(cpu))`. What runs in no task is nobody's part."""

    def __init__(self, cpu: CpuMeter, parts: Mapping[str, str | None] = PARTS) -> None:
        self._cpu = cpu
        self._parts = sorted(parts.items(), key=lambda entry: -len(entry[0]))

    def __call__(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        **more: Any,  # noqa: ANN401 - name and context, as the loop hands them on
    ) -> asyncio.Task[Any]:
        """Return a task of the coroutine."""
        name = self._part(coroutine)
        if name is None or not isinstance(coroutine, Coroutine):
            return asyncio.Task(coroutine, loop=loop, **more)
        return asyncio.Task(self._cpu.following(name, coroutine), loop=loop, **more)

    def _part(self, coroutine: object) -> str | None:
        frame = getattr(coroutine, "cr_frame", None)
        module = "" if frame is None else frame.f_globals.get("__name__", "")
        return next((part for prefix, part in self._parts if module.startswith(prefix)), None)
