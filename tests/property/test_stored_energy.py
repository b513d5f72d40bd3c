"""What the value of stored energy must hold for any prices and any home."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import batteries, price

from homeagent.devices.battery import respond
from homeagent.domain.site import BatterySpec, GridLimits
from homeagent.planning.stored_energy import NetLoad, SlotPrices, StoredEnergyValue, value_of_stored_energy

POINTS = 5


@st.composite
def days(draw: st.DrawFn) -> tuple[BatterySpec, tuple[SlotPrices, ...], tuple[NetLoad, ...]]:
    spec = draw(batteries())
    count = draw(st.integers(2, 8))
    prices, nets = [], []
    for _ in range(count):
        buy = draw(price)
        prices.append(SlotPrices(import_per_kwh=buy, export_per_kwh=buy - draw(st.floats(0, 0.3))))
        net = np.array([draw(st.floats(-8, 8)) for _ in range(POINTS)])
        weight = np.full(POINTS, 1 / POINTS)
        nets.append(NetLoad(load_kw=np.maximum(net, 0), pv_kw=np.maximum(-net, 0), weight=weight))
    return spec, tuple(prices), tuple(nets)


def value(
    spec: BatterySpec, prices: tuple[SlotPrices, ...], nets: tuple[NetLoad, ...], states: int = 61
) -> StoredEnergyValue:
    return value_of_stored_energy(
        prices, nets, spec, GridLimits(), hours=1.0, states=states, terminal_per_kwh=0.1, pv_curtailable=True
    )


@settings(deadline=None)
@given(days())
def test_more_stored_energy_never_costs_more_where_prices_are_not_negative(
    day: tuple[BatterySpec, tuple[SlotPrices, ...], tuple[NetLoad, ...]],
) -> None:
    spec, prices, nets = day
    floor = tuple(
        SlotPrices(
            import_per_kwh=max(p.import_per_kwh, 0.0), export_per_kwh=min(p.export_per_kwh, max(p.import_per_kwh, 0.0))
        )
        for p in prices
    )
    table = value(spec, floor, nets).cost_to_come
    assert (np.diff(table, axis=1) <= 1e-6).all()


@settings(deadline=None)
@given(days())
def test_levels_are_ordered_and_inside_the_battery(
    day: tuple[BatterySpec, tuple[SlotPrices, ...], tuple[NetLoad, ...]],
) -> None:
    spec, prices, nets = day
    for policy in value(spec, prices, nets).policies:
        assert spec.min_soc_kwh <= policy.charge_to_kwh <= policy.store_to_kwh <= spec.capacity_kwh
        assert spec.min_soc_kwh <= policy.discharge_to_kwh <= policy.export_to_kwh <= spec.capacity_kwh
        assert policy.shave_to_kwh <= policy.discharge_to_kwh


@settings(deadline=None, max_examples=30)
@given(days())
def test_the_same_inputs_give_the_same_levels(
    day: tuple[BatterySpec, tuple[SlotPrices, ...], tuple[NetLoad, ...]],
) -> None:
    assert value(*day).policies == value(*day).policies


@settings(deadline=None, max_examples=30)
@given(st.floats(0.05, 0.6), st.floats(0.7, 1.0))
def test_on_a_flat_price_without_pv_nothing_is_bought_to_be_stored(buy: float, efficiency: float) -> None:
    spec = BatterySpec(
        capacity_kwh=10,
        max_charge_kw=5,
        max_discharge_kw=5,
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
    )
    prices = (SlotPrices(import_per_kwh=buy, export_per_kwh=0.0),) * 24
    net = NetLoad(load_kw=np.array([0.5, 1.0]), pv_kw=np.zeros(2), weight=np.full(2, 0.5))
    table = value_of_stored_energy(
        prices,
        (net,) * 24,
        spec,
        GridLimits(),
        hours=1.0,
        states=61,
        terminal_per_kwh=buy * efficiency,
        pv_curtailable=True,
    )
    for policy in table.policies:
        assert float(respond(policy, spec, 0.0, 1.0, 0.0, 1.0).power_kw) == 0.0


def test_a_cheap_hour_before_a_dear_one_is_used_whole() -> None:
    spec = BatterySpec(
        capacity_kwh=4, max_charge_kw=5, max_discharge_kw=5, charge_efficiency=0.9, discharge_efficiency=0.9
    )
    prices = (SlotPrices(import_per_kwh=0.1, export_per_kwh=0.0), SlotPrices(import_per_kwh=0.5, export_per_kwh=0.0))
    net = NetLoad(load_kw=np.array([5.0]), pv_kw=np.zeros(1), weight=np.ones(1))
    table = value_of_stored_energy(
        prices, (net, net), spec, GridLimits(), hours=1.0, states=61, terminal_per_kwh=0.0, pv_curtailable=True
    )
    assert table.policies[0].charge_to_kwh == 4.0
    assert table.policies[1].discharge_to_kwh == 0.0
    # 5 kWh and 4 / 0.9 kWh more at 0.1, then 5 less 4 * 0.9 kWh at 0.5
    assert math.isclose(table.at(0, 0.0), 0.1 * (5 + 4 / 0.9) + 0.5 * (5 - 3.6), rel_tol=1e-6)


def test_pv_is_switched_off_where_importing_pays_and_not_exported_where_that_costs() -> None:
    spec = BatterySpec(capacity_kwh=4, max_charge_kw=5, max_discharge_kw=5)
    net = NetLoad(load_kw=np.array([1.0]), pv_kw=np.zeros(1), weight=np.ones(1))
    prices = (
        SlotPrices(import_per_kwh=-0.05, export_per_kwh=-0.1),
        SlotPrices(import_per_kwh=0.1, export_per_kwh=-0.02),
    )
    table = value_of_stored_energy(
        prices, (net, net), spec, GridLimits(), hours=1.0, states=61, terminal_per_kwh=0.0, pv_curtailable=True
    )
    assert table.policies[0].pv_limit_kw == 0.0
    assert table.policies[1].pv_limit_kw == math.inf
    assert table.policies[1].export_limit_kw == 0.0
