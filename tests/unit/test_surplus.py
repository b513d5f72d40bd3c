"""A charger that follows the surplus: smooth, at least its least current, not to and fro, beside a battery."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.control.surplus import Followed, follow, left_over_kw, power_for
from homeagent.domain.command import SetCharge
from homeagent.domain.devices import CarSpec

ONE = CarSpec(name="car", max_charge_kw=7.4, min_charge_kw=1.38)
BOTH = CarSpec(name="car", max_charge_kw=11, min_charge_kw=1.38, phases=(1, 3))
SURPLUS = SetCharge(power_kw=0.0, surplus=True)
TICK_S = 10


def course(car: CarSpec, left_kw: Callable[[int], float], seconds: int, asked: SetCharge = SURPLUS) -> list[SetCharge]:
    """Return what is told every ten seconds."""
    followed, told = Followed(), []
    for at_s in range(0, seconds, TICK_S):
        followed = follow(asked, car, left_kw(at_s), followed, float(at_s))
        assert followed.told is not None
        told.append(followed.told)
    return told


def switches(told: list[SetCharge]) -> int:
    return sum((one.power_kw > 0) != (other.power_kw > 0) for one, other in pairwise(told))


def test_it_takes_what_the_sun_leaves_over() -> None:
    told = course(ONE, lambda _s: 4.0, 600)
    assert told[0].power_kw == 0.0
    assert told[-1].power_kw == pytest.approx(4.0, rel=0.05)


def test_too_little_starts_nothing_and_a_short_sun_neither() -> None:
    assert all(one.power_kw == 0 for one in course(ONE, lambda _s: 1.2, 3600))
    assert all(one.power_kw == 0 for one in course(ONE, lambda s: 3.0 if (s + 300) % 600 < 50 else 0.0, 3600))


def test_a_cloud_lowers_it_to_its_least_and_a_long_one_stops_it() -> None:
    cloud = course(ONE, lambda s: 0.2 if 600 <= s < 700 else 4.0, 1200)
    assert switches(cloud) == 1
    assert min(one.power_kw for one in cloud[70:]) == pytest.approx(1.38)
    long = course(ONE, lambda s: 0.2 if s >= 600 else 4.0, 1500)
    assert long[-1].power_kw == 0.0
    assert switches(long) == 2


def test_flickering_sun_does_not_switch_it_to_and_fro() -> None:
    """Two minutes above, two below its least, for four hours: no more than a start every eight minutes."""
    told = course(ONE, lambda s: 3.0 if s // 120 % 2 else 0.0, 4 * 3600)
    assert switches(told) <= 2 * 4 * 60 / 8


def test_what_is_asked_is_given_without_any_sun() -> None:
    told = course(ONE, lambda _s: -3.0, 60, SetCharge(power_kw=3.0, surplus=True))
    assert {one.power_kw for one in told} == {3.0}


def test_more_phases_are_taken_only_after_a_while() -> None:
    told = course(BOTH, lambda _s: 6.0, 1800)
    assert told[30].phases == 1
    assert told[30].power_kw == pytest.approx(11 / 3, rel=0.01)
    assert told[-1].phases == 3
    assert told[-1].power_kw == pytest.approx(6.0, rel=0.05)


@given(own=st.floats(0, 11), load=st.floats(0, 5), pv=st.floats(0, 15), battery=st.floats(-5, 5))
def test_what_is_left_over_is_the_export_and_never_what_the_battery_gives(
    own: float, load: float, pv: float, battery: float
) -> None:
    net_kw = load + own - pv
    export_kw = battery - net_kw
    left_kw = left_over_kw(own, net_kw, battery)
    assert left_kw <= own + export_kw + 1e-9
    if battery <= 0:
        assert left_kw == pytest.approx(own + export_kw)
    else:
        assert left_kw == pytest.approx(own + export_kw - battery)


@given(
    asked=st.floats(-5, 30),
    left=st.lists(st.floats(-10, 20), min_size=1, max_size=40),
    most=st.sampled_from([math.inf, 5.0, 2.0, 1.0, 0.0]),
    car=st.sampled_from([ONE, BOTH]),
)
def test_nothing_told_is_below_the_least_or_above_what_is_allowed(
    asked: float, left: list[float], most: float, car: CarSpec
) -> None:
    followed = Followed()
    for step, left_kw in enumerate(left):
        followed = follow(SetCharge(power_kw=asked, surplus=True), car, left_kw, followed, 30.0 * step, most)
        assert followed.told is not None
        kw, phases = followed.told.power_kw, followed.told.phases
        assert phases in car.phases
        assert kw <= min(most, car.max_charge_kw * phases / max(car.phases)) + 0.011
        assert kw == 0 or kw >= car.min_charge_kw * phases - 0.011


def test_a_charge_that_fits_on_fewer_phases_is_not_stopped() -> None:
    assert power_for(SetCharge(power_kw=11, phases=3), BOTH, 3.0) == SetCharge(power_kw=3.0, phases=1)
