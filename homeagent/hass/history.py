"""What Home Assistant's recorder still knows: hourly statistics of years, five-minute ones and states of days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias

from homeagent.domain.readings import Reading
from homeagent.domain.wiring import Meters, MeterSource, MeterSpec
from homeagent.hass import units
from homeagent.hass.balance import completed
from homeagent.hass.link import Link

Period: TypeAlias = Literal["5minute", "hour"]
LENGTHS: Mapping[Period, timedelta] = {"5minute": timedelta(minutes=5), "hour": timedelta(hours=1)}
ANSWER_S = 60.0
ENOUGH = 0.5

Means: TypeAlias = dict[datetime, float]
"""A power [kW] by the start of the slot it is the mean of."""


class Commands(Protocol):
    """A link, or one connection."""

    async def command(self, kind: str, *, timeout_s: float = ..., **data: object) -> Any:  # noqa: ANN401 - JSON
        """Send a command and return its result."""


async def statistic_ids(link: Link) -> frozenset[str]:
    """Return what Home Assistant keeps statistics of; raises as `Connection.command`."""
    listed: Sequence[Mapping[str, Any]] = await link.command("recorder/list_statistic_ids", timeout_s=ANSWER_S)
    return frozenset(str(entry["statistic_id"]) for entry in listed)


async def readings_between(
    link: Link, meters: Meters, start: datetime, end: datetime, period: Period, known: frozenset[str]
) -> list[Reading]:
    """Return the home's powers in slots of `period`, oldest first.

    `known` are the entities with statistics; of others the recorded states are used, which reach back some days.
    """
    specs = (*meters.powers, *meters.controlled)
    entities = sorted({source.entity for spec in specs for source in spec.sources})
    with_statistics = [entity for entity in entities if entity in known]
    means: dict[str, Means] = {}
    if with_statistics:
        means |= await statistics(link, with_statistics, start, end, period)
    without = [entity for entity in entities if entity not in known]
    if without:
        for entity, states in (await recorded_states(link, without, start, end)).items():
            means[entity] = means_of_states(states, start, end, LENGTHS[period])
    return list(combined(meters, means, LENGTHS[period]))


def combined(meters: Meters, means: Mapping[str, Means], length: timedelta) -> Iterator[Reading]:
    """Yield each slot's powers, added up over their entities; what is not known whole is left out."""
    starts = sorted({at for of_entity in means.values() for at in of_entity})
    for at in starts:
        powers = completed(
            {spec.quantity: _sum(spec, means, at) for spec in meters.powers}, meters.pv, battery=meters.soc is not None
        )
        if meters.controlled:
            parts = [_sum(spec, means, at) for spec in meters.controlled]
            powers["controlled_kw"] = sum(part or 0.0 for part in parts)
        for quantity, kw in powers.items():
            if kw is not None:
                yield Reading(entity=quantity, at=at + length, value=kw, over=length)


def _sum(spec: MeterSpec, means: Mapping[str, Means], at: datetime) -> float | None:
    total = 0.0
    for source in spec.sources:
        kw = _signed(source, means.get(source.entity, {}).get(at))
        if kw is None or not spec.low_kw <= kw <= spec.high_kw:
            return None
        total += kw
    return total


def _signed(source: MeterSource, kw: float | None) -> float | None:
    return None if kw is None else kw * source.sign


async def statistics(
    link: Commands, entities: Sequence[str], start: datetime, end: datetime, period: Period
) -> dict[str, Means]:
    """Return means of powers, and of counters what they counted over the slot; raises as `Connection.command`."""
    answer: Mapping[str, Sequence[Mapping[str, Any]]] = await link.command(
        "recorder/statistics_during_period",
        timeout_s=ANSWER_S,
        start_time=start.isoformat(),
        end_time=end.isoformat(),
        statistic_ids=list(entities),
        period=period,
        units={"power": "kW", "energy": "kWh"},
        types=["mean", "change"],
    )
    hours = LENGTHS[period] / timedelta(hours=1)
    found: dict[str, Means] = {}
    for entity, slots in answer.items():
        means = found.setdefault(entity, {})
        for slot in slots:
            at = datetime.fromtimestamp(slot["start"] / 1000, UTC)
            change, mean = slot.get("change"), slot.get("mean")
            if change is not None:
                means[at] = max(change, 0.0) / hours
            elif mean is not None:
                means[at] = mean
    return found


async def recorded_states(
    link: Commands, entities: Sequence[str], start: datetime, end: datetime
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return the states that the recorder still has of each entity; raises as `Connection.command`."""
    answer: Mapping[str, Sequence[Mapping[str, Any]]] = await link.command(
        "history/history_during_period",
        timeout_s=ANSWER_S,
        start_time=start.isoformat(),
        end_time=end.isoformat(),
        entity_ids=list(entities),
        minimal_response=False,
        no_attributes=False,
        include_start_time_state=True,
        significant_changes_only=False,
    )
    return answer


def means_of_states(
    states: Sequence[Mapping[str, Any]],
    start: datetime,
    end: datetime,
    length: timedelta,
    factors: Mapping[str, float] = units.POWER_KW,
) -> Means:
    """Return the means of a power whose states each hold until the next, in slots that are known for the most part.

    `factors` are the units that count, each with what turns it into the result's.
    """
    sums: dict[datetime, float] = {}
    covered: dict[datetime, float] = {}
    unit: Any = None
    ends = [datetime.fromtimestamp(state["lu"], UTC) for state in states[1:]] + [end]
    for state, until in zip(states, ends, strict=True):
        unit = state.get("a", {}).get("unit_of_measurement", unit)
        value = units.number(state["s"])
        if value is None or unit not in factors:
            continue
        kw, at = value * factors[unit], max(datetime.fromtimestamp(state["lu"], UTC), start)
        while at < min(until, end):
            slot = start + (at - start) // length * length
            stop = min(until, end, slot + length)
            seconds = (stop - at).total_seconds()
            sums[slot] = sums.get(slot, 0.0) + kw * seconds
            covered[slot] = covered.get(slot, 0.0) + seconds
            at = stop
    enough = ENOUGH * length.total_seconds()
    return {slot: sums[slot] / seconds for slot, seconds in covered.items() if seconds >= enough}
