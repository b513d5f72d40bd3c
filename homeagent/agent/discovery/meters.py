"""A home's meters: found, proved, and said in words and as configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from homeagent.agent.discovery.candidates import Candidate, candidates, is_late, is_live, is_shown
from homeagent.agent.discovery.dashboard import Dashboard
from homeagent.agent.discovery.proof import ENOUGH_SLOTS, Evidence, Proof, Proved, prove
from homeagent.agent.discovery.storage import soc_candidates
from homeagent.agent.discovery.words import Quantity
from homeagent.domain.discovery import Answer, Finding, FoundEntity, Question
from homeagent.domain.survey import Past, Survey
from homeagent.domain.wiring import MeterSource
from homeagent.hass.units import ENERGY_KWH, POWER_KW, number

WORDS: Mapping[Quantity, str] = {"grid": "grid meter", "pv": "PV", "battery": "battery power", "load": "load meter"}
PLUS = {"grid": "import", "battery": "discharge", "pv": "production", "load": "consumption"}
MINUS = {"grid": "export", "battery": "charge"}
ENOUGH_HOURS = 24
YOURS = "your answer"
POOR_LOAD = 0.5
"""A load meter this far off the balance measures something else."""
UNITS = {1000.0: ("kilowatts", "W"), 0.001: ("watts", "kW")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metering:
    """What measures a home. `powers` holds the quantities that have a meter."""

    powers: Mapping[Quantity, Proved]
    soc: FoundEntity | None
    soc_backwards: bool
    near: frozenset[str]
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]

    def sources(self, quantity: Quantity) -> Mapping[str, int]:
        """Return a quantity's entities with their signs."""
        proved = self.powers.get(quantity)
        return {} if proved is None else {source.entity: source.sign for source in proved.sources()}


def metering(survey: Survey, told: Dashboard, bound: Mapping[str, str], answers: Mapping[str, Answer]) -> Metering:
    """Return what measures a home. `bound` are entities by role that a device profile knows."""
    found = candidates(survey, told, bound)
    found = _named(survey, found, answers)
    near = _battery_devices(survey, told, found, bound)
    charges = soc_candidates(survey, told.soc, bound.get("soc"), near)
    picked = answers.get("meters.soc")
    soc = survey.entities.get(str(picked)) if picked else charges[0] if charges else None
    if soc is None:
        found = {name: [] if name == "battery" else of_it for name, of_it in found.items()}
    proof = _proved(survey, told, found, None if soc is None else soc.entity_id)
    if proof.misfit is not None and proof.misfit > POOR_LOAD and proof.slots >= ENOUGH_SLOTS:
        found = {name: [] if name == "load" else of_it for name, of_it in found.items()}
        poor = proof.found["load"]
        proof = _proved(survey, told, found, None if soc is None else soc.entity_id)
        findings = [_foreign_load(poor)]
    else:
        findings = []
    powers, misread = _readable(found, proof.found)
    powers = {name: _turned(name, one, answers) for name, one in powers.items()}
    findings += [
        *misread,
        *_described(survey, powers),
        *_late(survey, told, powers),
        *_missing(survey, told, powers),
    ]
    findings += _charge(soc, backwards=proof.soc_backwards)
    return Metering(
        powers=powers,
        soc=soc,
        soc_backwards=proof.soc_backwards,
        near=near,
        findings=tuple(findings),
        questions=tuple(_unsure(powers, answers)),
    )


def _named(
    survey: Survey, found: Mapping[Quantity, list[Candidate]], answers: Mapping[str, Answer]
) -> dict[Quantity, list[Candidate]]:
    """Return the candidates, with what the household named in their place."""
    result = dict(found)
    for name in found:
        entity = answers.get(f"meters.{name}")
        if isinstance(entity, str) and is_live(survey, entity):
            source = (MeterSource(entity=entity),)
            result[name] = [Candidate(quantity=name, sources=source, score=100, why="you named it")]
    return result


