"""The guided set-up over HTTP: its state as JSON and as events, its acts as POST requests of its own page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from aiohttp import web

from homeagent.domain.errors import HomeAgentError, TransientError
from homeagent.domain.ports import SetupView
from homeagent.web.serving import (
    PAGE,
    EventStream,
    Served,
    failure,
    file,
    fresh_json,
    from_elsewhere,
    guarded_application,
    json_of,
)

MOST_ANSWERS = 100
LONGEST_TEXT = 4096

Texts: TypeAlias = Mapping[str, str]
Act: TypeAlias = Callable[[Texts], Awaitable[None]]


class SetupPage(Served):
    """The page of the guided set-up; an asynchronous context, as `Served`."""

    def __init__(self, view: SetupView, host: str, port: int) -> None:
        super().__init__(setup_application(view), host, port)


def setup_application(view: SetupView) -> web.Application:
    """Return the routes over `view`."""
    app = guarded_application()
    acts: dict[str, Act] = {
        "connect": lambda texts: view.connect(texts.get("url", ""), texts.get("token", "")),
        "answer": view.answer,
        "tariff": view.tariff,
        "write": lambda _texts: view.write(),
        "test": lambda texts: view.test(texts.get("device", "")),
        "stop": lambda _texts: view.stop(),
        "keep": lambda _texts: view.keep(),
    }
    app.router.add_get("/api/v1/setup", json_of(view.state))
    app.router.add_get("/api/v1/setup/events", EventStream(view.state, view.changed).handle, allow_head=False)
    app.router.add_post("/api/v1/setup/{act}", _acting(view, acts))
    app.router.add_get("/", file(PAGE / "setup.html"))
    for name in ("page.css", "setup.css", "setup.js"):
        app.router.add_get(f"/{name}", file(PAGE / name))
    return app


def _acting(view: SetupView, acts: Mapping[str, Act]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    under_way: set[asyncio.Future[None]] = set()

    async def handle(request: web.Request) -> web.StreamResponse:
        refused = from_elsewhere(request)
        if refused is not None:
            return refused
        act = acts.get(request.match_info["act"])
        if act is None:
            return failure(404, "there is no such step")
        texts = _texts(await request.read())
        if texts is None:
            return failure(400, "send a JSON object of short texts")
        work = asyncio.ensure_future(act(texts))
        under_way.add(work)  # it goes on if its page is left or loaded anew
        work.add_done_callback(under_way.discard)
        try:
            await asyncio.shield(work)
        except TransientError as error:
            return failure(409, str(error))
        except HomeAgentError as error:
            return failure(422, str(error))
        return fresh_json(view.state())

    return handle


def _texts(body: bytes) -> Texts | None:
    """Return a request's texts by name, None if it is anything else."""
    try:
        found: Any = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or len(found) > MOST_ANSWERS:
        return None
    if any(not isinstance(value, str) or len(value) > LONGEST_TEXT for value in found.values()):
        return None
    return found
