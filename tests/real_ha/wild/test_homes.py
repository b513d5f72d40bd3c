"""Ten homes, each wired in its own way: what discovery makes of them, held against the truth in their descriptions.

Signs and units are not read off the configuration: the agent measures with it, in two situations in which every power
flows one way and then the other, and what it reads must be what really flows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_ha.lab import free_port
from real_ha.process import AgentProcess, homeagent, wait_for
from real_ha.rig import Rig, rig
from real_ha.wild.conftest import TIME_FACTOR, moved_in
from real_ha.wild.descriptions import home, home_names
from real_ha.wild.lab import WildLab

from homeagent.agent.discovery.run import answered, survey_of
from homeagent.agent.discovery.understanding import still_open, understand, unusable
from homeagent.agent.discovery.yaml_text import config_text, write_config
from homeagent.config import Config, load_config
from homeagent.config.home_assistant import UNMETERED
from homeagent.config.profile_files import load_profiles
from homeagent.domain.discovery import Understanding
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.wiring import HomeAssistantSpec

BUYING: Mapping[str, float] = {"load_kw": 7.0, "pv": 0.4}
SELLING: Mapping[str, float] = {"load_kw": 0.5, "pv": 9.0}
NEAR_KW = 0.12
NEAR = {"capacity_kwh": 0.1, "max_charge_kw": 0.05, "max_discharge_kw": 0.05}
"""How far an estimate may be off, as a share."""
NEAR_PRICE = 0.002
MOST_QUESTIONS = 5
KNOWN = {"solaredge_finland": "the inverter's counter, which counts the battery's energy too, is taken for PV"}
WITHIN_S = 75
"""Meters are heard at least every 20 s, and the power of a counter takes two of its changes from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What came of one home."""

    understanding: Understanding
    config: Config | None
    """None where something is missing without which there is none."""
    asked: int

    def says(self, kind: str, words: Sequence[str]) -> bool:
        """Return whether a finding of this kind has one of the words."""
        texts = [f"{f.text} {f.remedy}".lower() for f in self.understanding.findings if f.kind == kind]
        return any(word.lower() in text for word in words for text in texts)


def discover(lab: WildLab, name: str, folder: Path) -> Discovered:
    """Survey the home, answer what its truth answers, and write and load the configuration."""
    token = lab.users.tokens["agent"]
    profiles = load_profiles(folder)
    found = survey_of(HomeAssistantSpec(url=lab.url, token=token), lambda _: None, profiles)
    first = understand(found, {}, profiles)
    given = {key: str(value) for key, value in lab.homes[name].truth.get("answers", {}).items()}
    answers = answered(given, first, found)
    understanding = understand(found, answers, profiles)
    assert still_open(understanding, answers) == []
    refused = "; ".join(str(issue) for issue in unusable(understanding))
    if refused or "refused" in lab.homes[name].truth:
        assert any(word in refused for word in lab.homes[name].truth.get("refused", [])), refused or "nothing refused"
        return Discovered(understanding=understanding, config=None, asked=len(first.questions))
    path = folder / "config.yaml"
    write_config(path, config_text(understanding, lab.url, found.at), token)
    return Discovered(understanding=understanding, config=load_config(path), asked=len(first.questions))


def situate(lab: WildLab, name: str, situation: Mapping[str, float]) -> None:
    """Bring the home into a situation; several roofs share the sun unequally."""
    roofs = [register for register in lab.truth(name) if register.startswith("pv_kw") and register != "pv_kw_all"]
    shares = {1: (1.0,), 2: (0.7, 0.3)}[len(roofs)]
    suns = {roof: situation["pv"] * share for roof, share in zip(roofs, shares, strict=True)}
    lab.set(name, registers={"soc": 55.0, "load_kw": situation["load_kw"], **suns})


def expected(lab: WildLab, name: str, config: Config) -> dict[str, float]:
    """Return what the agent must read now; the stored energy as its share of the configured capacity."""
    true = lab.truth(name)
    return {
        "grid_kw": true["grid_kw"],
        "battery_kw": true["battery_kw"],
        "pv_kw": true["pv_kw_all"],
        "load_kw": true["house_kw"],
        "soc_kwh": true["soc"] / 100 * config.site.battery.capacity_kwh,
    }


def reads(agent: Rig, quantity: str) -> float | None:
    """Return what is read now."""
    board = agent.home.board
    return board.soc_kwh if quantity == "soc_kwh" else board.present_kw(quantity)


def misread(agent: Rig, wanted: Mapping[str, float], truth: Mapping[str, Any]) -> dict[str, str]:
    """Return what is read wrongly."""
    wrong = {}
    for quantity, value in wanted.items():
        read = reads(agent, quantity)
        near_kw = max(NEAR_KW, truth.get("near_share", 0.0) * abs(value))
        near = 0.02 * max(abs(value), 10.0) if quantity == "soc_kwh" else near_kw
        if quantity not in truth.get("unread", []) and (read is None or abs(read - value) > near):
            wrong[quantity] = f"read {read}, is {value:.2f}"
    return wrong


async def measured(agent: Rig, lab: WildLab, name: str, config: Config) -> dict[str, str]:
    """Return what is read wrongly in either situation, once everything had its time."""
    truth = lab.homes[name].truth
    found: dict[str, str] = {}
    for situation in (BUYING, SELLING):
        await asyncio.to_thread(situate, lab, name, situation)
        deadline = time.monotonic() + WITHIN_S
        while True:
            await asyncio.sleep(0.5)
            wrong = misread(agent, await asyncio.to_thread(expected, lab, name, config), truth)
            if not wrong or time.monotonic() > deadline:
                break
        found |= {f"{quantity} at {situation}": text for quantity, text in wrong.items()}
    return found


def price_now(prices: PublishedPrices, lab: WildLab, name: str) -> tuple[float, float]:
    """Return what the agent takes buying and selling to cost now."""
    now = lab.means(name, "{{ now.timestamp() }}")
    slot = int((now - prices.grid.start.timestamp()) // prices.grid.step.total_seconds())
    return float(prices.import_per_kwh[slot]), float(prices.export_per_kwh[slot])


async def lived(lab: WildLab, name: str, config: Config) -> Iterator[str]:
    """Yield what is wrong with what the agent measures and pays."""
    truth = lab.homes[name].truth
    wrong = []
    async with rig(config) as agent:
        read = await measured(agent, lab, name, config)
        wrong += [f"{quantity}: {text}" for quantity, text in read.items()]
        deadline, prices = time.monotonic() + 20, None
        while prices is None and time.monotonic() < deadline:
            prices = await agent.home.published()
            await asyncio.sleep(0.2)
        if prices is None:
            wrong.append(f"no prices: {agent.home.problems()}")
        else:
            wanted = [lab.means(name, truth["prices"][way]) for way in ("import_per_kwh", "export_per_kwh")]
            for way, paid, value in zip(("import", "export"), price_now(prices, lab, name), wanted, strict=True):
                if abs(paid - value) > NEAR_PRICE:
                    wrong.append(f"{way} price: {paid:.4f}, is {value:.4f}")
    return iter(wrong)


def miswired(truth: Mapping[str, Any], meters: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the configuration's meters have wrong that no measurement of a moment would show."""
    for quantity, meter in truth["meters"].items():
        pair = {way: meter[way] for way in ("import", "export", "charge", "discharge") if way in meter}
        if quantity in truth.get("written", []) and meters[quantity] != pair:
            yield f"{quantity}: {meters[quantity]}, is {pair}"
    for quantity in truth.get("absent", []):
        if meters.get(quantity, UNMETERED) != UNMETERED:
            yield f"{quantity}: {meters[quantity]}, but it has no meter"


