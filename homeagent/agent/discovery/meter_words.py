"""What was found of a home's meters, in words with live values, and what that means for its owner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from homeagent.agent.discovery.candidates import Candidate
from homeagent.agent.discovery.dashboard import Dashboard
from homeagent.agent.discovery.proof import Proved
from homeagent.agent.discovery.sensors import is_late, is_live, is_shown
from homeagent.agent.discovery.words import Quantity
from homeagent.domain.discovery import Finding, FoundEntity
from homeagent.domain.survey import Past, Survey
from homeagent.domain.wiring import MeterSource
from homeagent.hass.units import POWER_KW, number

WORDS: Mapping[Quantity, str] = {"grid": "grid meter", "pv": "PV", "battery": "battery power", "load": "load meter"}
MINUS: Mapping[Quantity, str] = {"grid": "export", "battery": "charge"}
FOLLOWS: Mapping[Quantity, str] = {
    "grid": "it is worked out as load - PV - battery",
    "battery": "it is worked out as load - grid - PV",
    "load": "it is worked out as grid + PV + battery",
}
YOURS = "your answer"
LATELY = timedelta(minutes=30)


def this_moment(survey: Survey) -> Past:
    """Return the powers of this moment as a past of one slot."""
    shown = {name: power_now(survey, name) for name in survey.entities}
    means = {name: {survey.at: kw} for name, kw in shown.items() if kw is not None}
    return Past(step=timedelta(minutes=1), means=means)


def power_now(survey: Survey, entity_id: str) -> float | None:
    """Return the power that an entity shows now [kW]."""
    entity = survey.entities.get(entity_id)
    if entity is None or not is_shown(entity):
        return None
    unit, value = entity.attributes.get("unit_of_measurement"), number(str(entity.state))
    return None if value is None or unit not in POWER_KW else value * POWER_KW[str(unit)]


def total_now(survey: Survey, sources: Mapping[str, int]) -> float | None:
    """Return what entities show together now [kW], None where one of them shows no power."""
    parts = [(sign, power_now(survey, entity)) for entity, sign in sources.items()]
    known = [sign * kw for sign, kw in parts if kw is not None]
    return sum(known) if parts and len(known) == len(parts) else None


def total_lately(survey: Survey, sources: Mapping[str, int]) -> float | None:
    """Return what entities measured together in the last slot that all of them have [kW], None without one."""
    slots = [survey.minutes.means.get(entity, {}) for entity in sources]
    common = set.intersection(*({*means} for means in slots)) if slots else set()
    if not common or max(common) < survey.at - LATELY:
        return None
    at = max(common)
    return sum(sign * survey.minutes.means[entity][at] for entity, sign in sources.items())


def meter_words(survey: Survey, powers: Mapping[Quantity, Proved]) -> Iterator[Finding]:
    """Say what measures each quantity, what it shows now, and what proved it."""
    for name, one in powers.items():
        sources = one.sources()
        shown = total_now(survey, {source.entity: source.sign for source in sources})
        now = "" if shown is None else f", now {_way(name, shown)}"
        counted = " (counters of energy)" if one.candidate.counts else ""
        text = f"{WORDS[name]}: {_joined(sources, name)}{counted}{now}; {one.candidate.why}"
        if one.by:
            text += f"; its sign is proved by {' and '.join(one.by)}"
        yield Finding(topic=name, kind="found", text=text)
        silent = [source.entity for source in sources if not is_shown(survey.entities[source.entity])]
        if silent:
            remedy = "see whether its device is on and its integration works; plans need it"
            text = f"{', '.join(silent)} shows no value now"
            yield Finding(topic=name, kind="warning", text=text, remedy=remedy)
        if one.flipped and one.candidate.signs_from and YOURS not in one.by:
            yield Finding(
                topic=name,
                kind="warning",
                text=f"{', '.join(one.candidate.entities())} counts the other way than {one.candidate.signs_from} says",
                remedy="the configuration below reads it the right way; correct it in Home Assistant too",
            )


def _joined(sources: Sequence[MeterSource], name: Quantity) -> str:
    """Return entities as a person adds them up; one alone that counts the other way is said to."""
    if [source.sign for source in sources] == [-1]:
        return f"{sources[0].entity}, turned round (it counts {MINUS[name]} as +)"
    names = [("-" if source.sign == -1 else "") + source.entity for source in sources]
    return " + ".join(names).replace("+ -", "- ")


def _way(name: Quantity, kw: float) -> str:
    if name in {"pv", "load"}:
        return f"{kw:.2f} kW"
    way = {"grid": ("importing", "exporting"), "battery": ("discharging", "charging")}[name]
    return f"{way[kw < 0]} {abs(kw):.2f} kW" if abs(kw) >= 0.005 else "0 kW"  # noqa: PLR2004 - what rounds to nothing


def foreign_load(poor: Proved) -> Finding:
    """Say that a meter by the name of the house is none."""
    return Finding(
        topic="load",
        kind="warning",
        text=f"{', '.join(poor.candidate.entities())} is not what comes from grid, PV and battery together; "
        "it measures something else, and is not used",
        remedy="none is needed: the load is grid + PV + battery",
    )


def late_words(survey: Survey, told: Dashboard, powers: Mapping[Quantity, Proved]) -> Iterator[Finding]:
    """Say which counters of the dashboard tell nothing live, and what is read in their place."""
    for name, counters in told.counters.items():
        without = [one.entity for one in counters if not is_live(survey, one.entity)]
        late = [one.entity for one in counters if one.entity not in without and is_late(survey, one.entity)]
        if not without and not late:
            continue
        why = "are statistics without an entity" if without else "arrive long after the fact"
        text = f"the Energy dashboard's {', '.join(without or late)} {why}, so they tell nothing of this moment"
        if name in powers:
            instead = ", ".join(powers[name].candidate.entities())
            yield Finding(topic=name, kind="warning", text=f"{text}; {instead} is read instead")
        else:
            yield Finding(topic=name, kind="warning", text=text)


def missing_words(
    survey: Survey, told: Dashboard, powers: Mapping[Quantity, Proved], *, has_battery: bool, unmetered_pv: bool
) -> Iterator[Finding]:
    """Say what has no meter, and whether it follows from the others: load = grid + PV + battery."""
    needed: tuple[Quantity, ...] = ("grid", "battery", "load") if has_battery else ("grid", "load")
    missing = [name for name in needed if name not in powers]
    follows = len(missing) == 1 and not unmetered_pv
    for name in missing:
        if name == "load" or follows:
            yield Finding(topic=name, kind="found", text=f"no {WORDS[name]} of its own: {FOLLOWS[name]}")
            continue
        text = f"no {WORDS[name]} that shows a power or counts now"
        remedy = f"answer meters.{name} with its entity; what is disabled must be enabled in Home Assistant first"
        yield Finding(topic=name, kind="missing", text=text, remedy=remedy)
    if "pv" not in powers and not unmetered_pv:
        yield Finding(topic="pv", kind="missing", text="no PV meter", remedy="none is needed in a home without PV")
    elif "pv" not in powers:
        derived = "it follows from the load's meter" if "load" in powers else "only the surplus of PV is seen"
        yield Finding(
            topic="pv",
            kind="warning",
            text=f"this home has PV, but nothing that can be read measures it: {derived}",
            remedy="if there is one, answer meters.pv with its entity",
        )
    disabled = sorted(name for name in told.named() if name in survey.entities and survey.entities[name].disabled)
    if disabled:
        text = f"{', '.join(disabled)} is disabled in Home Assistant"
        yield Finding(topic="grid", kind="warning", text=text, remedy="enable it under Settings > Devices > Entities")


def shines_at_night(candidate: Candidate) -> Finding:
    """Say that a power of the inverter is not that of the sun alone."""
    names = ", ".join(candidate.entities())
    return Finding(
        topic="pv",
        kind="warning",
        text=f"{names} gives power without sun too: it includes the battery's, and is no meter of PV",
        remedy="none is needed; if there is another, answer meters.pv with its entity",
    )


def pv_below_zero(proved: Proved) -> Finding:
    """Say that production is shown as a negative number."""
    names = ", ".join(proved.candidate.entities())
    return Finding(
        topic="pv",
        kind="warning",
        text=f"{names} shows production below zero, and is not used",
        remedy="make a template sensor that shows it without the minus, and answer meters.pv with that",
    )


def charge_words(soc: FoundEntity | None, *, backwards: bool) -> Iterator[Finding]:
    """Say what shows the state of charge."""
    if soc is None:
        yield Finding(
            topic="battery",
            kind="missing",
            text="no state of charge of a home battery",
            remedy="answer meters.soc with its entity; without a battery there is nothing to steer yet",
        )
        return
    unit, value = soc.attributes.get("unit_of_measurement"), number(str(soc.state))
    holds = f"the battery holds {value:g} {unit}" if value is not None else f"it is {soc.state} now"
    if not backwards:
        yield Finding(topic="battery", kind="found", text=f"state of charge: {soc.entity_id}; {holds}")
    else:
        yield Finding(
            topic="battery", kind="missing", text="no state of charge that can be used", remedy="see what is said of it"
        )
        yield Finding(
            topic="battery",
            kind="warning",
            text=f"{soc.entity_id} falls while the battery charges: it counts what is missing, not what is there",
            remedy="make a template sensor that shows 100 minus it, and answer meters.soc with that",
        )
