"""Measures what a poor inverter costs: the same simulated homes, lived through once with each."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from homeagent.agent.demo import Demo
from homeagent.config.binding import verbs_of
from homeagent.config.capability import profile_capability
from homeagent.config.profile import Profile
from homeagent.config.profile_costs import Cost, Costs, plain
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.inverter import InverterCapability
from homeagent.store import Store

SEEDS = (1, 2, 3, 4, 5)
DAYS = 7
STARTS = (date(2025, 1, 13), date(2025, 4, 7), date(2025, 7, 14), date(2025, 10, 13))
"""Mondays of the four seasons."""
YEAR_DAYS = 365
ZONE = ZoneInfo("Europe/Berlin")
IDEAL = InverterCapability()
WITH_LEAST = " with its needed roles alone"


def measure(
    profiles: Sequence[Profile],
    progress: Callable[[int, int], None],
    *,
    seeds: Sequence[int] = SEEDS,
    days: int = DAYS,
    starts: Sequence[date] = STARTS,
) -> Costs:
    """Return what each battery's profile costs against an inverter that follows a policy at once.

    Raises:
        InputError: there is no battery among the profiles.
    """
    kinds = dict(_kinds(profiles))
    if not kinds:
        issue = Issue(path="--measure", message="has nothing to measure", remedy="name the profile of a battery")
        raise InputError("profiles", (issue,))
    done, total = 0, (len(kinds) + 1) * len(seeds)

    def saved_by_seed(capability: InverterCapability, hold: timedelta) -> list[float]:
        nonlocal done
        saved = []
        for seed in seeds:
            progress(done, total)
            saved.append(sum(_lived(seed, start, days, capability, hold) for start in starts))
            done += 1
        return saved

    ideal = saved_by_seed(IDEAL, timedelta(0))
    poor = {name: saved_by_seed(capability, hold) for name, (capability, hold) in kinds.items()}
    progress(total, total)
    per_year = YEAR_DAYS / (days * len(starts))
    return Costs(
        by_profile={name: _cost(ideal, saved, per_year) for name, saved in poor.items()},
        capabilities={name: plain(capability) for name, (capability, _) in kinds.items()},
        seeds=list(seeds),
        days=days,
        starts=[start.isoformat() for start in starts],
        saved_per_year=round(per_year * sum(ideal) / len(ideal), 2),
        currency="EUR",
    )


def _kinds(profiles: Sequence[Profile]) -> Iterator[tuple[str, tuple[InverterCapability, timedelta]]]:
    """Yield what each battery's profile can do: with all of its roles, and with those alone that it needs."""
    for profile in profiles:
        if profile.kind != "battery":
            continue
        hold = timedelta(minutes=profile.min_hold_minutes)
        whole = profile_capability(profile)
        needed = [role for role, entry in profile.roles.items() if entry.needed is True]
        least = profile_capability(profile, verbs_of(profile, needed))
        yield profile.name, (whole, hold)
        if least != whole:
            yield f"{profile.name}{WITH_LEAST}", (least, hold)


def _cost(ideal: Sequence[float], saved: Sequence[float], per_year: float) -> Cost:
    lost = [per_year * (best - own) for best, own in zip(ideal, saved, strict=True)]
    return Cost(
        per_year=round(sum(lost) / len(lost), 2),
        low_per_year=round(min(lost), 2),
        high_per_year=round(max(lost), 2),
        share=round(sum(lost) / (per_year * sum(ideal)), 4),
    )


def _lived(seed: int, start: date, days: int, capability: InverterCapability, hold: timedelta) -> float:
    """Return what one home saves in some days, against having no battery, stored energy counted."""

    async def live() -> float:
        with (
            tempfile.TemporaryDirectory(prefix="homeagent-costs-") as folder,
            Store.open(Path(folder) / "homeagent.db", lasting=False) as store,
        ):
            midnight = datetime(start.year, start.month, start.day, tzinfo=ZONE).astimezone(UTC)
            demo = Demo(seed, store, capability, start=midnight, minimum_hold=hold)
            await demo.live(days, lambda _done, _total: None)
            await demo.agent.finish()
            book = demo.agent.day_book
            return 0.0 if book is None else sum(entry.saved_against_none for entry in book.entries)

    return asyncio.run(live())
