"""What the small process is made of: it must run on a Raspberry Pi beside Home Assistant."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "sklearn",
    "pandas",
    "scipy",
    "dask",
    "distributed",
    "tornado",
    "homeassistant_api",
    "niquests",
    "requests",
    "plotly",
    "matplotlib",
)

PROGRAM = """
import asyncio, sys, tempfile
from pathlib import Path
import homeagent.cli, homeagent.config
from homeagent.agent.demo import Demo
from homeagent.agent.view import View
from homeagent.store import Store
from homeagent.web.server import Page

async def run(store):
    demo = Demo(1, store)
    await demo.live(0.5, lambda done, total: None)
    async with Page(View(demo.agent), "127.0.0.1", 0):
        await demo.step()

with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "a.db") as store:
    asyncio.run(run(store))
print(",".join(sorted(sys.modules)))
"""


LIVE = """
import sys
import homeagent.cli, homeagent.config, homeagent.agent.live.run
print(",".join(sorted(sys.modules)))
"""


@pytest.mark.parametrize("program", [PROGRAM, LIVE], ids=["demo", "live"])
def test_agent_and_page_import_nothing_heavy(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.strip().split(",")}
    assert "homeagent" in loaded
    assert not loaded & set(HEAVY)
