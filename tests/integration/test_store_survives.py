"""A process that writes is really killed, at any moment; what it was promised is there afterwards."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from homeagent.store import Store

WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from homeagent.devices.battery import self_consumption
from homeagent.domain.command import Command, FollowPolicy
from homeagent.domain.readings import Reading
from homeagent.domain.site import BatterySpec
from homeagent.store import Store

START = datetime(2025, 1, 1, tzinfo=UTC)
rule = self_consumption(BatterySpec(capacity_kwh=5, max_charge_kw=2, max_discharge_kw=2))
second = [0]
with Store.open(Path(sys.argv[1]), monotonic_s=lambda: float(second[0])) as store:
    first = int(sys.argv[2])
    print("open", flush=True)
    while True:
        second[0] += 1
        at = START + timedelta(seconds=first + second[0])
        store.write_readings([Reading(entity=f"meter_{k}", at=at, value=1.0) for k in range(3)])
        print("reading", first + second[0], flush=True)
        if second[0] % 7 == 0:
            command = Command(device="battery", instruction=FollowPolicy(policy=rule), issued_at=at,
                              valid_until=at + timedelta(hours=1), reason="test")
            store.write_command(command)
            print("command", first + second[0], flush=True)
        if second[0] % 50 == 0:
            store.thin_out(at + timedelta(days=second[0] // 50))
"""
EPOCH_S = 1735689600  # 2025-01-01


def kill_once(path: Path, chance: random.Random, first: int) -> tuple[int, list[int]]:
    """Return the last second that was reported as read, and every command that was."""
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(first)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    time.sleep(chance.uniform(0, 0.15))
    child.send_signal(signal.SIGKILL)
    lines = child.communicate()[0].split("\n")[:-1]  # the last may be cut
    seconds = [int(line.split()[1]) for line in lines if line.startswith("reading ")]
    return max(seconds, default=first), [int(line.split()[1]) for line in lines if line.startswith("command ")]


@pytest.mark.parametrize("times", [50, pytest.param(500, marks=[pytest.mark.full, pytest.mark.timeout(1200)])])
def test_kill_9_loses_no_command_and_at_most_a_minute_of_readings(tmp_path: Path, times: int) -> None:
    path, chance, last = tmp_path / "a.db", random.Random(times), 0  # noqa: S311 - chance, no secret
    commands: set[int] = set()
    for _ in range(times):
        last, sent = kill_once(path, chance, last)
        commands |= set(sent)
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = {row[0] - EPOCH_S for row in connection.execute("SELECT at_s FROM commands")}
        connection.close()
        with Store.open(path) as store:  # takes in what is on its way
            connection = sqlite3.connect(path)
            store.flush()
        newest = connection.execute(
            "SELECT max(at) FROM (SELECT max(at_ms) / 1000 AS at FROM readings UNION ALL "
            "SELECT max(start_s) + 300 FROM readings_5min)"
        ).fetchone()[0]
        connection.close()
        assert commands <= kept
        assert newest is None or last - (newest - EPOCH_S) <= 60
    assert len(commands) > times
