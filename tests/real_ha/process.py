"""`homeagent run` as a process of its own, as a user has it."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from real_ha.rig import resident_mb

from homeagent.config import load_config

HOMEAGENT = Path(sys.executable).with_name("homeagent")


def homeagent(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [str(HOMEAGENT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def wait_for(true: Callable[[], object], within_s: float, why: Callable[[], str] = str) -> None:
    """Wait until something is true."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, why()
        time.sleep(0.05)


class AgentProcess:
    """A running agent."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.store = config.parent / "homeagent.db"
        self.port = load_config(config).port
        self.log = config.parent / "agent.log"
        with self.log.open("ab") as log:
            command = [str(HOMEAGENT), "run", str(config)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def get(self, name: str) -> dict[str, Any]:
        """Ask its API."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{name}", timeout=5) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def up(self) -> bool:
        """Whether it answers and has its link."""
        assert self.process.poll() is None, self.said()
        with contextlib.suppress(OSError):
            return bool(self.get("health")["link"]["up"])
        return False

    def said(self) -> str:
        """Return all that it has printed."""
        return self.log.read_text()

    def ledger(self, device: str) -> list[dict[str, Any]]:
        """Return what a device was told."""
        done = homeagent("ledger", "--store", self.store, "--json", "--last", "1000")
        assert done.returncode == 0, done.stderr
        return [entry for entry in map(json.loads, done.stdout.splitlines()) if entry["device"] == device]

    def proved(self, *devices: str) -> bool:
        """Whether the newest command of each device is known to have had its effect."""
        ledgers = [self.ledger(device) for device in devices]
        return all(ledger and ledger[-1]["outcome"] == "Confirmed" for ledger in ledgers)

    def resident_mb(self) -> float:
        """Return its memory."""
        return resident_mb(self.process.pid)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """End it, and return how long that took [s]."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - began


@contextmanager
def running(config: Path) -> Iterator[AgentProcess]:
    """Run an agent that has its link, until the end of the block."""
    agent = AgentProcess(config)
    try:
        wait_for(agent.up, 30, agent.said)
        yield agent
    finally:
        if agent.process.poll() is None:
            agent.stop()
