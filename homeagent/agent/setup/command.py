"""The command `homeagent setup`: serves the guided set-up until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from homeagent.agent.setup.guided import GuidedSetup
from homeagent.web.setup_server import SetupPage


def serve(path: Path, port: int, echo: Callable[[str], None]) -> None:
    """Serve the page for a configuration that is to stand at `path`.

    Raises:
        PermanentError: the port is taken.
    """

    async def run() -> None:
        setup = GuidedSetup(path)
        try:
            async with SetupPage(setup, "127.0.0.1", port) as page:
                echo(f"Open {page.url} in a browser on this machine (Ctrl-C ends it)")
                await asyncio.Event().wait()
        finally:
            await setup.close()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())
