"""`homeagent discover` as a household has it: one command from an address and a token to a plan."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml
from real_ha.conftest import Labs
from real_ha.lab import Lab, free_port
from real_ha.process import HOMEAGENT, AgentProcess, wait_for

SIZES = ("battery.capacity_kwh=10", "battery.max_charge_kw=5", "battery.max_discharge_kw=5")


def discover(
    lab: Lab, folder: Path, *options: str, user: str = "agent", answers: tuple[str, ...] = SIZES, reply: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command with a token of the lab in its environment."""
    command = [str(HOMEAGENT), "discover", "--url", lab.url, "--out", str(folder / "config.yaml"), *options]
    for answer in answers:
        command += ["--answers", answer]
    env = os.environ | {"HOMEAGENT_TOKEN": lab.users.tokens[user], "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=env, input=reply)


def written_to(path: Path) -> Any:  # noqa: ANN401 - YAML
    """Return a configuration with the name of its secret in the secret's place."""
    return yaml.safe_load(path.read_text().replace("!secret ", ""))


def test_from_nothing_to_a_plan(lab: Lab, tmp_path: Path) -> None:
    done = discover(lab, tmp_path, "--yes")
    assert done.returncode == 0, done.stderr
    assert "the house uses 0.80 kW now, the battery holds 50 %" in done.stdout
    assert lab.users.tokens["agent"] not in done.stdout + done.stderr
    path = tmp_path / "config.yaml"
    written = written_to(path)
    assert written["meters"]["soc"] == "sensor.battery_soc"
    assert written["prices"] == {"import": "sensor.electricity_price", "export": 0}
    path.write_text(path.read_text() + f"\nweb: {{port: {free_port()}}}\n")
    agent = AgentProcess(path)
    try:
        wait_for(lambda: agent.up() and agent.get("plan")["outcome"] == "optimal", 60, agent.said)
    finally:
        agent.stop()


def test_questions_are_asked_and_answered_in_the_terminal(lab: Lab, tmp_path: Path) -> None:
    done = discover(lab, tmp_path, answers=(), reply="ten\n10\n5\n5\n0.07\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "That is no number." in done.stdout
    written = written_to(tmp_path / "config.yaml")
    assert (written["battery"]["capacity_kwh"], written["prices"]["export"]) == (10, 0.07)


def test_what_nobody_can_know_is_not_guessed(lab: Lab, tmp_path: Path) -> None:
    done = discover(lab, tmp_path, "--yes", answers=())
    assert done.returncode == 2
    assert "battery.capacity_kwh: must be known" in done.stderr
    assert not (tmp_path / "config.yaml").exists()


def test_a_file_is_never_written_over(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine")
    done = discover(lab, tmp_path, "--yes")
    assert done.returncode == 2
    assert "--out other.yaml" in done.stderr
    assert (tmp_path / "config.yaml").read_text() == "mine"


def test_it_only_prints_where_that_is_asked(lab: Lab, tmp_path: Path) -> None:
    done = discover(lab, tmp_path, "--print")
    assert done.returncode == 0, done.stderr
    assert "capacity_kwh: 10" in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_wrong_token_or_address_is_told(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("wrong")
    done = discover(lab, tmp_path, "--yes", "--token-file", str(tmp_path / "token"))
    assert done.returncode == 2
    assert "refuses the token" in done.stderr
    done = discover(lab, tmp_path, "--yes", "--url", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 2
    assert "nothing answers at" in done.stderr


def test_the_dashboard_of_this_home_assistant_is_read(labs: Labs, tmp_path: Path) -> None:
    lab = labs()
    lab.ask("energy/save_prefs", energy_sources=[dashboard_grid()], device_consumption=[])
    done = discover(lab, tmp_path, "--yes", user="person")
    assert done.returncode == 0, done.stderr
    assert "statistics without an entity" in done.stdout
    written = written_to(tmp_path / "config.yaml")
    assert written["prices"] == {"import": "sensor.electricity_price", "export": 0.07}


def dashboard_grid() -> dict[str, object]:
    return {
        "type": "grid",
        "cost_adjustment_day": 0.0,
        "flow_from": [
            {
                "stat_energy_from": "octopus_energy:electricity_consumption",
                "stat_cost": None,
                "entity_energy_price": "sensor.electricity_price",
                "number_energy_price": None,
            }
        ],
        "flow_to": [
            {
                "stat_energy_to": "octopus_energy:electricity_export",
                "stat_compensation": None,
                "entity_energy_price": None,
                "number_energy_price": 0.07,
            }
        ],
    }
