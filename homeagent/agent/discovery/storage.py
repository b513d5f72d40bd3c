"""What is known of a battery: its state of charge, and its size and powers, told by an entity or seen in its past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from homeagent.agent.discovery.sensors import is_shown
from homeagent.agent.discovery.words import BATTERY, OTHERS, SOC, SOC_PAIRS, has_pair, own_words, words_of
from homeagent.domain.discovery import FoundEntity
from homeagent.domain.survey import Past, Survey
from homeagent.hass.units import ENERGY_KWH, POWER_KW, number

NO_PLATFORMS = frozenset({"mobile_app", "zha", "zwave_js", "mqtt_room", "hue", "deconz", "matter"})
"""Integrations whose batteries are those of phones and sensors."""
SIZES = {"capacity", "rated", "maximum", "nominal", "full"}
NOT_NOW = {*SIZES, "min", "minimum", "max", "target", "reserve", "health", "soh", "limit"} - {"capacity"}
"""Words of percentages and energies that are not what a battery holds now."""
HALF_LOSS = 0.95
"""What of a charged kWh is stored, and of a stored one arrives, where the home does not say."""
ENOUGH_MOVED = 0.3
"""So much of its capacity must have gone in or out before its size can be told."""
SMALLEST_KWH, LARGEST_KWH, LARGEST_KW = 1.0, 200.0, 50.0
STEPS_KW = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value, and where it comes from. `told` marks one that an entity says; others are estimates."""

    value: float
    because: str
    told: bool = False


def soc_candidates(survey: Survey, told: Sequence[str], near: frozenset[str]) -> list[FoundEntity]:
    """Return what may be the battery's state of charge, best first. `near` are the battery's devices."""
    scored = []
    for entity in survey.entities.values():
        score = _soc_score(survey, entity, near)
        score += 60 * (entity.entity_id in told)
        if score >= 20:  # noqa: PLR2004 - a name, or a device, that fits
            scored.append((-score, entity.entity_id, entity))
    return [entity for _, _, entity in sorted(scored, key=lambda entry: entry[:2])]


def _soc_score(survey: Survey, entity: FoundEntity, near: frozenset[str]) -> int:
    unit, kind = entity.attributes.get("unit_of_measurement"), entity.attributes.get("device_class")
    sensor = entity.entity_id.startswith("sensor.") and not entity.disabled and entity.state is not None
    if not sensor or unit not in {"%", *ENERGY_KWH} or kind not in {"battery", "energy_storage", None}:
        return 0
    words = words_of(entity)
    device = survey.devices.get(entity.device_id or "")
    if words & OTHERS or entity.platform in NO_PLATFORMS or own_words(entity.entity_id) & NOT_NOW:
        return 0
    score = 25 * (entity.device_id in near)
    score += 20 * bool(words & SOC or has_pair(words, SOC_PAIRS))
    score += 10 * bool(words_of(entity, device) & BATTERY)
    if unit != "%":  # energy: only where the name or the class says that it is stored
        return score if kind == "energy_storage" or (words & {"stored", "remaining"} and words & BATTERY) else 0
    return score if words & SOC or has_pair(words, SOC_PAIRS) or kind == "battery" else 0


def told_capacity(survey: Survey, near: frozenset[str]) -> Estimate | None:
    """Return the capacity that an entity of the battery shows."""
    for entity in survey.entities.values():
        words = words_of(entity)
        unit = entity.attributes.get("unit_of_measurement")
        if unit not in ENERGY_KWH or not is_shown(entity) or (not words & SIZES):
            continue
        if (entity.device_id not in near and not words & BATTERY) or words & {*OTHERS, "remaining", "available"}:
            continue
        value = number(entity.state or "")
        if value is not None and SMALLEST_KWH <= value * ENERGY_KWH[str(unit)] <= LARGEST_KWH:
            kwh = round(value * ENERGY_KWH[str(unit)], 2)
            return Estimate(value=kwh, because=f"{entity.entity_id} shows it", told=True)
    return None


def seen_capacity(pasts: Sequence[Past], powers: Mapping[str, int], soc: str, sign: int) -> Estimate | None:
    """Return the capacity as the energy moved per per cent of charge, where enough has moved.

    `powers` are the battery's entities with signs, + when discharging; `sign` is -1 for a charge that counts backwards.
    """
    for past in pasts:
        moved_kwh, moved_share = 0.0, 0.0
        for kwh, share in _moves(past, powers, soc, sign):
            if kwh * share < 0:  # energy out of it, charge up: the two were not read at one instant
                continue
            moved_kwh += abs(kwh) * (HALF_LOSS if kwh > 0 else 1 / HALF_LOSS)
            moved_share += abs(share)
        if moved_share >= ENOUGH_MOVED:
            kwh = moved_kwh / moved_share
            if SMALLEST_KWH <= kwh <= LARGEST_KWH:
                text = f"estimated: {moved_kwh:.1f} kWh moved {moved_share * 100:.0f} % of its charge lately"
                return Estimate(value=round(kwh, 1), because=text)
    return None


