"""The command `homeagent setup`: serves the guided set-up until Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from homeagent.agent.live.ending import ended_by_signals
from homeagent.agent.setup.guided import GuidedSetup
from homeagent.web.setup_server import SetupPage


def serve(path: Path, port: int, echo: Callable[[str], None]) -> None:
    """Serve the page for a configuration that is to stand at `path`; a trial under way is brought back at the end.

    Raises:
        PermanentError: the port is taken.
    """

    async def run() -> None:
        stop = asyncio.Event()
        ended_by_signals(stop)
        setup = GuidedSetup(path)
        try:
            async with SetupPage(setup, "127.0.0.1", port) as page:
                echo(f"Open {page.url} in a browser on this machine (Ctrl-C ends it)")
                await stop.wait()
        finally:
            await setup.close()

    asyncio.run(run())
