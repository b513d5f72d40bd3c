"""HTTP on loopback: `/api/v1/*` as JSON, `/api/v1/events` as server-sent events, and the page that reads both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from homeagent.domain.errors import PermanentError
from homeagent.domain.ports import AgentView

PAGE = Path(__file__).parent / "page"
OWN_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Hosts the page answers to: a web site that points a name of its own at this machine is turned away."""
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",  # plotly sets styles inline
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OWN_HEADER = "X-Homeagent"
"""Browsers let no page from elsewhere send a header of its own without asking, and nobody is given leave."""
MOST_STREAMS = 16
MOST_DECISIONS = 200
FEWEST_SECONDS_BETWEEN_EVENTS = 0.5
HEARTBEAT_S = 15.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """The server, as an asynchronous context: it listens inside it.

    Raises:
        PermanentError: on entering, when the port cannot be had.
    """

    def __init__(self, view: AgentView, host: str, port: int) -> None:
        self.url = f"http://{host}:{port}/"
        self._host, self._port = host, port
        # a stream whose reader has left is ended at once
        self._runner = web.AppRunner(
            application(view), access_log=None, shutdown_timeout=1.0, handler_cancellation=True
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            remedy = "choose another with --port"
            raise PermanentError(f"port {self._port} cannot be had ({error.strerror}); {remedy}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()


def application(view: AgentView) -> web.Application:
    """Return the routes over `view`."""
    app = web.Application(middlewares=[_guarded], client_max_size=64 * 1024)
    plain: dict[str, Callable[[], Mapping[str, object]]] = {
        "state": view.state,
        "plan": view.plan,
        "forecast": view.forecast,
        "savings": view.savings,
        "footprint": view.footprint,
        "health": view.health,
    }
    for name, answer in plain.items():
        app.router.add_get(f"/api/v1/{name}", _json(answer))
    app.router.add_post("/api/v1/devices/{name}/resume", _resume(view))
    app.router.add_get("/api/v1/decisions", _decisions(view))
    app.router.add_get("/api/v1/events", _Events(view).handle, allow_head=False)
    app.router.add_get("/", _file(PAGE / "index.html"))
    for name in ("page.css", "page.js"):
        app.router.add_get(f"/{name}", _file(PAGE / name))
    app.router.add_get("/plotly.min.js", _file(_plotly_js()))
    return app


def _plotly_js() -> Path:
    """Return the charting library's own script, found without importing the package."""
    spec = find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        raise PermanentError("the package plotly is missing; install homeagent again")
    return Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn strangers' names away, and give every answer the same strict headers; errors are JSON."""
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if name not in OWN_NAMES:
        response: web.StreamResponse = _error(421, "this page answers to its own name alone, such as localhost")
    else:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = _error(error.status, error.reason)
    if not response.prepared:
        response.headers.update(HEADERS)
    return response


def _error(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)


def _json(answer: Callable[[], Mapping[str, object]]) -> Handler:
    async def handle(_request: web.Request) -> web.Response:
        return web.json_response(answer(), dumps=_dumps, headers={"Cache-Control": "no-store"})

    return handle


def _dumps(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _decisions(view: AgentView) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        text = request.query.get("limit", "50")
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= MOST_DECISIONS:
            return _error(400, f"limit must be a whole number from 1 to {MOST_DECISIONS}")
        body = {"decisions": view.decisions(int(text))}
        return web.json_response(body, dumps=_dumps, headers={"Cache-Control": "no-store"})

    return handle


def _resume(view: AgentView) -> Handler:
    """Answer the one request that changes something: only a page of this server, or no page at all, may send it."""

    async def handle(request: web.Request) -> web.Response:
        if request.headers.get(OWN_HEADER) is None:
            return _error(403, f"send the header {OWN_HEADER}: a page from elsewhere cannot")
        resumed = view.resume(request.match_info["name"])
        if resumed is None:
            return _error(404, "no device of this name is under control")
        return web.json_response({"resumed": resumed})

    return handle


def _file(path: Path) -> Handler:
    async def handle(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    return handle


class _Events:
    """Streams the state after each of the agent's rounds, at most twice a second."""

    def __init__(self, view: AgentView) -> None:
        self._view = view
        self._open = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer until the reader leaves."""
        if self._open >= MOST_STREAMS:
            return _error(503, "too many open event streams")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        response.headers.update(HEADERS)
        self._open += 1
        try:
            await response.prepare(request)
            await self._stream(response)
        except ConnectionError:
            pass  # the reader has gone: nothing to tell it
        finally:
            self._open -= 1
        return response

    async def _stream(self, response: web.StreamResponse) -> None:
        while True:
            await response.write(f"event: state\ndata: {_dumps(self._view.state())}\n\n".encode())
            await asyncio.sleep(FEWEST_SECONDS_BETWEEN_EVENTS)
            try:
                await asyncio.wait_for(self._view.changed(), HEARTBEAT_S)
            except TimeoutError:
                await response.write(b": still here\n\n")