def most_stored(survey: Survey, soc: str) -> Estimate | None:
    """Return the most energy that a state of charge in kWh has shown."""
    unit = survey.entities[soc].attributes.get("unit_of_measurement")
    seen = [*survey.hours.means.get(soc, {}).values(), *survey.minutes.means.get(soc, {}).values()]
    kwh = max(seen, default=0.0)
    if unit not in ENERGY_KWH or not SMALLEST_KWH <= kwh <= LARGEST_KWH:
        return None
    return Estimate(value=round(kwh, 1), because="estimated: the most that it held lately")


def _moves(past: Past, powers: Mapping[str, int], soc: str, sign: int) -> Iterator[tuple[float, float]]:
    """Yield (energy into the battery [kWh], rise of its charge as a fraction) of runs in one direction.

    Runs, since a state of charge in whole per cents says little over one slot.
    """
    levels, hours = past.means.get(soc, {}), past.step.total_seconds() / 3600
    starts = sorted(at for at in levels if at + past.step in levels)
    kwh = share = 0.0
    last: datetime | None = None
    for at in starts:
        into = [_power(past, powers, one) for one in (at, at + past.step)]
        if into[0] is None or into[1] is None:
            continue
        step = -(into[0] + into[1]) / 2 * hours
        joined = last is not None and at - last == past.step
        if not joined or step * kwh < 0:
            if kwh:
                yield kwh, share
            kwh = share = 0.0
        kwh, share, last = kwh + step, share + sign * (levels[at + past.step] - levels[at]) / 100, at
    if kwh:
        yield kwh, share


def _power(past: Past, powers: Mapping[str, int], at: datetime) -> float | None:
    parts = [sign * past.means.get(entity, {}).get(at, float("nan")) for entity, sign in powers.items()]
    total = sum(parts)
    return None if total != total else total  # noqa: PLR0124 - not a number: one of them is not known


def highest_power(survey: Survey, powers: Mapping[str, int], *, charging: bool) -> Estimate | None:
    """Return the highest power seen in one direction [kW]."""
    best = 0.0
    for past in (survey.minutes, survey.hours):
        for at in {at for entity in powers for at in past.means.get(entity, {})}:
            kw = _power(past, powers, at)
            if kw is not None:
                best = max(best, -kw if charging else kw)
    if best < STEPS_KW:
        return None
    way = "charging" if charging else "discharging"
    kw = round(best + STEPS_KW / 2, 1)
    return Estimate(value=kw, because=f"estimated: the highest seen lately while {way}; its data sheet may say more")


def told_power(survey: Survey, near: frozenset[str], *, charging: bool) -> Estimate | None:
    """Return the limit that a number of the battery can be set to at most."""
    way = {"charge", "charging"} if charging else {"discharge", "discharging"}
    for entity in survey.entities.values():
        if entity.device_id not in near or not entity.entity_id.startswith("number."):
            continue
        words, unit = own_words(entity.entity_id), entity.attributes.get("unit_of_measurement")
        top = entity.attributes.get("max")
        if (
            not words & way
            or unit not in POWER_KW
            or not isinstance(top, int | float)
            or not words & {"limit", "max", "maximum", "power", "rate"}
        ):
            continue
        kw = top * POWER_KW[str(unit)]
        if STEPS_KW <= kw <= LARGEST_KW:
            return Estimate(value=round(kw, 2), because=f"{entity.entity_id} goes up to it", told=True)
    return None


def told_min_soc(survey: Survey, near: frozenset[str]) -> Estimate | None:
    """Return the least charge that the battery is set to keep, as a fraction."""
    for entity in survey.entities.values():
        words = own_words(entity.entity_id)
        fits = (
            {"reserve"} & words
            or ({"min", "minimum"} & words and "soc" in words)
            or {"end", "discharge", "soc"} <= words
        )
        if not fits or entity.attributes.get("unit_of_measurement") != "%" or not is_shown(entity):
            continue
        if entity.device_id not in near and not words & BATTERY:
            continue
        value = number(entity.state or "")
        if value is not None and 0 <= value <= 50:  # noqa: PLR2004 - more is what an optimiser reserves for now
            return Estimate(value=round(value / 100, 2), because=f"{entity.entity_id} shows {value:g} %", told=True)
    return None


def lowest_soc(survey: Survey, soc: str) -> Estimate | None:
    """Return the lowest charge seen in the past weeks, as a fraction."""
    if survey.entities[soc].attributes.get("unit_of_measurement") != "%":
        return None
    seen = [*survey.hours.means.get(soc, {}).values(), *survey.minutes.means.get(soc, {}).values()]
    return None if not seen else Estimate(value=round(max(min(seen), 0) / 100, 2), because="the lowest seen lately")
