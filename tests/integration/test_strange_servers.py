"""What may answer at Home Assistant's address instead of it: each is named, and only what passes is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from homeagent.domain.errors import HomeAgentError
from homeagent.domain.wiring import HomeAssistantSpec
from homeagent.hass.connection import Connection
from homeagent.hass.errors import LinkLostError, NoAnswerError, TokenRefusedError, WrongAddressError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def ended(connection: Connection) -> None:
    await connection.close()


def opened(handler: Handler, use: Callable[[Connection], Awaitable[None]] = ended) -> None:
    """Open a connection to a server that answers with `handler`, and use it."""

    async def scenario() -> None:
        app = web.Application()
        app.router.add_get("/api/websocket", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            port = runner.addresses[0][1]
            spec = HomeAssistantSpec(url=f"http://127.0.0.1:{port}", token="not-a-real-one")  # noqa: S106 - as it says
            await use(await Connection.open(spec))
        finally:
            await runner.cleanup()

    asyncio.run(scenario())


def status(code: int) -> Handler:
    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=code)

    return handle


def says(*messages: str) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for message in messages:
            await socket.send_str(message)
        await socket.close()
        return socket

    return handle


@pytest.mark.parametrize(
    ("handler", "error", "words"),
    [
        (status(502), LinkLostError, "has no Home Assistant behind it"),
        (status(503), LinkLostError, "has no Home Assistant behind it"),
        (status(404), WrongAddressError, "not as Home Assistant does"),
        (status(200), WrongAddressError, "not as Home Assistant does"),
        (says(), LinkLostError, "closed the connection"),
        (says("hello"), LinkLostError, "closed the connection"),
        (says('{"type": "auth_required"}', '{"type": "auth_invalid"}'), TokenRefusedError, "refuses the token"),
        (says('{"jsonrpc": "2.0"}', '{"jsonrpc": "2.0"}'), WrongAddressError, "another language"),
        (says("[]", "[]"), WrongAddressError, "another language"),
    ],
)
def test_each_stranger_is_named(handler: Handler, error: type[HomeAgentError], words: str) -> None:
    with pytest.raises(error, match=words):
        opened(handler)


def test_odd_messages_do_not_end_the_link() -> None:
    hello = ('{"type": "auth_required"}', '{"type": "auth_ok", "ha_version": "2025.4.4"}')
    odd = ("5", '{"no": "type"}', '{"type": "event"}', '[1, {"type": "result"}]')

    async def talk(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for message in (*hello, *odd):
            await socket.send_str(message)
        async for frame in socket:
            asked = frame.json()
            if asked["type"] != "auth":
                await socket.send_json({"id": asked["id"], "type": "pong"})
        return socket

    async def scenario(connection: Connection) -> None:
        assert await connection.command("ping", timeout_s=2) is None
        await connection.close()

    opened(talk, scenario)


def test_who_says_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await asyncio.sleep(5)
        return socket

    monkeypatch.setattr("homeagent.hass.connection.OPEN_TIMEOUT_S", 0.3)
    with pytest.raises(NoAnswerError, match="did not answer"):
        opened(silent)
