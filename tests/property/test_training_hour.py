"""When a training begins: within its limit, at the best hour within reach, the same for the same future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.domain.grid import TimeGrid
from homeagent.learning.hours import AS_CLEAN, TRAINING_KW, PowerAhead, best_hour

START = datetime(2024, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
gap = st.just(np.nan)


@st.composite
def futures(draw: st.DrawFn) -> PowerAhead:
    count = draw(st.integers(1, 48))

    def course(values: st.SearchStrategy[float]) -> list[float]:
        return draw(st.lists(values, min_size=count, max_size=count))

    return PowerAhead(
        grid=TimeGrid(start=START, step=draw(st.sampled_from([HOUR / 4, HOUR / 2, HOUR])), count=count),
        surplus_kw=np.array(course(st.floats(-5, 5) | gap)),
        carbon_g_per_kwh=np.array(course(st.floats(0, 900) | gap)),
        import_per_kwh=np.array(course(st.floats(-0.5, 1.5) | gap)),
    )


def good(ahead: PowerAhead, slots: list[int]) -> list[int]:
    """Return the slots that nothing within reach beats, by plain loops."""
    slots = [k for k in slots if ahead.surplus_kw[k] >= TRAINING_KW] or slots
    known = [ahead.carbon_g_per_kwh[k] for k in slots if not np.isnan(ahead.carbon_g_per_kwh[k])]
    slots = [k for k in slots if known and ahead.carbon_g_per_kwh[k] <= AS_CLEAN * min(known)] or slots
    known = [ahead.import_per_kwh[k] for k in slots if not np.isnan(ahead.import_per_kwh[k])]
    return [k for k in slots if known and ahead.import_per_kwh[k] <= min(known)] or slots


@given(ahead=futures(), minutes=st.integers(0, 3000), wait_minutes=st.integers(0, 2160))
def test_the_best_hour_within_the_limit_is_taken(ahead: PowerAhead, minutes: int, wait_minutes: int) -> None:
    now = START + timedelta(minutes=minutes)
    latest = now + timedelta(minutes=wait_minutes)
    hour = best_hour(ahead, now, latest)
    assert now <= hour.at <= latest
    assert (hour.why is None) == (hour.at == now)
    within = [k for k, at in enumerate(ahead.grid.starts()) if at + ahead.grid.step > now and at < latest]
    if within and now < latest:
        chosen = ahead.grid.index_of(hour.at)
        assert chosen == good(ahead, within)[0]
    else:
        assert hour.at == now
    assert best_hour(ahead, now, latest) == hour


@given(ahead=futures(), every_minutes=st.integers(1, 90), wait_minutes=st.integers(0, 2160))
def test_asked_again_and_again_it_keeps_its_word(ahead: PowerAhead, every_minutes: int, wait_minutes: int) -> None:
    """While the future stays the same so does the hour, however often it is asked; then it begins in that slot."""
    latest = START + timedelta(minutes=wait_minutes)
    promised, now = best_hour(ahead, START, latest).at, START
    while (hour := best_hour(ahead, now, latest)).at > now:
        assert hour.at == promised
        now = min(now + timedelta(minutes=every_minutes), promised)
    assert now == promised


def day(surplus_kw: dict[int, float], carbon: dict[int, float], price: dict[int, float]) -> PowerAhead:
    def course(usual: float, others: dict[int, float]) -> list[float]:
        return [others.get(k, usual) for k in range(24)]

    return PowerAhead(
        grid=TimeGrid(start=START, step=HOUR, count=24),
        surplus_kw=np.array(course(-0.4, surplus_kw)),
        carbon_g_per_kwh=np.array(course(300.0, carbon)),
        import_per_kwh=np.array(course(0.3, price)),
    )


@pytest.mark.parametrize(
    ("ahead", "hour", "why"),
    [
        (day({}, {}, {}), 0, None),
        (day({11: 2.0, 12: 3.0}, {3: 50.0}, {2: 0.05}), 11, "PV surplus"),
        (day({}, {3: 50.0, 4: 52.0}, {2: 0.05, 4: 0.1}), 4, "cleaner power"),
        (day({}, {}, {2: 0.05}), 2, "cheaper power"),
        (day({11: 0.01}, {}, {}), 0, None),
    ],
)
def test_sun_before_clean_before_cheap(ahead: PowerAhead, hour: int, why: str | None) -> None:
    found = best_hour(ahead, START + timedelta(minutes=5), START + timedelta(days=1))
    assert (found.at, found.why) == (max(START + timedelta(minutes=5), START + hour * HOUR), why)
