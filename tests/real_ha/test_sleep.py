"""How the running agent sleeps and wakes beside a real Home Assistant: persons, restarts, suspends, storms."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from real_ha.agent_config import config_yaml
from real_ha.costs import Costs
from real_ha.lab import Lab, in_thread
from real_ha.process import AgentProcess, homeagent, running, wait_for

from homeagent.agent.live.alarm import AGAIN_AFTER_S, AT_ONCE

CHEAP_NOW = "0.01,0.9"


def written(lab: Lab, folder: Path, **changes: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(config_yaml(lab, **changes))
    return path


def announce(agent: AgentProcess, name: str) -> None:
    start = datetime.now(UTC) + timedelta(hours=1)
    body = {"name": name, "start": start.isoformat(), "over_minutes": 60, "energy_kwh": 2}
    request = urllib.request.Request(
        f"http://127.0.0.1:{agent.port}/api/v1/announced_loads",
        data=json.dumps(body).encode(),
        headers={"X-Homeagent": "test", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - on loopback
        assert response.status == 200


def thinks(agent: AgentProcess) -> int:
    return int(agent.get("footprint")["thinks"])


def wakes(agent: AgentProcess) -> list[str]:
    """Return why the agent thought, newest first."""
    return [one["wake"] for one in agent.get("decisions")["decisions"] if one["wake"] is not None]


def settled(agent: AgentProcess) -> None:
    """Wait until the start and what it brings are over."""
    wait_for(lambda: agent.get("plan")["outcome"] == "optimal" and agent.get("health")["history_share"] == 1, 40)
    time.sleep(3)


def test_a_person_is_thought_about_at_once_and_the_reason_is_kept(lab: Lab, tmp_path: Path) -> None:
    lab.sim(prices=CHEAP_NOW)
    with running(written(lab, tmp_path)) as agent:
        wait_for(lambda: agent.proved("battery", "boiler", "living_room"), 60, agent.said)
        settled(agent)

        def thought_after(act: Callable[[], Any], words: str) -> None:
            before = thinks(agent)
            act()
            wait_for(lambda: thinks(agent) > before, 3, agent.said)
            wait_for(lambda: words in wakes(agent)[0], 1, lambda: str(wakes(agent)))

        thought_after(lambda: announce(agent, "sauna"), "announced a load")
        thought_after(
            lambda: lab.call("select.select_option", "select.good_mode", option="discharge"), "set select.good_mode"
        )
        thought_after(lambda: homeagent("resume", "battery", "--port", str(agent.port)), "resumed battery")
        told = agent.get("footprint")
        assert told["wakes"]["a person acted"] == 3
        assert told["longest_a_person_waited_s"] <= 0.2


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_goes_on_within_a_second_and_thinks_nothing(lab: Lab, tmp_path: Path, end: signal.Signals) -> None:
    lab.sim(prices=CHEAP_NOW)
    config = written(lab, tmp_path)
    with running(config) as agent:
        wait_for(lambda: agent.proved("battery"), 60, agent.said)
        settled(agent)
        plan = agent.get("plan")
        assert agent.stop(end) < 5
    with running(config) as agent:
        up_s = time.monotonic()
        wait_for(lambda: agent.get("decisions")["decisions"], 1, agent.said)
        assert time.monotonic() - up_s <= 1
        assert agent.get("plan") == plan
        wait_for(lambda: lab.state("select.good_mode") == "charge", 10, agent.said)
        time.sleep(3)
        assert thinks(agent) == 0
        assert wakes(agent) == []


def test_a_suspended_machine_wakes_to_the_newest_state(lab: Lab, tmp_path: Path) -> None:
    """Stopped for half a minute while the home goes on: no round is made up for, and the gap is no measurement."""
    lab.sim(prices=CHEAP_NOW, load=800)
    with running(written(lab, tmp_path)) as agent:
        wait_for(lambda: agent.proved("battery"), 60, agent.said)
        settled(agent)
        before, rounds = thinks(agent), sum(agent.get("footprint")["wakes"].values())
        agent.process.send_signal(signal.SIGSTOP)
        for load in range(1000, 2500, 50):
            lab.sim(load=load)
            time.sleep(1)
        agent.process.send_signal(signal.SIGCONT)
        wait_for(lambda: agent.get("state")["load_kw"] == pytest.approx(2.45), 5, agent.said)
        time.sleep(3)
        assert thinks(agent) - before <= 1
        assert sum(agent.get("footprint")["wakes"].values()) - rounds <= 6
        assert agent.get("health")["link"]["up"]


@pytest.mark.timeout(400)
def test_a_storm_keeps_thinks_and_memory_bounded_and_the_newest_state_wins(lab: Lab, tmp_path: Path) -> None:
    """10000 changes as fast as Home Assistant makes them, every tenth of them of the prices."""
    lab.sim(prices="0.3,0.9")
    with running(written(lab, tmp_path, mode="advise")) as agent:
        settled(agent)
        before, rounds = thinks(agent), sum(agent.get("footprint")["wakes"].values())
        calm = Costs.of(agent.process.pid)
        began = time.monotonic()
        in_thread(storm(lab, 10_000))
        seconds = time.monotonic() - began
        wait_for(lambda: agent.get("plan")["import_price_per_kwh"][0] == pytest.approx(1.0), 60, agent.said)
        after = Costs.of(agent.process.pid)
        told = agent.get("footprint")
        most = AT_ONCE + 2 + (seconds + 60) / AGAIN_AFTER_S + (seconds + 60) / 60
        assert thinks(agent) - before <= most, told
        assert sum(told["wakes"].values()) - rounds <= most
        assert after.resident_mb - calm.resident_mb <= 8
        assert after.cpu_s - calm.cpu_s <= 0.2 * seconds + 5


async def storm(lab: Lab, count: int) -> None:
    """Change load and prices, without waiting for an answer to each; the last price is 1."""
    async with aiohttp.ClientSession() as client, lab.websocket(client) as socket:
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": lab.users.tokens["person"]})
        await socket.receive_json()
        for number in range(1, count + 1):
            call: dict[str, Any] = {"id": number, "type": "call_service"}
            if number % 10:
                call |= {"domain": "input_number", "service": "set_value"}
                call |= {"target": {"entity_id": "input_number.sim_load"}, "service_data": {"value": number % 3000}}
            else:
                call |= {"domain": "input_text", "service": "set_value"}
                price = f"{number / count:.4f},0.9"
                call |= {"target": {"entity_id": "input_text.sim_prices"}, "service_data": {"value": price}}
            await socket.send_json(call)
            if number % 50 == 0:
                while (await socket.receive_json()).get("id") != number:
                    pass
