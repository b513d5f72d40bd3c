"""One day of the agent: when it looked, thought and slept, beside the price, the net load and the stored energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import numpy as np

from homeagent.agent.agent import Agent
from homeagent.agent.day_devices import devices_of_day
from homeagent.domain.grid import FloatArray, TimeGrid, require_utc
from homeagent.domain.ledger import SettledSlot
from homeagent.domain.thinking import ThinkRecord

FINEST = timedelta(minutes=5)
"""The picture's step: finer data are drawn as means."""
LOOKS_STEP = timedelta(minutes=15)
"""Readings are counted in steps of this, or in the picture's own if that is longer."""
DAYS_KEPT = 10
"""So many days a forecast and every single reading are kept, and so many can be chosen."""
LONGEST_PLAN = timedelta(hours=48)
WITH_LOOKS = ("link", "look", "settle", "control", "store")
"""Parts of the CPU time that go with looks; what thinks take is in their records, and a page's readers are no work."""
CENT = 0.005

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A local day, and the part of it in which the agent ran: from `begun`, and until `passed` if it is not over."""

    day: date
    start: datetime
    end: datetime
    begun: datetime
    passed: datetime

    @property
    def over(self) -> bool:
        return self.passed >= self.end


class DayGallery:
    """Keeps the picture of each day that passes: the store forgets what is older than some days."""

    def __init__(self) -> None:
        self.pictures: dict[date, Row] = {}
        self._day: date | None = None

    def look(self, agent: Agent) -> None:
        """Draw the day that has ended, if one has; the agent has settled it by then."""
        day = agent.clock.now().astimezone(agent.site.timezone).date()
        if self._day is not None and day != self._day:
            self.pictures[self._day] = told_day(agent, self._day)
        self._day = day

    def close(self, agent: Agent) -> None:
        """Draw the last day, of which nothing more will be seen."""
        if self._day is not None and self._day not in self.pictures:
            self.pictures[self._day] = told_day(agent, self._day)


def told_day(agent: Agent, day: date | None = None) -> Row:
    """Return a day, None for the present one, JSON-ready; what is not known any more is null."""
    now = agent.clock.now()
    today = now.astimezone(agent.site.timezone).date()
    span = _span(agent, today if day is None else day, now)
    step = max(FINEST, agent.setup.observation_step)
    grid = TimeGrid(start=span.start, step=step, count=(span.end - span.start) // step)
    thinks = agent.store.thinks_between(span.start, span.end)
    looks_step = max(LOOKS_STEP, step)
    looks = _looks(agent, span, looks_step)
    asleep = _asleep(agent, span, thinks, looks)
    return {
        "day": span.day.isoformat(),
        "days": [(today - timedelta(days=back)).isoformat() for back in range(_days_known(agent, today))],
        "timezone": agent.site.timezone.key,
        "currency": agent.site.currency,
        "start": _stamp(span.start),
        "begun": _stamp(span.begun),
        "until": _stamp(min(span.passed, span.end)),
        "over": span.over,
        "step_minutes": step / timedelta(minutes=1),
        "count": grid.count,
        **_course(agent, grid),
        **_expected(agent, grid),
        "looks_step_minutes": looks_step / timedelta(minutes=1),
        "looks": looks,
        "asleep": asleep,
        "sentence": _sentence(agent, span, thinks, looks, asleep),
        "thinks": [_think(agent, record) for record in thinks],
        "devices": devices_of_day(agent, span.start, span.end),
    }


def _span(agent: Agent, day: date, now: datetime) -> _Span:
    start, end = (
        require_utc(datetime.combine(at, time(0), tzinfo=agent.site.timezone)) for at in (day, day + timedelta(days=1))
    )
    before = agent.store.thinks_between(start - timedelta(days=1), start)
    first = [] if before else agent.store.thinks_between(start, end)
    begun = first[0].at if first else start
    return _Span(day=day, start=start, end=end, begun=begun, passed=max(now, begun))


def _days_known(agent: Agent, today: date) -> int:
    """Return how many days back there are thinks, the present day counted; at least that."""
    since = require_utc(datetime.combine(today - timedelta(days=DAYS_KEPT - 1), time(0), tzinfo=agent.site.timezone))
    thinks = agent.store.thinks_between(since, agent.clock.now())
    first = today if not thinks else thinks[0].at.astimezone(agent.site.timezone).date()
    return (today - first).days + 1


def _course(agent: Agent, grid: TimeGrid) -> Row:
    """Return net load, state of charge and price as they were; the price also as far as it is known ahead."""
    sums = {name: np.zeros(grid.count) for name in ("net_kw", "price")}
    hours, soc_kwh = np.zeros(grid.count), np.full(grid.count, np.nan)
    for slot in agent.store.settled_between(grid.start, grid.end):
        part = _part(slot, grid)
        weight = min(slot.hours, grid.step_hours)
        sums["net_kw"][part] += (slot.load_kw - slot.pv_kw) * weight
        sums["price"][part] += slot.import_price_per_kwh * weight
        hours[part] += weight
        if np.isnan(soc_kwh[part.start]):
            soc_kwh[part.start] = slot.soc_kwh
    hours[hours == 0] = np.nan
    known = agent.prices.on(grid)[0]
    return {
        "net_kw": _numbers(sums["net_kw"] / hours),
        "soc_kwh": _numbers(soc_kwh),
        "capacity_kwh": agent.site.battery.capacity_kwh,
        "import_price_per_kwh": _numbers(np.where(np.isnan(known), sums["price"] / hours, known)),
    }


def _part(slot: SettledSlot, grid: TimeGrid) -> slice:
    """Return the steps of the picture that a slot lies in, or fills."""
    first = (slot.start - grid.start) // grid.step
    return slice(first, first + max(round(slot.hours / grid.step_hours), 1))


def _expected(agent: Agent, grid: TimeGrid) -> Row:
    """Return the net load as the newest plan of each moment expected it: 80 % band and mean."""
    bands = {name: np.full(grid.count, np.nan) for name in ("low_kw", "mean_kw", "high_kw")}
    for forecast in agent.store.forecasts_between("net_kw", grid.start - LONGEST_PLAN, grid.end):
        first, inside = (forecast.grid.start - grid.start) // grid.step, forecast.grid.step // grid.step
        low, high = max(first, 0), min(first + forecast.grid.count * inside, grid.count)
        for name, band in bands.items():
            if low < high:
                band[low:high] = np.repeat(getattr(forecast, name), inside)[low - first : high - first]
    return {f"net_expected_{name}": _numbers(band) for name, band in bands.items()}


def _looks(agent: Agent, span: _Span, step: timedelta) -> list[int | None]:
    """Return the readings looked at in each step, None where single readings are not kept any more."""
    count = (span.end - span.start) // step
    found = agent.store.looks_between(span.start, span.end, step)
    if not found:
        return [None] * count
    passed = (span.passed - span.start) // step
    return [found.get(index, 0) if index <= passed else None for index in range(count)]


def _asleep(agent: Agent, span: _Span, thinks: Sequence[ThinkRecord], looks: Sequence[int | None]) -> float | None:
    """Return the share of the day in which the agent did not compute, None where too little is known."""
    lasted_s = (min(span.passed, span.end) - span.begun).total_seconds()
    if lasted_s <= 0 or not agent.looks:
        return None
    beside_s = sum(agent.cpu.seconds.get(part, 0.0) for part in WITH_LOOKS)
    looked = sum(count for count in looks if count is not None)
    awake_s = sum(record.cpu_seconds for record in thinks) + looked * beside_s / agent.looks
    return max(1 - awake_s / lasted_s, 0.0)


def _sentence(
    agent: Agent, span: _Span, thinks: Sequence[ThinkRecord], looks: Sequence[int | None], asleep: float | None
) -> str:
    so_far = "" if span.over else " so far"
    if not thinks:
        return f"It did not think on this day{so_far}."
    took_ms = 1000 * sum(record.cpu_seconds for record in thinks)
    times = "once" if len(thinks) == 1 else f"{len(thinks)} times"
    looked = sum(count for count in looks if count is not None)
    saw = f" and looked at {looked:,} readings" if looked else ""
    slept = "" if asleep is None else f" The rest it slept: {_share(asleep)} of the day."
    edges = [span.begun, *(record.at for record in thinks), min(span.passed, span.end)]
    begin, end = max(pairwise(edges), key=lambda pause: pause[1] - pause[0])
    longest = f" The longest without a think: {_clock(agent, begin)} to {_clock(agent, end)}."
    return f"It thought {times}{so_far}, {took_ms:.0f} ms in all{saw}.{slept}{longest if end > begin else ''}"


def _share(part: float) -> str:
    """Return a share near 1 with as many digits as it needs to be told from it."""
    return "more than 99.99 %" if part > 0.9999 else f"{100 * part:.2f} %"  # noqa: PLR2004 - what two digits can tell


def _think(agent: Agent, record: ThinkRecord) -> Row:
    worth = record.worth
    return {
        "at": _stamp(record.at),
        "wake": record.wake,
        "depth": record.depth,
        "cpu_ms": round(record.cpu_seconds * 1000, 2),
        "worth": None if worth is None else round(worth, 4),
        "next_at": _stamp(record.next_at),
        "words": f"{_clock(agent, record.at)} {record.wake}: {_worth(agent, worth)}took "
        f"{record.cpu_seconds * 1000:.0f} ms" + (", on the recent days alone" if record.depth == "floor" else ""),
    }


def _worth(agent: Agent, worth: float | None) -> str:
    if worth is None:
        return ""
    if abs(worth) < CENT:
        return "worth less than a cent, "
    return f"worth {worth:.2f} {agent.site.currency}, "


def _clock(agent: Agent, at: datetime) -> str:
    return f"{at.astimezone(agent.site.timezone):%H:%M}"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _numbers(values: FloatArray) -> list[float | None]:
    return [round(value, 4) if np.isfinite(value) else None for value in values.tolist()]
