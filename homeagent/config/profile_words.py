"""A profile in words: what it gives, what is written in which order, what one must know of the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from homeagent.config.binding import Bound
from homeagent.config.profile import Profile, ProfileStep
from homeagent.config.profile_costs import Cost, Costs
from homeagent.domain.inverter import InverterCapability

EVIDENCE = {
    "source": "read in the integration's source",
    "users": "told by users, not seen in the source",
    "unseen": "not seen anywhere: try it before you trust it",
}
CONTROL = {
    "continuous": "follows the load, every few seconds",
    "modes": "is told a mode for each slot of the plan",
    "reserve": "is only told a reserve",
}
MOVES = {"charge": "charge from the grid", "discharge": "sell", "hold": "leave the battery alone"}
STORING_HOLD = "keep it from discharging (surplus is still stored)"
SOON_S = 120


def told_of(bound: Bound, capability: InverterCapability, costs: Costs) -> Iterator[str]:
    """Yield what a home's own binding gives, a line a topic."""
    profile = bound.profile
    yield f"profile {profile.name}, {profile.title}: {EVIDENCE[profile.evidence]}"
    if profile.kind == "battery":
        yield abilities(profile, bound.verbs)
        yield cost_words(profile.name, capability, costs)
    unbound = [role for role in profile.roles if role not in bound.entities]
    if unbound:
        yield f"left out: {', '.join(unbound)}"
    for quirk in profile.quirks:
        yield f"mind: {quirk.text}{_doubt(quirk.evidence)}"


def explained(profile: Profile, capability: InverterCapability | None, costs: Costs) -> Iterator[tuple[str, list[str]]]:
    """Yield the chapters of a whole explanation: a heading and its lines."""
    yield "what it is", [*_nature(profile)]
    yield "roles", [*_roles(profile)]
    for verb, steps in profile.verbs.items():
        yield f"to {_said(verb)}, in this order", [step_words(step) for step in steps]
    yield "if nobody speaks", [_lease(profile), f"safe state: {profile.safe}"]
    yield "proof", [_proof(profile)]
    if capability is not None:
        yield "what it costs", [cost_words(profile.name, capability, costs), costs.basis]
    if profile.quirks:
        yield "mind", [f"{quirk.text}{_doubt(quirk.evidence)} [{quirk.source}]" for quirk in profile.quirks]


def abilities(profile: Profile, verbs: Sequence[str]) -> str:
    """Return what the inverter can be told, and what not."""
    if profile.control == "reserve":
        low, high = profile.reserve.low_percent, profile.reserve.high_percent
        return f"it {CONTROL['reserve']} of {low:g} to {high:g} %; it cannot {MOVES['discharge']}, nor be told a power"
    moves = MOVES | ({"hold": STORING_HOLD} if profile.hold_stores else {})
    can = [words for verb, words in moves.items() if verb in verbs]
    cannot = [words for verb, words in MOVES.items() if verb not in verbs]
    text = f"it {CONTROL[profile.control]}; it can {', '.join(can)}"
    if {"charge", "discharge"} & {*verbs}:
        text += f", {'at a chosen power' if profile.power.settable else 'always as fast as it goes'}"
    return f"{text}; it cannot {', '.join(cannot)}" if cannot else text


def cost_words(name: str, capability: InverterCapability, costs: Costs) -> str:
    """Return what the inverter costs against one that follows a policy at once."""
    cost = costs.of(name, capability)
    if cost is None:
        return "what it costs as you have it was not measured"
    against = "against an inverter that follows the load at once it costs"
    if not round(cost.high_per_year):
        return f"{against} next to nothing; simulated"
    return (
        f"{against} {round(cost.per_year)} {costs.currency} a year ({spread(cost)} from home to home), "
        f"{cost.share:.0%} of what is saved; simulated"
    )


def spread(cost: Cost) -> str:
    """Return the least and the most that it costs, in whole units of money."""
    return f"{round(cost.low_per_year)} to {round(cost.high_per_year)}"


def step_words(step: ProfileStep) -> str:
    """Return one step in words."""
    if step.pause_seconds is not None:
        return f"wait {step.pause_seconds:g} s"
    if step.press is not None:
        return f"press {step.press}"
    if step.action is not None:
        given = [f"{name} {value}" for name, value in {**step.target, **step.data}.items()]
        return f"call {step.action}" + (f" with {', '.join(given)}" if given else "")
    return f"set {step.set} to {_value(step.to)}"


def lease_words(profile: Profile) -> str:
    """Return how long a command may last before the device ends it, in short."""
    if profile.lease is None:
        return "none"
    return f"{_time(profile.lease.low_seconds)} to {_time(profile.lease.high_seconds)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return " or ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _nature(profile: Profile) -> Iterator[str]:
    made_by = ", ".join(profile.integrations) or "any integration"
    yield f"{profile.title}: a {profile.kind.replace('_', ' ')}, its entities made by {made_by}"
    if profile.kind == "battery":
        yield abilities(profile, [*profile.verbs])
        if profile.power.step_w > 1 or profile.power.high_w is not None:
            high = "" if profile.power.high_w is None else f" up to {profile.power.high_w:g} W"
            yield f"powers are rounded down to {profile.power.step_w:g} W{high}"
        if profile.window_minutes is not None:
            yield f"the lease is sent as a window of its clock, widened to {profile.window_minutes} minutes"
    if profile.current is not None:
        yield f"its current is rated_kw over its phases, {profile.current.low_a:g} to {profile.current.high_a:g} A"
    yield EVIDENCE[profile.evidence]


def _roles(profile: Profile) -> Iterator[str]:
    for role, entry in profile.roles.items():
        need = "needed" if entry.needed is True else "may be left out"
        if isinstance(entry.needed, list):
            need = f"without it there is no {', '.join(entry.needed)}"
        missing = f"; if it is missing: {entry.if_missing}" if entry.if_missing else ""
        yield f"{role} ({' or '.join(entry.domains)}) {entry.why}; {need}{missing}{_doubt(entry.evidence)}"


def _said(verb: str) -> str:
    return {"on": "switch on", "off": "switch off", "temperature": "set a temperature", "reserve": "set a reserve"}.get(
        verb, {"self_consumption": "serve the home by itself"}.get(verb, verb)
    )


def _lease(profile: Profile) -> str:
    if profile.lease is None:
        return "it stays as told; import the blueprint of docs/home-assistant.md for that case"
    return f"a command ends by itself ({lease_words(profile)}): {profile.lease.then}"


def _proof(profile: Profile) -> str:
    text = f"its entities may be old for {profile.answer_seconds:g} s; "
    if profile.kind == "battery":
        text += f"its measured power must show the effect within {profile.proof.within_seconds:g} s, "
        return text + f"to {profile.proof.tolerance_kw:g} kW or a tenth"
    return text + f"its meter or state must show the effect within {profile.proof.within_seconds:g} s"


def _doubt(evidence: str) -> str:
    return {"users": " (told by users)", "unseen": " (not seen)"}.get(evidence, "")


def _time(seconds: float) -> str:
    if seconds < SOON_S:
        return f"{seconds:g} s"
    return f"{seconds / 60:g} min" if seconds < 60 * SOON_S else f"{seconds / 3600:g} h"
