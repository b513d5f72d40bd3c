"""A home's meters: found, proved, and said in words and as configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from homeagent.agent.discovery.candidates import Candidate, candidates
from homeagent.agent.discovery.choices import ENOUGH_SLOTS, Evidence
from homeagent.agent.discovery.dashboard import Dashboard
from homeagent.agent.discovery.meter_words import (
    MINUS,
    YOURS,
    charge_words,
    foreign_load,
    late_words,
    meter_words,
    missing_words,
    pv_below_zero,
    shines_at_night,
    this_moment,
)
from homeagent.agent.discovery.proof import Proof, Proved, prove
from homeagent.agent.discovery.sensors import is_live
from homeagent.agent.discovery.series import holds_the_battery, night_share
from homeagent.agent.discovery.storage import soc_candidates
from homeagent.agent.discovery.words import Quantity
from homeagent.domain.discovery import Answer, Finding, FoundEntity, Question
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import MeterSource

PLUS: Mapping[Quantity, str] = {"grid": "import", "battery": "discharge", "pv": "production", "load": "consumption"}
ENOUGH_HOURS = 24
SAME_SOC = 3.0
"""States of charge that are closer [per cent] on average are one and the same."""
POOR_LOAD, NIGHT = 0.5, 0.15
"""A load meter this far off the balance measures something else."""
UNITS = {1000.0: ("kilowatts", "W"), 0.001: ("watts", "kW")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metering:
    """What measures a home. `powers` holds the quantities that have a meter.

    `unmetered_pv`: there is PV, but nothing that can be read measures it.
    """

    powers: Mapping[Quantity, Proved]
    soc: FoundEntity | None
    soc_backwards: bool
    unmetered_pv: bool
    near: frozenset[str]
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]

    def sources(self, quantity: Quantity) -> Mapping[str, int]:
        """Return a quantity's entities with their signs."""
        proved = self.powers.get(quantity)
        return {} if proved is None else {source.entity: source.sign for source in proved.sources()}


def metering(survey: Survey, told: Dashboard, steered: frozenset[str], answers: Mapping[str, Answer]) -> Metering:
    """Return what measures a home. `steered` are the devices that the battery is told through."""
    found = _named(survey, candidates(survey, told), answers)
    first = found["pv"][:1]
    found["pv"], dark = _by_day(survey, told, found["pv"])
    findings = [shines_at_night(candidate) for candidate in first if candidate in dark]
    is_dark = bool(findings)
    if told.counters.get("pv") and _is_dark(survey, told, told.counters["pv"]):
        told = replace(told, counters={role: of_it for role, of_it in told.counters.items() if role != "pv"})
    near = steered | _battery_devices(survey, told, found)
    charges = soc_candidates(survey, told.soc, near)
    soc = _chosen_soc(survey, charges, answers)
    if soc is None:
        found["battery"] = []
    proof = _proved(survey, told, found, None if soc is None else soc.entity_id)
    if proof.misfit is not None and proof.misfit > POOR_LOAD and proof.slots >= ENOUGH_SLOTS:
        findings.append(foreign_load(proof.found["load"]))
        found["load"] = []
        proof = _proved(survey, told, found, None if soc is None else soc.entity_id)
    powers, misread = _readable(found, proof.found)
    powers = {name: _turned(name, one, answers) for name, one in powers.items()}
    if "pv" in powers and powers["pv"].flipped:
        findings.append(pv_below_zero(powers.pop("pv")))
    unmetered = "pv" not in powers and ("pv" in told.counters or proof.unmetered_pv or bool(found["pv"]) or is_dark)
    findings += [*misread, *meter_words(survey, powers), *late_words(survey, told, powers)]
    findings += missing_words(survey, told, powers, has_battery=soc is not None, unmetered_pv=unmetered)
    findings += charge_words(soc, backwards=proof.soc_backwards)
    return Metering(
        powers=powers,
        soc=soc,
        soc_backwards=proof.soc_backwards,
        unmetered_pv=unmetered,
        near=near,
        findings=tuple(findings),
        questions=(*_which_soc(survey, charges, near, answers), *_which_way(powers, answers)),
    )


def _by_day(survey: Survey, told: Dashboard, options: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Return what the sun alone gives, and what the battery does too: that is no meter of PV."""
    dark = [option for option in options if _is_dark(survey, told, option.sources)]
    return [option for option in options if option not in dark], dark


def _is_dark(survey: Survey, told: Dashboard, sources: Sequence[MeterSource]) -> bool:
    discharged = [source for source in told.counters.get("battery", ()) if source.sign == 1]
    return night_share(survey, sources) > NIGHT or holds_the_battery(survey, sources, discharged)


def _chosen_soc(survey: Survey, charges: Sequence[FoundEntity], answers: Mapping[str, Answer]) -> FoundEntity | None:
    named = survey.entities.get(str(answers.get("meters.soc")))
    return named if named is not None else charges[0] if charges else None


def _which_soc(
    survey: Survey, charges: Sequence[FoundEntity], near: frozenset[str], answers: Mapping[str, Answer]
) -> Iterator[Question]:
    """Ask which state of charge counts, where several fit as well and do not show the same."""
    named = answers.get("meters.soc")
    rivals = [one for one in charges[1:] if (one.device_id in near) == (charges[0].device_id in near)]
    different = [one for one in rivals if _differ(survey, charges[0].entity_id, one.entity_id)]
    if not different:
        return
    names = [one.entity_id for one in (charges[0], *different)]
    yield Question(
        key="meters.soc",
        text="Which of these is the home battery's state of charge?",
        kind="choice",
        choices=tuple(names),
        suggestion=named if named in names else names[0],
        because="it fits best by its device and name",
    )


def _differ(survey: Survey, one: str, other: str) -> bool:
    """Return whether two states of charge were apart lately; without a common past they count as different."""
    levels, others = survey.hours.means.get(one, {}), survey.hours.means.get(other, {})
    common = [abs(levels[at] - others[at]) for at in levels if at in others]
    return not common or sum(common) / len(common) > SAME_SOC


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


def _battery_devices(survey: Survey, told: Dashboard, found: Mapping[Quantity, Sequence[Candidate]]) -> frozenset[str]:
    """Return the devices that the battery is part of."""
    counters = [source.entity for source in told.counters.get("battery", ())]
    powers = [entity for candidate in found["battery"][:1] for entity in candidate.entities()]
    entities = [survey.entities.get(name) for name in (*counters, *powers)]
    return frozenset(one.device_id for one in entities if one is not None and one.device_id is not None)


def _proved(survey: Survey, told: Dashboard, found: Mapping[Quantity, Sequence[Candidate]], soc: str | None) -> Proof:
    """Prove by the longest past there is: two weeks of hours, a day of minutes, or this moment."""
    best: Proof | None = None
    for past, enough in ((survey.hours, ENOUGH_HOURS), (survey.minutes, ENOUGH_SLOTS), (this_moment(survey), 1)):
        proof = prove(found, Evidence(past=past, timezone=ZoneInfo(survey.timezone), counters=told.counters, soc=soc))
        if proof.slots >= enough:
            return proof
        best = proof if best is None or proof.slots > best.slots else best
    if best is None:
        raise RuntimeError("there is always this moment")
    return best


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


def _which_way(powers: Mapping[Quantity, Proved], answers: Mapping[str, Answer]) -> Iterator[Question]:
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
