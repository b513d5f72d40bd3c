"""What people ask over HTTP: of a device, of the whole home, and what they think of a decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from homeagent.domain.errors import InputError
from homeagent.domain.ports import AgentView
from homeagent.web.serving import Handler, failure, fresh_json, from_elsewhere

ASKED: Final = "pause|boost|not_tonight|ready_by|target"
Answer = Callable[[web.Request, object], Awaitable[web.Response]]


def add_people(app: web.Application, view: AgentView) -> None:
    """Add the routes; each is for pages of this server and for no page at all, as every request that changes things."""
    app.router.add_post(f"/api/v1/devices/{{name}}/{{kind:{ASKED}}}", _changing(_ask(view)))
    app.router.add_post("/api/v1/vacation", _changing(_go_away(view)))
    app.router.add_delete("/api/v1/vacation", _changing(_come_back(view)))
    app.router.add_post("/api/v1/decisions/{id}/thumb", _changing(_thumb(view)))


def _changing(answer: Answer) -> Handler:
    """Return a handler that turns strangers away, and says field by field what is wrong; no body is an empty one."""

    async def handle(request: web.Request) -> web.Response:
        refused = from_elsewhere(request)
        if refused is not None:
            return refused
        try:
            body = await request.json() if request.can_read_body else {}
        except ValueError:
            return failure(400, "the body is no JSON")
        try:
            return await answer(request, body)
        except InputError as error:
            return failure(400, "; ".join(str(issue) for issue in error.issues))

    return handle


def _ask(view: AgentView) -> Answer:
    async def answer(request: web.Request, body: object) -> web.Response:
        told = view.ask(request.match_info["name"], request.match_info["kind"], body)
        return failure(404, "no device of this name can be asked") if told is None else fresh_json(told)

    return answer


def _go_away(view: AgentView) -> Answer:
    async def answer(_request: web.Request, body: object) -> web.Response:
        return fresh_json(view.go_away(body))

    return answer


def _come_back(view: AgentView) -> Answer:
    async def answer(_request: web.Request, _body: object) -> web.Response:
        return fresh_json(view.devices()) if view.come_back() else failure(404, "there is no vacation")

    return answer


def _thumb(view: AgentView) -> Answer:
    async def answer(request: web.Request, body: object) -> web.Response:
        decision = request.match_info["id"]
        if not view.thumb(decision, body):
            return failure(404, "no decision of this id is remembered")
        return fresh_json({"decision": decision})

    return answer
