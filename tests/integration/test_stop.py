"""SIGTERM ends the running agent within seconds, also while a training goes on: really sent to a real process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from real_ha.lab import free_port

TESTS = Path(__file__).parents[1]

PROGRAM = """
import asyncio, sys, time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from multiprocessing import active_children
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from integration.test_learning import SITE, START, lived, readings, unpriced
from homeagent.agent.learner import Learner
from homeagent.agent.live.run import RunConfig, run
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.learning import LearningRules
from homeagent.domain.tariff import Tariff
from homeagent.domain.thinking import GovernorRules
from homeagent.domain.wiring import HomeAssistantSpec, Meters, PriceWiring, Wiring
from homeagent.learning.child import train_in_child

days = 120
end = START + timedelta(days=days)
rules = LearningRules(budget="large")
learner = Learner(SITE, timedelta(hours=1), rules, end, unpriced, None)
learner.add(readings(*lived(days=days)))
training = ThreadPoolExecutor(1).submit(train_in_child, learner.request(end), print)
wiring = Wiring(
    home_assistant=HomeAssistantSpec(url="http://127.0.0.1:" + sys.argv[4], token="none"),
    meters=Meters(powers=(), soc="sensor.soc", capacity_kwh=10),
    prices=PriceWiring(imports=Tariff(), exports=Tariff()),
)
config = RunConfig(
    site=SITE, inverter=InverterCapability(), mode="advise", wiring=wiring, thinking_step=None,
    governor=GovernorRules(), host=None,
    minimum_hold=timedelta(0), learning=None, absences=(), store=Path(sys.argv[2]), port=int(sys.argv[3]), holidays={},
)
while not active_children():
    time.sleep(0.05)
print("training", active_children()[0].pid, flush=True)
asyncio.run(run(config, lambda line: print(line, flush=True)))
print("ended", training.result().reason, flush=True)
"""


def test_a_training_does_not_hold_up_the_end(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(TESTS), str(tmp_path / "a.db"), str(free_port()), str(free_port())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [process.stdout.readline(), process.stdout.readline()]
    assert said[0].startswith("training ")
    assert said[1].startswith("homeagent is on")
    child = int(said[0].split()[1])
    time.sleep(1)
    assert Path(f"/proc/{child}").exists()
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=30)[0]
    assert time.monotonic() - began < 5
    assert process.returncode == 0
    assert "ended the training process ended early" in rest
    assert not Path(f"/proc/{child}").exists()
