"""The API and the page over HTTP: contract, strict headers, refusals, and the event stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from shapes import shape

from homeagent.agent.demo import Demo
from homeagent.agent.view import View
from homeagent.domain.errors import PermanentError
from homeagent.store import Store
from homeagent.web.server import Page

CONTRACT = Path(__file__).parents[1] / "contract" / "api_v1.json"
PORT = 8471
ELSEWHERE = {"devices_planned", "satisfaction_days", "day_devices"}
"""Contracts of a home with devices: tests/unit/test_people_api.py holds them."""


@asynccontextmanager
async def served(folder: Path, port: int, days: float = 1.0) -> AsyncIterator[tuple[Demo, aiohttp.ClientSession]]:
    with Store.open(folder / f"{port}.db", lasting=False) as store:
        demo = Demo(1, store)
        await demo.live(days, lambda _done, _total: None)
        async with Page(View(demo.agent), "127.0.0.1", port) as page, aiohttp.ClientSession(page.url) as client:
            yield demo, client


def run(folder: Path, port: int, check: Callable[[Demo, aiohttp.ClientSession], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with served(folder, port) as (demo, client):
            await check(demo, client)

    asyncio.run(inside())


async def body(client: aiohttp.ClientSession, path: str) -> Any:  # noqa: ANN401 - JSON
    async with client.get(path) as answer:
        assert answer.status == 200
        return await answer.json()


def test_every_answer_keeps_the_contract(tmp_path: Path) -> None:
    contract = json.loads(CONTRACT.read_text())

    async def check(_demo: Demo, client: aiohttp.ClientSession) -> None:
        paths = {"thinks": "thinks?day=2025-04-07"}  # the present day has only begun
        for name in contract.keys() - {"health_live", "models_learned", "anomalies_found", *ELSEWHERE}:
            assert shape(await body(client, f"/api/v1/{paths.get(name, name)}")) == contract[name], name

    run(tmp_path, PORT, check)


def test_resuming_is_for_pages_of_its_own_and_for_devices_that_exist(tmp_path: Path) -> None:
    async def check(_demo: Demo, client: aiohttp.ClientSession) -> None:
        for headers, status in (({}, 403), ({"X-Homeagent": "page"}, 404)):
            async with client.post("/api/v1/devices/toaster/resume", headers=headers) as answer:
                assert answer.status == status
                assert "error" in await answer.json()
        async with client.get("/api/v1/devices/toaster/resume") as answer:
            assert answer.status == 405

    run(tmp_path, PORT + 20, check)


def test_answers_are_guarded_and_errors_are_json(tmp_path: Path) -> None:
    async def check(_demo: Demo, client: aiohttp.ClientSession) -> None:
        for path, status in {
            "/": 200,
            "/page.js": 200,
            "/learned.js": 200,
            "/day.js": 200,
            "/api/v1/thinks?day=2025-04-07": 200,
            "/api/v1/thinks?day=soon": 400,
            "/footprint.js": 200,
            "/plotly.min.js": 200,
            "/nothing": 404,
            "/api/v1/decisions?limit=-1": 400,
            "/api/v1/decisions?limit=9999999999": 400,
            "/../../etc/passwd": 404,
        }.items():
            async with client.get(path) as answer:
                assert answer.status == status, path
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                if status >= 400:
                    assert "error" in await answer.json()
        async with client.post("/api/v1/state", data=b"x") as answer:
            assert answer.status == 405
        async with client.get("/api/v1/state", headers={"Host": "evil.example:8471"}) as answer:
            assert answer.status == 421
            assert "soc_kwh" not in await answer.text()

    run(tmp_path, PORT + 1, check)


def test_the_stream_tells_each_round_and_does_not_flood(tmp_path: Path) -> None:
    async def check(demo: Demo, client: aiohttp.ClientSession) -> None:
        async with client.get("/api/v1/events") as answer:
            assert answer.content_type == "text/event-stream"
            first = await answer.content.readuntil(b"\n\n")
            await asyncio.sleep(0.6)  # the stream sleeps between two events
            for _ in range(20):
                await demo.step()
                await asyncio.sleep(0)
            second = await answer.content.readuntil(b"\n\n")
        stamps = [json.loads(part.split(b"data: ")[1])["at"] for part in (first, second)]
        assert stamps[0] < stamps[1]

    run(tmp_path, PORT + 2, check)


def test_readers_that_leave_make_room_for_others(tmp_path: Path) -> None:
    async def check(demo: Demo, client: aiohttp.ClientSession) -> None:
        for _ in range(20):
            async with client.get("/api/v1/events") as answer:
                assert answer.status == 200
                await answer.content.readuntil(b"\n\n")
            await demo.step()
            await asyncio.sleep(0.02)

    run(tmp_path, PORT + 3, check)


def test_a_taken_port_is_told_plainly(tmp_path: Path) -> None:
    async def check(demo: Demo, _client: aiohttp.ClientSession) -> None:
        with pytest.raises(PermanentError, match="--port"):
            async with Page(View(demo.agent), "127.0.0.1", PORT + 4):
                pass

    run(tmp_path, PORT + 4, check)
