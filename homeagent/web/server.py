"""HTTP on loopback: `/api/v1/*` as JSON, `/api/v1/events` as server-sent events, and the page that reads both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from homeagent.domain.errors import InputError, PermanentError
from homeagent.domain.ports import AgentView
from homeagent.web.people_routes import add_people
from homeagent.web.serving import (
    PAGE,
    EventStream,
    Handler,
    Served,
    failure,
    file,
    fresh_json,
    from_elsewhere,
    guarded_application,
    json_of,
)

MOST_DECISIONS = 200
SCRIPTS = ("page", "learned", "day", "devices_day", "devices", "satisfaction", "footprint", "anomalies")


class Page(Served):
    """The running agent's page; an asynchronous context, as `Served`."""

    def __init__(self, view: AgentView, host: str, port: int) -> None:
        super().__init__(application(view), host, port)


def application(view: AgentView) -> web.Application:
    """Return the routes over `view`."""
    app = guarded_application()
    plain: dict[str, Callable[[], Mapping[str, object]]] = {
        "state": view.state,
        "plan": view.plan,
        "forecast": view.forecast,
        "savings": view.savings,
        "footprint": view.footprint,
        "models": view.models,
        "habits": view.habits,
        "anomalies": view.anomalies,
        "announced_loads": view.announced_loads,
        "devices": view.devices,
        "satisfaction": view.satisfaction,
        "health": view.health,
    }
    for name, answer in plain.items():
        app.router.add_get(f"/api/v1/{name}", json_of(answer))
    app.router.add_post("/api/v1/devices/{name}/resume", _resume(view))
    app.router.add_post(r"/api/v1/anomalies/{number:\d{1,9}}/dismiss", _dismiss(view))
    app.router.add_post("/api/v1/announced_loads", _announce(view))
    app.router.add_delete("/api/v1/announced_loads/{name}", _cancel_load(view))
    add_people(app, view)
    app.router.add_get("/api/v1/decisions", _decisions(view))
    app.router.add_get("/api/v1/thinks", _thinks(view))
    app.router.add_get("/api/v1/events", EventStream(view.state, view.changed).handle, allow_head=False)
    app.router.add_get("/", file(PAGE / "index.html"))
    for name in ("page.css", *(f"{script}.js" for script in SCRIPTS)):
        app.router.add_get(f"/{name}", file(PAGE / name))
    app.router.add_get("/plotly.min.js", file(_plotly_js()))
    return app


def _plotly_js() -> Path:
    """Return the charting library's own script, found without importing the package."""
    spec = find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        raise PermanentError("the package plotly is missing; install homeagent again")
    return Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"


def _decisions(view: AgentView) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        text = request.query.get("limit", "50")
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= MOST_DECISIONS:
            return failure(400, f"limit must be a whole number from 1 to {MOST_DECISIONS}")
        return fresh_json({"decisions": view.decisions(int(text))})

    return handle


def _thinks(view: AgentView) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        text = request.query.get("day")
        try:
            day = None if text is None else date.fromisoformat(text)
        except ValueError:
            return failure(400, "day must be a date such as 2026-05-01")
        return fresh_json(view.thinks(day))

    return handle


def _resume(view: AgentView) -> Handler:
    """Answer the one request that changes something: only a page of this server, or no page at all, may send it."""

    async def handle(request: web.Request) -> web.Response:
        refused = from_elsewhere(request)
        if refused is not None:
            return refused
        resumed = view.resume(request.match_info["name"])
        if resumed is None:
            return failure(404, "no device of this name is under control")
        return web.json_response({"resumed": resumed})

    return handle


def _dismiss(view: AgentView) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        refused = from_elsewhere(request)
        if refused is not None:
            return refused
        number = int(request.match_info["number"])
        return fresh_json(view.anomalies()) if view.dismiss(number) else failure(404, "no open anomaly of this number")

    return handle


def _announce(view: AgentView) -> Handler:
    """Answer the announcement of a load; what is wrong with it is said field by field."""

    async def handle(request: web.Request) -> web.Response:
        refused = from_elsewhere(request)
        if refused is not None:
            return refused
        try:
            body = await request.json()
        except ValueError:
            return failure(400, "the body is no JSON")
        try:
            return fresh_json(view.announce(body))
        except InputError as error:
            return failure(400, "; ".join(str(issue) for issue in error.issues))

    return handle


def _cancel_load(view: AgentView) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        refused = from_elsewhere(request)
        if refused is not None:
            return refused
        name = request.match_info["name"]
        return (
            web.json_response({"cancelled": name}) if view.cancel_load(name) else failure(404, "no load of this name")
        )

    return handle
