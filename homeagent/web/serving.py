"""What every page of the agent shares: who may ask, strict headers, JSON errors, files, and a stream of events."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from homeagent.domain.errors import PermanentError

_LOGGER = logging.getLogger(__name__)

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
LARGEST_BODY = 64 * 1024
MOST_STREAMS = 16
FEWEST_SECONDS_BETWEEN_EVENTS = 0.5
HEARTBEAT_S = 15.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Served:
    """A server on this machine, as an asynchronous context: it listens inside it.

    Raises:
        PermanentError: on entering, when the port cannot be had.
    """

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self.url = f"http://{host}:{port}/"
        self._host, self._port = host, port
        # a stream whose reader has left is ended at once
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)

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


def guarded_application() -> web.Application:
    """Return an application without routes that turns strangers away."""
    return web.Application(middlewares=[_guarded], client_max_size=LARGEST_BODY)


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn strangers' names away, and give every answer the same strict headers; errors are JSON."""
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if name not in OWN_NAMES:
        response: web.StreamResponse = failure(421, "this page answers to its own name alone, such as localhost")
    else:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = failure(error.status, error.reason)
        except Exception:
            _LOGGER.exception("%s %s failed", request.method, request.path)
            response = failure(500, "an error inside the agent; see its log")
    if not response.prepared:
        response.headers.update(HEADERS)
    return response


def failure(status: int, reason: str) -> web.Response:
    """Return an error as JSON."""
    return web.json_response({"error": reason}, status=status)


def from_elsewhere(request: web.Request) -> web.Response | None:
    """Return the refusal of a request that changes something and comes from no page of this server."""
    if request.headers.get(OWN_HEADER) is None:
        return failure(403, f"send the header {OWN_HEADER}: a page from elsewhere cannot")
    return None


def json_of(answer: Callable[[], Mapping[str, object]]) -> Handler:
    """Return a handler that answers with what `answer` returns."""

    async def handle(_request: web.Request) -> web.Response:
        return fresh_json(answer())

    return handle


def fresh_json(body: Mapping[str, object]) -> web.Response:
    """Return JSON that nobody keeps."""
    return web.json_response(body, dumps=_dumps, headers={"Cache-Control": "no-store"})


def _dumps(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def file(path: Path) -> Handler:
    """Return a handler that answers with a file."""

    async def handle(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    return handle


class EventStream:
    """Streams a state whenever it has changed, at most twice a second."""

    def __init__(self, state: Callable[[], Mapping[str, object]], changed: Callable[[], Awaitable[None]]) -> None:
        self._state = state
        self._changed = changed
        self._open = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer until the reader leaves."""
        if self._open >= MOST_STREAMS:
            return failure(503, "too many open event streams")
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
            await response.write(f"event: state\ndata: {_dumps(self._state())}\n\n".encode())
            await asyncio.sleep(FEWEST_SECONDS_BETWEEN_EVENTS)
            try:
                await asyncio.wait_for(self._changed(), HEARTBEAT_S)
            except TimeoutError:
                await response.write(b": still here\n\n")
