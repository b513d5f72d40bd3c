"""The guided set-up over HTTP: who may act, what is refused, and that nothing of it is written by accident."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from real_ha.lab import free_port

from homeagent.agent.setup.guided import GuidedSetup
from homeagent.web.setup_server import SetupPage

OWN = {"X-Homeagent": "page"}


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    async with (
        SetupPage(GuidedSetup(path), "127.0.0.1", free_port()) as page,
        aiohttp.ClientSession(page.url) as client,
    ):
        yield client


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Give the address of something that takes connections and says nothing, until it hangs up at the end."""
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for writer in writers:
        writer.close()


def run(path: Path, check: Callable[[aiohttp.ClientSession], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with served(path) as client:
            await check(client)

    asyncio.run(inside())


def test_only_a_page_of_its_own_may_act(tmp_path: Path) -> None:
    async def check(client: aiohttp.ClientSession) -> None:
        for act in ("connect", "answer", "tariff", "write", "test", "stop", "keep"):
            async with client.post(f"/api/v1/setup/{act}", json={}) as answer:
                assert answer.status == 403, act
            async with client.post(f"/api/v1/setup/{act}", json={}, headers=OWN | {"Host": "evil.example"}) as answer:
                assert answer.status == 421, act
            async with client.get(f"/api/v1/setup/{act}") as answer:
                assert answer.status == 405, act

    run(tmp_path / "config.yaml", check)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"url": 5}', 400),
        (json.dumps({"url": "x" * 5000}).encode(), 400),
        (json.dumps({str(number): "" for number in range(101)}).encode(), 400),
        (b'"' + b"x" * 100_000 + b'"', 413),
        (b"[" * 5000, 400),
        (json.dumps({"url": "ftp://x", "token": "abc"}).encode(), 422),
        (json.dumps({"url": "http://127.0.0.1:1", "token": "two\nlines"}).encode(), 422),
        (json.dumps({"url": "http://127.0.0.1:1", "token": "abc"}).encode(), 422),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(tmp_path: Path, body: bytes, status: int) -> None:
    async def check(client: aiohttp.ClientSession) -> None:
        async with client.post("/api/v1/setup/connect", data=body, headers=OWN) as answer:
            assert answer.status == status
            assert "error" in await answer.json()
        async with client.get("/api/v1/setup") as answer:
            state = await answer.json()
        assert state["busy"] is None
        assert state["home"] is None

    run(tmp_path / "config.yaml", check)
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_is_left_leaves_the_step_going_and_its_failure_told(tmp_path: Path) -> None:
    async def check(client: aiohttp.ClientSession) -> None:
        async with silent_server() as silent:
            body = {"url": silent, "token": "abc"}
            with pytest.raises(TimeoutError):
                async with client.post(
                    "/api/v1/setup/connect", json=body, headers=OWN, timeout=aiohttp.ClientTimeout(total=0.5)
                ):
                    pass
            async with client.get("/api/v1/setup") as answer:
                assert (await answer.json())["busy"] is not None
            async with client.post("/api/v1/setup/connect", json=body, headers=OWN) as answer:
                assert answer.status == 409
        for _ in range(100):
            async with client.get("/api/v1/setup") as answer:
                state = await answer.json()
            if state["busy"] is None:
                break
            await asyncio.sleep(0.1)
        assert state["failed"]

    run(tmp_path / "config.yaml", check)


def test_steps_that_come_too_early_say_what_comes_first(tmp_path: Path) -> None:
    async def check(client: aiohttp.ClientSession) -> None:
        for act, first in {"write": "connect", "answer": "connect", "test": "write", "keep": "write"}.items():
            async with client.post(f"/api/v1/setup/{act}", json={}, headers=OWN) as answer:
                assert answer.status == 422
                assert first in (await answer.json())["error"]
        async with client.post("/api/v1/setup/format_disk", json={}, headers=OWN) as answer:
            assert answer.status == 404

    run(tmp_path / "config.yaml", check)


def test_a_file_that_is_there_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("mode: advise\n")

    async def check(client: aiohttp.ClientSession) -> None:
        async with client.get("/api/v1/setup") as answer:
            assert (await answer.json())["exists"]

    run(path, check)
    assert path.read_text() == "mode: advise\n"