def _turned(name: Quantity, proved: Proved, answers: Mapping[str, Answer]) -> Proved:
    """Return a meter turned the way that the household says."""
    way = answers.get(f"meters.{name}.positive")
    if name not in MINUS or way not in {PLUS[name], MINUS[name]}:
        return proved
    return replace(proved, flipped=way != PLUS[name], by=(YOURS,))


def _battery_devices(
    survey: Survey, told: Dashboard, found: Mapping[Quantity, Sequence[Candidate]], bound: Mapping[str, str]
) -> frozenset[str]:
    """Return the devices that the battery is part of."""
    counters = [source.entity for source in told.counters.get("battery", ())]
    powers = [entity for candidate in found["battery"][:1] for entity in candidate.entities()]
    entities = [survey.entities.get(name) for name in (*counters, *powers, *bound.values())]
    return frozenset(one.device_id for one in entities if one is not None and one.device_id is not None)


def _proved(survey: Survey, told: Dashboard, found: Mapping[Quantity, Sequence[Candidate]], soc: str | None) -> Proof:
    """Prove by the longest past there is: two weeks of hours, a day of minutes, or this moment."""
    best: Proof | None = None
    for past, enough in ((survey.hours, ENOUGH_HOURS), (survey.minutes, ENOUGH_SLOTS), (_now(survey), 1)):
        proof = prove(found, Evidence(past=past, counters=told.counters, soc=soc))
        if proof.slots >= enough:
            return proof
        best = proof if best is None or proof.slots > best.slots else best
    if best is None:
        raise RuntimeError("there is always this moment")
    return best


def _now(survey: Survey) -> Past:
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


def _readable(
    found: Mapping[Quantity, Sequence[Candidate]], proved: Mapping[Quantity, Proved]
) -> tuple[dict[Quantity, Proved], list[Finding]]:
    """Return the meters whose unit is right; for one whose unit is not, the counters of the dashboard."""
    powers, findings = dict(proved), []
    for name, one in proved.items():
        if one.scale == 1:
            continue
        real, shown = UNITS[one.scale]
        counters = next((option for option in found[name] if option.counts), None)
        text = f"{', '.join(one.candidate.entities())} shows {real} under the unit {shown}"
        if counters is not None:
            powers[name] = Proved(candidate=counters)
            text += f"; {', '.join(counters.entities())} is read instead"
        else:
            del powers[name]
            text += ", and nothing else measures it"
        remedy = f"correct the unit where the sensor is made, or make a template sensor that converts it to {shown}"
        findings.append(Finding(topic=name, kind="warning", text=text, remedy=remedy))
    return powers, findings


def _described(survey: Survey, powers: Mapping[Quantity, Proved]) -> Iterator[Finding]:
    for name, one in powers.items():
        sources = one.sources()
        shown = total_now(survey, {source.entity: source.sign for source in sources})
        now = "" if shown is None else f", now {_way(name, shown)}"
        counted = " (counters of energy)" if one.candidate.counts else ""
        text = f"{WORDS[name]}: {_joined(sources)}{counted}{now}; {one.candidate.why}"
        if one.by:
            text += f"; its sign is proved by {' and '.join(one.by)}"
        yield Finding(topic=name, kind="found", text=text)
        if one.flipped and one.candidate.signs_from and YOURS not in one.by:
            yield Finding(
                topic=name,
                kind="warning",
                text=f"{_joined(one.candidate.sources)} counts the other way than {one.candidate.signs_from} says",
                remedy="the configuration below reads it the right way; correct it in Home Assistant too",
            )


def _joined(sources: Sequence[MeterSource]) -> str:
    names = [("-" if source.sign == -1 else "") + source.entity for source in sources]
    return " + ".join(names).replace("+ -", "- ")


