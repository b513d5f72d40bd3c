"""Several batteries as one: nothing is lost or made by sharing, and no battery leaves what it can do."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from strategies import batteries

from homeagent.devices.batteries import aggregate, share
from homeagent.domain.site import NO_BATTERY, BatterySpec


@st.composite
def several(draw: st.DrawFn) -> tuple[list[BatterySpec], list[float]]:
    specs = draw(st.lists(batteries(), min_size=1, max_size=4))
    levels = [spec.min_soc_kwh + draw(st.floats(0, 1)) * (spec.capacity_kwh - spec.min_soc_kwh) for spec in specs]
    return specs, levels


def most_kw(spec: BatterySpec, soc: float, hours: float, *, charging: bool) -> float:
    if charging:
        return min(spec.max_charge_kw, (spec.capacity_kwh - soc) / spec.charge_efficiency / hours)
    return min(spec.max_discharge_kw, (soc - spec.min_soc_kwh) * spec.discharge_efficiency / hours)


@given(several(), st.floats(-30, 30), st.sampled_from([1 / 60, 0.25, 1.0]))
def test_shares_add_up_and_each_is_within_its_battery(
    home: tuple[list[BatterySpec], list[float]], power: float, hours: float
) -> None:
    specs, levels = home
    most = [most_kw(spec, soc, hours, charging=power >= 0) for spec, soc in zip(specs, levels, strict=True)]
    shares = share(specs, levels, power, hours)
    assert math.isclose(sum(shares), math.copysign(min(abs(power), sum(most)), power), abs_tol=1e-6)
    for part, limit in zip(shares, most, strict=True):
        assert -1e-9 <= math.copysign(1.0, power) * part <= limit + 1e-6 or part == 0


@given(several(), st.floats(-30, 30))
def test_batteries_that_are_level_stay_level_where_their_rating_allows(
    home: tuple[list[BatterySpec], list[float]], power: float
) -> None:
    specs, levels = home
    hours = 0.01
    shares = share(specs, levels, power, hours)
    free = [
        (part, spec, soc)
        for part, spec, soc in zip(shares, specs, levels, strict=True)
        if abs(part) < most_kw(spec, soc, hours, charging=power >= 0) - 1e-6
    ]
    # those that are not at their limit have got power by the room they have
    rooms = [
        (spec.capacity_kwh - soc) / spec.charge_efficiency
        if power >= 0
        else (soc - spec.min_soc_kwh) * spec.discharge_efficiency
        for _, spec, soc in free
    ]
    rises = [abs(part) / room for (part, _, _), room in zip(free, rooms, strict=True) if room > 1e-3]
    assert not rises or max(rises) - min(rises) <= 1e-6 * max(*rises, 1.0) + 1e-6


@given(st.lists(batteries(), min_size=1, max_size=4))
def test_the_whole_holds_what_its_parts_hold(specs: list[BatterySpec]) -> None:
    whole = aggregate(specs)
    assert math.isclose(whole.capacity_kwh, sum(spec.capacity_kwh for spec in specs))
    assert math.isclose(whole.max_discharge_kw, sum(spec.max_discharge_kw for spec in specs))
    low, high = min(s.charge_efficiency for s in specs), max(s.charge_efficiency for s in specs)
    assert low - 1e-12 <= whole.charge_efficiency <= high + 1e-12


def test_no_battery_is_a_battery_that_does_nothing() -> None:
    assert aggregate([]) == NO_BATTERY
    assert share([], [], 3.0, 0.25) == ()
