"""Who changed a device: the agent, a person, another automation, or the device by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Author: TypeAlias = Literal["agent", "person", "automation", "device"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A changed value of an entity that the agent commands.

    `as_told` says whether it is what the agent last asked for, None where it asked for nothing. `settling` is true
    while the agent writes and for the device's answer time after that. `ours` marks contexts of the agent's own calls.
    """

    user_id: str | None
    parent_id: str | None
    ours: bool
    as_told: bool | None
    settling: bool


def author_of(act: Act, own_user_id: str | None) -> Author:
    """Return who did it.

    Home Assistant forgets a call's context after five seconds, so a strange context alone means nothing. What counts is
    a user that is not the agent's own, an automation behind it, or, after its answer time, a value nobody told it.
    """
    if act.ours or act.as_told:
        return "agent"
    if act.user_id is not None and act.user_id != own_user_id:
        return "person"
    if act.parent_id is not None:
        return "automation"
    if act.settling or act.as_told is None:
        return "device"
    return "person"