def _way(name: Quantity, kw: float) -> str:
    if name in {"pv", "load"}:
        return f"{kw:.2f} kW"
    way = {"grid": ("importing", "exporting"), "battery": ("discharging", "charging")}[name]
    return f"{way[kw < 0]} {abs(kw):.2f} kW" if abs(kw) >= 0.005 else "0 kW"  # noqa: PLR2004 - what rounds to nothing


def _foreign_load(poor: Proved) -> Finding:
    return Finding(
        topic="load",
        kind="warning",
        text=f"{', '.join(poor.candidate.entities())} is not what comes from grid, PV and battery together; "
        "it measures something else, and is not used",
        remedy="none is needed: the load is grid + PV + battery",
    )


def _late(survey: Survey, told: Dashboard, powers: Mapping[Quantity, Proved]) -> Iterator[Finding]:
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


def _missing(survey: Survey, told: Dashboard, powers: Mapping[Quantity, Proved]) -> Iterator[Finding]:
    if "grid" not in powers:
        yield Finding(
            topic="grid",
            kind="missing",
            text="no meter of the grid connection that shows a power or counts now",
            remedy="name it: --answers meters.grid=sensor.x; disabled entities must be enabled in Home Assistant first",
        )
    if "pv" not in powers:
        planned = "pv" in told.counters
        yield Finding(
            topic="pv",
            kind="missing",
            text="the Energy dashboard has PV, but no live meter of it was found" if planned else "no PV meter",
            remedy="name it: --answers meters.pv=sensor.x" if planned else "none is needed in a home without PV",
        )
    if "load" not in powers and "grid" in powers:
        text = "no meter of the load: it is worked out as grid + PV + battery"
        yield Finding(topic="load", kind="found", text=text)
    disabled = [
        entity.entity_id for entity in survey.entities.values() if entity.disabled and entity.entity_id in told.named()
    ]
    if disabled:
        text = f"{', '.join(sorted(disabled))} is disabled in Home Assistant"
        yield Finding(topic="grid", kind="warning", text=text, remedy="enable it under Settings > Devices > Entities")


def _charge(soc: FoundEntity | None, *, backwards: bool) -> Iterator[Finding]:
    if soc is None:
        yield Finding(
            topic="battery",
            kind="missing",
            text="no state of charge of a home battery",
            remedy="name it: --answers meters.soc=sensor.x; without a battery there is nothing to steer yet",
        )
        return
    unit, value = soc.attributes.get("unit_of_measurement"), number(str(soc.state))
    holds = f"the battery holds {value:g} {unit}" if value is not None else f"it is {soc.state} now"
    yield Finding(topic="battery", kind="found", text=f"state of charge: {soc.entity_id}; {holds}")
    if backwards:
        yield Finding(
            topic="battery",
            kind="warning",
            text=f"{soc.entity_id} falls while the battery charges: it counts what is missing, not what is there",
            remedy="make a template sensor that shows 100 minus it, and name that: --answers meters.soc=sensor.x",
        )
    if unit in ENERGY_KWH:
        yield Finding(topic="battery", kind="found", text=f"{soc.entity_id} shows the stored energy [{unit}]")


def _unsure(powers: Mapping[Quantity, Proved], answers: Mapping[str, Answer]) -> Iterator[Question]:
    """Ask which way a meter counts, where neither its past nor the dashboard could say."""
    for name, one in powers.items():
        single = len({source.sign for source in one.candidate.sources}) == 1
        asked = f"meters.{name}.positive" in answers
        if name not in MINUS or not single or ((one.by or one.candidate.signs_from) and not asked):
            continue
        yield Question(
            key=f"meters.{name}.positive",
            text=f"{', '.join(one.candidate.entities())} is positive when the home "
            + ("imports" if name == "grid" else "discharges its battery")
            + f" ({PLUS[name]}) or the other way round ({MINUS[name]})?",
            kind="choice",
            choices=(PLUS[name], MINUS[name]),
            suggestion=MINUS[name] if one.flipped else PLUS[name],
            because="it fits best to this moment, but too little history proves it",
        )
