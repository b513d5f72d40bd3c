"""`homeagent run` beside a real Home Assistant: modes, stop, crash, speed, memory, and refusing what cannot work."""

from __future__ import annotations

import json
import signal
import time
from datetime import datetime
from pathlib import Path

import pytest
import trustme
from real_ha.agent_config import config_yaml
from real_ha.conftest import Labs
from real_ha.lab import Lab, free_port
from real_ha.process import AgentProcess, homeagent, running, wait_for
from shapes import shape

CONTRACT = Path(__file__).parents[1] / "contract" / "api_v1.json"
CHEAP_NOW = "0.01,0.9"
EVENING = 'timetable: {"00:00": on}'


def written(lab: Lab, folder: Path, **changes: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(config_yaml(lab, **changes))
    return path


@pytest.mark.parametrize("mode", ["observe", "advise"])
def test_nothing_is_written_without_control(lab: Lab, tmp_path: Path, mode: str) -> None:
    lab.sim(prices=CHEAP_NOW)
    with lab.witness() as witness, running(written(lab, tmp_path, mode=mode)) as agent:
        wait_for(lambda: mode == "observe" or agent.get("plan")["outcome"] == "optimal", 20, agent.said)
        time.sleep(3)
        plan, decisions = agent.get("plan")["outcome"], agent.get("decisions")["decisions"]
        assert (plan is None, decisions == []) == (mode == "observe",) * 2
        assert all(decision["result"] == "Skipped" for decision in decisions)
        assert agent.stop() < 5
    ours = [call for call in witness.calls if call[2] is not None]
    assert ours == []


def test_in_control_devices_are_told_and_proved_and_left_safe(lab: Lab, tmp_path: Path) -> None:
    lab.sim(prices=CHEAP_NOW)
    config = written(lab, tmp_path)
    config.write_text(config.read_text().replace('timetable: {"00:00": off}', EVENING))
    with running(config) as agent:
        wait_for(lambda: agent.proved("battery", "boiler", "living_room"), 40, agent.said)
        assert float(lab.state("sensor.good_battery_power")) < -500
        assert lab.state("switch.boiler") == "on"
        health = agent.get("health")
        assert health["degraded"] == []
        assert {device["name"]: device["standing"] for device in health["devices"]} == dict.fromkeys(
            ("battery", "boiler", "living_room"), "driving"
        )
        contract = json.loads(CONTRACT.read_text())["health_live"]
        assert health.pop("machine").keys() == contract.pop("machine").keys()  # what a machine tells differs
        assert shape(health) == contract
        assert agent.resident_mb() <= 90 + 20  # the second is what learning may add
        seconds = agent.get("footprint")["cpu_seconds"]
        assert all(seconds[part] > 0 for part in ("link", "forecast", "plan", "control", "store", "web"))
        assert seconds["other"] >= 0
        entry = agent.ledger("battery")[-1]
        assert all(entry[key] for key in ("why", "forecast", "decision", "plan", "proof", "told"))
        assert agent.stop() < 5
        assert agent.process.returncode == 0
    assert (lab.state("select.good_mode"), lab.state("switch.boiler")) == ("auto", "off")
    again = homeagent("replay", str(entry["decision"]), "--store", agent.store)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "The same plan" in again.stdout


def test_a_new_price_is_acted_upon_within_a_second(lab: Lab, tmp_path: Path) -> None:
    """From Home Assistant's own record of the price's change to that of the command."""
    lab.sim(prices="0.3")
    with running(written(lab, tmp_path)) as agent:
        wait_for(lambda: agent.proved("battery"), 30, agent.said)
        assert lab.state("select.good_mode") != "charge"
        time.sleep(2)
        lab.sim(prices=CHEAP_NOW)
        wait_for(lambda: lab.state("select.good_mode") == "charge", 5, agent.said)
        stamps = [
            datetime.fromisoformat(lab.get(f"/api/states/{entity}")["last_updated"])
            for entity in ("sensor.electricity_price", "select.good_mode")
        ]
        assert (stamps[1] - stamps[0]).total_seconds() <= 1.0


def test_a_killed_agent_takes_up_where_it_was(lab: Lab, tmp_path: Path) -> None:
    lab.sim(prices=CHEAP_NOW)
    config = written(lab, tmp_path)
    with running(config) as agent:
        wait_for(lambda: agent.proved("battery", "boiler", "living_room"), 40, agent.said)
        told = len(agent.ledger("battery"))
        agent.stop(signal.SIGKILL)
    assert lab.state("select.good_mode") == "charge"
    with lab.witness() as witness, running(config) as agent:
        wait_for(lambda: agent.get("plan")["outcome"] == "optimal", 20, agent.said)
        time.sleep(8)  # the guard loop has looked
        question = ("climate.set_temperature", "climate.living_room")  # whether its user may; nothing comes of it
        assert witness.writes() == [question]
        assert len(agent.ledger("battery")) == told
        assert {device["standing"] for device in agent.get("health")["devices"]} == {"driving"}


def test_a_person_is_obeyed_and_resume_takes_it_back(lab: Lab, tmp_path: Path) -> None:
    lab.sim(prices=CHEAP_NOW)
    with running(written(lab, tmp_path)) as agent:
        wait_for(lambda: agent.proved("battery"), 40, agent.said)
        lab.call("select.select_option", "select.good_mode", option="discharge")
        wait_for(lambda: "left alone" in str(agent.get("health")["degraded"]), 5)
        done = homeagent("resume", "battery", "--port", str(agent.port))
        assert (done.returncode, "steered again" in done.stdout) == (0, True)
        wait_for(lambda: lab.state("select.good_mode") == "charge", 20, agent.said)
        assert homeagent("resume", "toaster", "--port", str(agent.port)).returncode == 2


def refused(config: Path) -> str:
    """Return what `run` says when it refuses to start, with exit code 2."""
    agent = AgentProcess(config)
    try:
        assert agent.process.wait(30) == 2
    finally:
        if agent.process.poll() is None:
            agent.stop()
    return agent.said()


def test_every_problem_is_told_at_once(lab: Lab, tmp_path: Path) -> None:
    config = written(lab, tmp_path, grid="sensor.good_grid_powr", soc="sensor.room_temperature")
    text = config.read_text().replace("{set: switch.boiler, to: on}", "{set: select.good_mode, to: charge}")
    config.write_text(text.replace("select.good_mode, to: hold", "select.good_mode, to: holding"))
    said = refused(config)
    assert "sensor.good_grid_powr does not exist in Home Assistant" in said
    assert "did you mean sensor.good_grid_power" in said
    assert "sensor.room_temperature has the unit °C" in said
    assert "battery and boiler both write select.good_mode" in said
    assert "has no option 'holding'; it has auto, charge, discharge, hold" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "http://127.0.0.1:<free>"}, "nothing answers at"),
        ({"url": "https://127.0.0.1:<port of the lab>"}, "does not speak https; write http://"),
        ({"token": "x" * 183}, "refuses the token"),
        ({"token": "<reader>"}, "its user may not command the devices"),
    ],
)
def test_what_cannot_work_is_refused_with_a_remedy(
    lab: Lab, tmp_path: Path, change: dict[str, str], words: str
) -> None:
    real = {"<free>": str(free_port()), "<port of the lab>": str(lab.port), "<reader>": lab.users.tokens["reader"]}
    for name, value in change.items():
        for mark, meant in real.items():
            value = value.replace(mark, meant)  # noqa: PLW2901 - two marks at most
        change = {**change, name: value}
    said = refused(written(lab, tmp_path, **change))
    assert words in said
    assert "Traceback" not in said


