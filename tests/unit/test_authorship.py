"""Who changed a device, from what Home Assistant tells: the user, the parent, and what was asked."""

from __future__ import annotations

import pytest

from homeagent.control.authorship import Act, Author, author_of

AGENT = "agent"


def act(
    user_id: str | None = None,
    parent_id: str | None = None,
    *,
    ours: bool = False,
    as_told: bool | None = False,
    settling: bool = False,
) -> Act:
    return Act(user_id=user_id, parent_id=parent_id, ours=ours, as_told=as_told, settling=settling)


@pytest.mark.parametrize(
    ("what", "author"),
    [
        (act(AGENT, ours=True), "agent"),
        (act(as_told=True), "agent"),  # the device reports what it was told, under a context of its own
        (act("anna"), "person"),
        (act("anna", settling=True), "person"),
        (act("anna", as_told=None), "person"),
        (act(parent_id="trigger"), "automation"),
        (act(parent_id="trigger", settling=True), "automation"),
        (act(), "person"),  # at the device itself: nobody told it that, and its answer time is over
        (act(settling=True), "device"),
        (act(as_told=None), "device"),  # the agent asked for nothing
        (act(AGENT), "person"),  # the agent's user, but not its call, and not what it asked for
        (act(AGENT, settling=True), "device"),
    ],
)
def test_authors(what: Act, author: Author) -> None:
    assert author_of(what, AGENT) == author
