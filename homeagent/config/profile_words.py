"""A profile in words: what it gives, what is written in which order, what one must know of the device."""

from __future__ import annotations

from collections.abc import Iterator

from homeagent.config.binding import Bound
from homeagent.config.profile import Profile, ProfileStep

EVIDENCE = {
    "source": "read in the integration's source",
    "users": "told by users, not seen in the source",
    "unseen": "not seen anywhere: try it before you trust it",
}
CONTROL = {
    "continuous": "is followed to the load, every few seconds",
    "modes": "is told a mode for each slot of the plan",
    "reserve": "is only told a reserve",
}
MODES = ("charge", "discharge", "hold")
VERB_WORDS = {
    "charge": "charge from the grid",
    "discharge": "sell",
    "hold": "leave the battery alone",
}


def told_of(bound: Bound) -> Iterator[str]:
    """Yield what a home's own binding gives, a line a topic."""
    profile = bound.profile
    yield f"profile {profile.name} ({profile.title}); it rests on what was {EVIDENCE[profile.evidence]}"
    if profile.kind == "battery":
        yield _abilities(profile, bound.verbs)
    unbound = [role for role in profile.roles if role not in bound.entities]
    if unbound:
        yield f"roles left out: {', '.join(unbound)}"
    for quirk in profile.quirks:
        yield f"mind: {quirk.text}"


def _abilities(profile: Profile, verbs: tuple[str, ...]) -> str:
    if profile.control == "reserve":
        return f"it {CONTROL['reserve']} of {profile.reserve.low_percent:g} to {profile.reserve.high_percent:g} %"
    can = [VERB_WORDS[verb] for verb in MODES if verb in verbs]
    cannot = [VERB_WORDS[verb] for verb in MODES if verb not in verbs]
    power = "at a chosen power" if profile.power.settable else "at its own power"
    text = f"it {CONTROL[profile.control]}; it can {', '.join(can)} {power}"
    return f"{text}; it cannot {', '.join(cannot)}" if cannot else text


def step_words(step: ProfileStep) -> str:
    """Return one step in words."""
    if step.pause_seconds is not None:
        return f"wait {step.pause_seconds:g} s"
    if step.press is not None:
        return f"press {step.press}"
    if step.action is not None:
        given = [f"{name} {value}" for name, value in {**step.target, **step.data}.items()]
        return f"call {step.action}" + (f" with {', '.join(given)}" if given else "")
    value = {True: "on", False: "off"}.get(step.to, step.to) if isinstance(step.to, bool) else step.to
    return f"set {step.set} to {value:g}" if isinstance(value, float) else f"set {step.set} to {value}"