def test_a_self_signed_certificate_is_a_clear_choice(labs: Labs, tmp_path: Path) -> None:
    lab = labs(certificate=trustme.CA().issue_cert("127.0.0.1"))
    said = refused(written(lab, tmp_path))
    assert "is not trusted (self-signed?)" in said
    fingerprint = said.split("fingerprint:")[1].split('"')[1]
    config = written(lab, tmp_path)
    for line in (f'fingerprint: "{fingerprint}"', "verify_tls: false"):
        config.write_text(config_yaml(lab).replace("  heartbeat:", f"  {line}\n  heartbeat:"))
        done = homeagent("check-config", config)
        assert done.returncode == 0, done.stderr
    config.write_text(config_yaml(lab).replace("  heartbeat:", f'  fingerprint: "{"00" * 32}"\n  heartbeat:'))
    assert "not the configured one" in refused(config)
    assert "speaks https; write https://" in refused(written(lab, tmp_path, url=lab.url.replace("https", "http")))


def test_check_config_tells_what_it_found(lab: Lab, tmp_path: Path) -> None:
    done = homeagent("check-config", written(lab, tmp_path))
    assert done.returncode == 0, done.stderr
    for words in ("Home Assistant 2025.4.4", "mode: control", "battery: a battery that takes", "history:"):
        assert words in done.stdout


def test_the_blueprint_brings_the_safe_state_when_the_agent_is_gone(labs: Labs, tmp_path: Path) -> None:
    safe = {"action": "select.select_option", "target": {"entity_id": "select.good_mode"}, "data": {"option": "auto"}}
    inputs = {"heartbeat": "input_datetime.heartbeat", "silence_seconds": 62, "safe_actions": [safe]}
    blueprint = {"path": "homeagent/safe_state.yaml", "input": inputs}
    lab = labs(more={"automation": [{"id": "safe", "alias": "Safe", "use_blueprint": blueprint}]})
    lab.sim(prices=CHEAP_NOW)
    with running(written(lab, tmp_path)) as agent:
        wait_for(lambda: lab.state("select.good_mode") == "charge", 40, agent.said)
        agent.stop(signal.SIGKILL)
    assert lab.state("select.good_mode") == "charge"
    wait_for(lambda: lab.state("select.good_mode") == "auto", 75, lab.log)  # a beat a minute, a look every 5 s


@pytest.mark.full
@pytest.mark.timeout(900)
def test_ten_idle_minutes_cost_little(lab: Lab, tmp_path: Path) -> None:
    with running(written(lab, tmp_path)) as agent:
        time.sleep(60)  # start and history are no idling
        before = cpu_seconds(agent.process.pid)
        time.sleep(600)
        share = (cpu_seconds(agent.process.pid) - before) / 600
        print(json.dumps({"idle_cpu_share": share, "resident_mb": agent.resident_mb()}))  # noqa: T201 - a figure
        assert share <= 0.005


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
