"""What the schema alone cannot see of a profile: verbs that are missing, roles and variables that do not exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from homeagent.config.profile import NEEDED_VERBS, VERBS, Profile
from homeagent.config.reading import Problem
from homeagent.domain.wiring import VARIABLES

_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_WORDS = re.compile(r"\b(?:power|battery|grid|lease|reserve|window|current|target|max|min)_[a-z_]+\b")


def problems(profile: Profile) -> Iterator[Problem]:
    """Yield everything that is wrong with a profile."""
    yield from _verbs(profile)
    yield from _roles(profile)
    yield from _variables(profile)


def _verbs(profile: Profile) -> Iterator[Problem]:
    known = VERBS[profile.kind]
    for verb, steps in profile.verbs.items():
        path = ("verbs", verb)
        if verb not in known:
            yield Problem(path, f"is no verb of a {profile.kind}", _nearest(verb, known))
        elif all(step.pause_seconds is not None for step in steps):
            yield Problem(path, "has no step that writes", "add its steps, or leave the verb out")
    groups = NEEDED_VERBS[profile.kind]
    must = max(groups, key=lambda group: len({*group} & {*profile.verbs}) / len(group))
    for verb in (*must, *(("reserve",) if profile.control == "reserve" else ())):
        if verb not in profile.verbs:
            yield Problem(("verbs", verb), "is missing", "add it with its steps, in the order of writing")
    if profile.kind == "battery" and profile.control != "reserve" and not _MOVES & {*profile.verbs}:
        yield Problem(("verbs",), "can say nothing but self_consumption", "add charge, discharge or hold")


_MOVES = {"charge", "discharge", "hold"}


def _roles(profile: Profile) -> Iterator[Problem]:
    used: set[str] = set()
    for verb, steps in profile.verbs.items():
        for number, step in enumerate(steps):
            for role in sorted(step.roles()):
                used.add(role)
                if role not in profile.roles:
                    yield Problem(("verbs", verb, number), f"uses the role {role}", _nearest(role, profile.roles))
    for role, entry in profile.roles.items():
        if role not in used:
            yield Problem(("roles", role), "is used by no step", "leave it out, or use it")
        for verb in () if isinstance(entry.needed, bool) else entry.needed:
            if verb not in profile.verbs:
                yield Problem(("roles", role, "needed"), f"names the verb {verb}", _nearest(verb, profile.verbs))


def _variables(profile: Profile) -> Iterator[Problem]:
    for verb, steps in profile.verbs.items():
        for number, step in enumerate(steps):
            for text in (text for text in step.texts() if "{" in text):
                for word in _WORDS.findall(_QUOTED.sub("", text)):
                    if word not in VARIABLES:
                        path = ("verbs", verb, number)
                        yield Problem(path, f"uses {word}, which is no variable", _nearest(word, VARIABLES))


def _nearest(word: str, known: Iterable[str]) -> str:
    names = [*known]
    near = get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
