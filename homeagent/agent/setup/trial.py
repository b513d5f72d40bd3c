"""Trials of devices from the guided set-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from homeagent.config import Config


class Trial:
    """x."""

    def __init__(self, path: Path, config: Config, tell: Callable[[], None]) -> None:
        wiring = config.wiring
        self.devices = [] if wiring is None else [{"name": d.name, "what": f"a {d.kind}"} for d in wiring.devices]

    def state(self) -> Mapping[str, object] | None:
        return None

    def begin(self, device: str) -> None: ...
    async def stop(self) -> None: ...
    def keep(self) -> None: ...
