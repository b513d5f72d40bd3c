"""From "it is loaded and waits", "a run at about six, ready by seven" or "one a day" to a run with its window. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from homeagent.domain.devices import ApplianceSpec, DeviceState
from homeagent.domain.grid import TimeGrid
from homeagent.domain.habits import ApplianceRuns, UsualTime
from homeagent.domain.tasks import ApplianceTask
from homeagent.domain.wishes import ApplianceWish

RUNS_KW = 0.02
"""An appliance runs while it draws more than this."""
BY_DEFAULT = timedelta(hours=24)
"""A run that nobody needs by a time ends within so long of being asked for."""
UNLOADED = timedelta(hours=1)
"""So long before its next usual run it has to have ended: somebody empties it first."""
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MINUTES_A_DAY = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What somebody asked: a run that may begin at `from_at`, has ended by `ready_by`, and costs `at_most`.

    None: at once, when habits say, and whatever it costs.
    """

    asked_at: datetime
    from_at: datetime | None = None
    ready_by: datetime | None = None
    at_most: float | None = None


def run_request(
    spec: ApplianceSpec,
    wish: ApplianceWish,
    state: DeviceState,
    ask: Ask | None,
    grid: TimeGrid,
    timezone: ZoneInfo,
    *,
    ran_today: bool = False,
    usual: ApplianceRuns | None = None,
) -> ApplianceTask | None:
    """Return the run that is under way, asked for, waits loaded, or is wanted daily; None where there is none.

    `usual` tells when people run it; starts that an agent chose are no habit of theirs.
    """
    begun = begun_run(spec, wish, state, grid)
    if begun is not None:
        return begun
    if ask is None and state.ready_to_run:
        ask = Ask(asked_at=state.since or grid.start, ready_by=state.ready_by)
    if ask is not None:
        return asked_run(spec, wish, ask, grid, timezone, usual)
    if wish.daily:
        return _daily_run(spec, wish, grid, timezone, ran_today=ran_today)
    return None


def begun_run(spec: ApplianceSpec, wish: ApplianceWish, state: DeviceState, grid: TimeGrid) -> ApplianceTask | None:
    """Return the rest of a run that is under way, None if it is not. Not knowing since when, all of it is to come."""
    runs = state.power_kw > RUNS_KW if state.power_kw is not None else bool(state.on)
    if not runs:
        return None
    begun_min = 0.0 if state.since is None else max((grid.start - state.since) / MINUTE, 0.0)
    last = grid.count + len(spec.profile_kw) if state.ready_by is None else _last_slot(grid, state.ready_by)
    return ApplianceTask(spec=spec, first=0, last=last, begun_min=begun_min, late_per_hour=wish.late_per_hour or 0.0)


def asked_run(
    spec: ApplianceSpec,
    wish: ApplianceWish,
    ask: Ask,
    grid: TimeGrid,
    timezone: ZoneInfo,
    usual: ApplianceRuns | None = None,
) -> ApplianceTask:
    """Return a run that was asked for, with its window; a deadline that has passed leaves it late, not left out."""
    begins = max(ask.from_at or ask.asked_at, grid.start)
    opens, closes = start_window(wish, begins, timezone)
    ready_by = ask.ready_by or default_deadline(spec, wish, ask.asked_at, opens, timezone, usual)
    if closes is not None:
        ready_by = min(ready_by, closes + spec.lasts)
    return ApplianceTask(
        spec=spec,
        first=-((grid.start - opens) // grid.step),
        last=_last_slot(grid, ready_by),
        at_most=wish.at_most if ask.at_most is None else ask.at_most,
        wait_per_hour=wish.wait_per_hour or 0.0,
        late_per_hour=wish.late_per_hour or 0.0,
    )


def start_window(wish: ApplianceWish, begins: datetime, timezone: ZoneInfo) -> tuple[datetime, datetime | None]:
    """Return from when on and until when a run may start, from `begins` on; no end where it may start at any time."""
    if (wish.until_min - wish.from_min) % MINUTES_A_DAY == 0:
        return begins, None
    local = begins.astimezone(timezone)
    minute = local.hour * 60 + local.minute
    length = (wish.until_min - wish.from_min) % MINUTES_A_DAY
    since = (minute - wish.from_min) % MINUTES_A_DAY
    if since < length:
        return begins, begins + (length - since) * MINUTE
    opens = next_time(begins, wish.from_min, timezone)
    return opens, opens + length * MINUTE


def default_deadline(
    spec: ApplianceSpec,
    wish: ApplianceWish,
    asked_at: datetime,
    opens: datetime,
    timezone: ZoneInfo,
    usual: ApplianceRuns | None,
) -> datetime:
    """Return by when a run is wanted that nobody gave a time: the wish's, before the next usual run, or in a day."""
    if wish.ready_by_min is not None:
        return next_time(opens + spec.lasts, wish.ready_by_min, timezone)
    latest = max(asked_at + BY_DEFAULT, opens + spec.lasts)
    if usual is None or not isinstance(usual.usual_start, UsualTime):
        return latest
    empty_at = next_time(opens + spec.lasts + UNLOADED, round(usual.usual_start.hour * 60), timezone) - UNLOADED
    return min(latest, empty_at)


def next_time(after: datetime, minute: int, timezone: ZoneInfo) -> datetime:
    """Return when it is so many minutes after a local midnight for the first time at or after `after`."""
    midnight = after.astimezone(timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight
    for day in range(3):
        clock = (midnight + day * DAY).replace(hour=minute % MINUTES_A_DAY // 60, minute=minute % 60)
        at = clock.astimezone(after.tzinfo)
        if at >= after:
            break
    return at


def _daily_run(
    spec: ApplianceSpec, wish: ApplianceWish, grid: TimeGrid, timezone: ZoneInfo, *, ran_today: bool
) -> ApplianceTask:
    """Return today's run, or tomorrow's if it has run today; without a time it is wanted by the day's end."""
    local = grid.start.astimezone(timezone)
    tomorrow = (local.replace(hour=0, minute=0, second=0, microsecond=0) + DAY).astimezone(grid.start.tzinfo)
    day_end = next_time(tomorrow + MINUTE if ran_today else grid.start + MINUTE, 0, timezone)
    ask = Ask(
        asked_at=grid.start,
        from_at=tomorrow if ran_today else None,
        ready_by=None if wish.ready_by_min is not None else day_end,
    )
    return asked_run(spec, wish, ask, grid, timezone)


def _last_slot(grid: TimeGrid, ready_by: datetime) -> int:
    """Return the last slot that ends by then; it is negative where that lies in the past."""
    return (ready_by - grid.start) // grid.step - 1