def mistaken(lab: WildLab, name: str, found: Discovered) -> Iterator[str]:
    """Yield what was made wrongly of a home, and what was not said of it."""
    truth, config, values = lab.homes[name].truth, found.config, found.understanding.values
    if config is not None:
        yield from asyncio.run(lived(lab, name, config))
        for key, near in NEAR.items():
            value, true = getattr(config.site.battery, key), truth["battery"][key]
            if abs(value - true) > near * true:
                yield f"{key}: {value}, is {true}"
    yield from miswired(truth, values["meters"])
    profile = values["battery"].get("profile")
    if profile != truth["battery"]["profile"]:
        yield f"profile: {profile}, not {truth['battery']['profile']}"
    offers = yaml.safe_dump(dict(found.understanding.offers))
    yield from (f"{what} is not offered" for what in truth.get("offers", []) if what not in offers)
    unsaid = [saying for saying in truth["says"] if not found.says(saying["kind"], saying["words"])]
    yield from (f"no {saying['kind']} about {saying['words']}" for saying in unsaid)
    if found.asked > truth.get("questions_at_most", MOST_QUESTIONS):
        yield f"{found.asked} questions"


@pytest.mark.parametrize("name", home_names())
def test_a_home_is_found_right_or_its_gaps_are_said(name: str, tmp_path: Path) -> None:
    (tmp_path / "ha").mkdir()
    with moved_in(tmp_path / "ha", {name: home(name)}, TIME_FACTOR) as lab:
        found = discover(lab, name, tmp_path)
        wrong = list(mistaken(lab, name, found))
        said = "\n".join(f"{f.kind}: {f.text}" for f in found.understanding.findings)
        assert wrong == [], f"{wrong}\n{said}"


def test_from_one_command_to_the_first_plan_in_the_lab_home(tmp_path: Path) -> None:
    """PV, battery, prices, thermostat and charger: one command, nothing typed, and a plan within two minutes."""
    (tmp_path / "ha").mkdir()
    with moved_in(tmp_path / "ha", {"lab_home": home("lab_home")}) as lab:
        began = time.monotonic()
        (tmp_path / "token").write_text(lab.users.tokens["agent"])
        path = tmp_path / "config.yaml"
        done = homeagent("discover", "--url", lab.url, "--token-file", tmp_path / "token", "--out", path, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "the house uses 0.42 kW now, the battery holds 61 %" in done.stdout
        path.write_text(path.read_text() + f"\nweb: {{port: {free_port()}}}\n")
        agent = AgentProcess(path)
        try:
            wait_for(lambda: agent.up() and agent.get("plan")["outcome"] == "optimal", 120, agent.said)
        finally:
            agent.stop()
        assert time.monotonic() - began < 120
