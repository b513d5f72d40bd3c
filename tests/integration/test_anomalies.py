"""Anomalies from the home to the page: found by the agent, kept over a restart, dismissed by a person."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from anomaly_homes import HEALTHY, SHOWN_AS, START, watch
from click.testing import CliRunner
from shapes import shape

from homeagent.agent.demo import BREAKS_AFTER, Demo
from homeagent.agent.view import View
from homeagent.cli import main
from homeagent.forecasting.anomaly_watch import Watch
from homeagent.simulation.planted_faults import FaultKind, fault_named, planted
from homeagent.store import Store
from homeagent.store.anomalies import kept_anomalies
from homeagent.web.server import Page

PORT = 8493
CONTRACT = Path(__file__).parents[1] / "contract" / "api_v1.json"


@pytest.mark.parametrize("kind", ["battery does not obey", "CT dropped"])
def test_what_breaks_is_found_told_and_kept(tmp_path: Path, kind: FaultKind) -> None:
    (seen,) = watch(1, planted(kind, 1, START + HEALTHY), 3, tmp_path, ways=(False,))
    shown = seen.shown(SHOWN_AS[kind], START + HEALTHY)
    assert shown is not None
    assert shown.found_at - (START + HEALTHY) < timedelta(days=2)
    assert abs(shown.finding.since - (START + HEALTHY)) < timedelta(days=1)
    assert [one.number for one in kept_anomalies(tmp_path / "1.db")] == [one.number for one in seen.anomalies]


async def lived(folder: Path, days: float) -> None:
    """Let a home break while an agent drives it; dismiss what it shows, over HTTP."""
    with Store.open(folder / "homeagent.db", lasting=False) as store:
        demo = Demo(1, store, fault="battery does not obey")
        await demo.live(days, lambda _done, _total: None)
        async with Page(View(demo.agent), "127.0.0.1", PORT) as page, aiohttp.ClientSession(page.url) as client:
            async with client.get("/api/v1/anomalies") as answer:
                told = await answer.json()
            assert shape(told) == json.loads(CONTRACT.read_text())["anomalies_found"]
            (shown,) = told["open"]
            assert shown["kind"] == "battery does not obey"
            assert shown["since"] >= f"{demo.clock.now() - timedelta(days=days) + BREAKS_AFTER:%Y-%m-%d}"
            dismissing = f"/api/v1/anomalies/{shown['number']}/dismiss"
            async with client.post(dismissing) as answer:
                assert answer.status == 403, "a page from elsewhere must not"
            async with client.post("/api/v1/anomalies/77/dismiss", headers={"X-Homeagent": "test"}) as answer:
                assert answer.status == 404
            async with client.post(dismissing, headers={"X-Homeagent": "test"}) as answer:
                told = await answer.json()
            assert (len(told["open"]), told["dismissed"][0]["number"]) == (0, shown["number"])
    with Store.open(folder / "homeagent.db", lasting=False) as store:
        again = Demo(1, store)
        assert again.agent.anomalies is not None
        assert [one.standing for one in again.agent.anomalies.anomalies] == ["dismissed"]


def test_the_agent_finds_it_and_a_person_dismisses_it(tmp_path: Path) -> None:
    asyncio.run(lived(tmp_path, 12.5))
    store = ["--store", str(tmp_path / "homeagent.db")]
    said = CliRunner().invoke(main, ["anomalies", *store])
    assert "1. dismissed" in said.output
    assert "the battery" in " ".join(said.output.split())
    told = json.loads(CliRunner().invoke(main, ["anomalies", *store, "--json"]).output)
    assert told["open"] == []


def test_an_analysis_that_fails_ends_no_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_given: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(Watch, "look", failing)
    with Store.open(tmp_path / "homeagent.db", lasting=False) as store:
        demo = Demo(1, store)
        asyncio.run(demo.live(0.25, lambda _done, _total: None))
        assert "by nothing" in str(View(demo.agent).anomalies()["trouble"])
        assert demo.agent.decisions, "the home is driven all the same"
    assert caplog.text.count("the search for anomalies failed; all else goes on") == 1


def test_without_an_agent_nothing_can_be_dismissed(tmp_path: Path) -> None:
    del tmp_path
    done = CliRunner().invoke(main, ["anomalies", "--dismiss", "1", "--port", "8494"])
    assert done.exit_code == 2
    assert "no agent answers on port 8494" in done.output


def test_an_unknown_fault_is_refused_with_those_that_are_known() -> None:
    done = CliRunner().invoke(main, ["demo", "--fault", "gremlins"])
    assert done.exit_code == 2
    assert "pump runs all night" in done.output
    assert fault_named("none") is None
