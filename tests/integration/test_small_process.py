"""What the small process is made of: it must run on a Raspberry Pi beside Home Assistant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from homeagent.store import Store

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


ONCE = ("pydantic", "yaml", "click", "rich", "sqlite_utils", "holidays", "homeagent.config")
"""What a start needs once: it stays behind with the process that `launch` gives up."""

STAYING = """
import sys
from pathlib import Path
import homeagent.agent.live.process, homeagent.agent.live.run
from homeagent.forecasting.public_holidays import holidays_of, take_over
from homeagent.store import Store

take_over({("DE", 2025): ()})
holidays_of("DE", 2025)
with Store.open(Path(sys.argv[1])) as store:
    store.flush()
print(",".join(sorted(sys.modules)))
"""


def test_what_a_start_needs_once_is_not_in_the_process_that_stays(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db"):
        pass  # its tables are up to date, as after any start
    command = [sys.executable, "-c", STAYING, str(tmp_path / "a.db")]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split(","))
    assert "homeagent.agent.agent" in loaded
    assert not {name for name in loaded if name.startswith(tuple(f"{heavy}." for heavy in ONCE)) or name in ONCE}
