"""Whatever conventions a home's sensors follow, their signs and units are found right or said to be wrong."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from surveys import HOUR, MINUTES, Home, flat_grid, lived, nested_grid

from homeagent.agent.discovery.understanding import understand

SIGNS = st.sampled_from((1, -1))
UNITS = st.sampled_from(("W", "kW"))
SCALES = st.sampled_from((1.0, 1.0, 1.0, 1000.0, 0.001))


def signed(home: Home, name: str, quantity: str, sign: int, unit: str) -> dict[str, int]:
    """Add one signed power, and return what its entities must be multiplied by."""
    home.power(name, {quantity: sign}, unit=unit)
    return {name: sign}


def read(meter: Any, minus: str) -> dict[str, int]:  # noqa: ANN401 - a configuration's value
    """Return the signs that a configuration gives a meter's entities."""
    if isinstance(meter, list):
        return {entity: sign for one in meter for entity, sign in read(one, minus).items()}
    if isinstance(meter, str):
        return {meter: 1}
    if "entity" in meter:
        return {meter["entity"]: -1 if meter.get("positive") == minus else 1}
    return {entity: -1 if way == minus else 1 for way, entity in meter.items()}


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    grid=st.sampled_from(("net", "pair", "phases")),
    grid_sign=SIGNS,
    battery=st.sampled_from(("net", "pair")),
    battery_sign=SIGNS,
    unit=UNITS,
    load=st.booleans(),
    pv=st.booleans(),
    dashboard=st.sampled_from((None, "nested", "flat")),
)
def test_signs_are_right_in_any_convention(
    *,
    seed: int,
    grid: str,
    grid_sign: int,
    battery: str,
    battery_sign: int,
    unit: str,
    load: bool,
    pv: bool,
    dashboard: str | None,
) -> None:
    home = Home(hours=lived(HOUR, 14 * 24, seed=seed, pv=pv), minutes=lived(MINUTES, 288, seed=seed + 1, pv=pv))
    if grid == "net":
        grid_is = signed(home, "sensor.grid_power", "grid", grid_sign, unit)
    elif grid == "phases":
        for phase, share in (("l1", 0.5), ("l2", 0.2), ("l3", 0.3)):
            home.power(f"sensor.grid_power_{phase}", {"grid": grid_sign * share}, unit=unit)
        grid_is = {f"sensor.grid_power_{phase}": grid_sign for phase in ("l1", "l2", "l3")}
    else:
        home.power("sensor.grid_import_power", "grid+", unit=unit)
        home.power("sensor.grid_export_power", "grid-", unit=unit)
        grid_is = {"sensor.grid_import_power": 1, "sensor.grid_export_power": -1}
    if battery == "net":
        battery_is = signed(home, "sensor.battery_power", "battery", battery_sign, unit)
    else:
        home.power("sensor.battery_discharge_power", "battery+", unit=unit)
        home.power("sensor.battery_charge_power", "battery-", unit=unit)
        battery_is = {"sensor.battery_discharge_power": 1, "sensor.battery_charge_power": -1}
    if pv:
        home.power("sensor.pv_power", "pv", unit=unit)
    if load:
        home.power("sensor.house_load", "load", unit=unit)
    home.soc()
    if dashboard is not None:
        home.counter("sensor.bought", "grid+")
        home.counter("sensor.sold", "grid-")
        ways = nested_grid(["sensor.bought"], ["sensor.sold"]), flat_grid("sensor.bought", "sensor.sold")
        home.energy = {"energy_sources": [ways[dashboard == "flat"]], "device_consumption": []}
    meters = understand(home.survey()).values["meters"]
    assert read(meters["grid"], "export") == grid_is
    assert read(meters["battery"], "charge") == battery_is
    assert ("pv" in meters, "load" in meters) == (pv, load)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    grid=SCALES,
    battery=SCALES,
    pv=SCALES,
    sign=SIGNS,
    load=st.booleans(),
    told=st.booleans(),
)
def test_a_wrong_unit_is_never_taken_over(
    *, seed: int, grid: float, battery: float, pv: float, sign: int, load: bool, told: bool
) -> None:
    home = Home(hours=lived(HOUR, 14 * 24, seed=seed), minutes=lived(MINUTES, 288, seed=seed + 1))
    home.power("sensor.grid_power", {"grid": sign}, scale=grid)
    home.power("sensor.battery_power", {"battery": sign}, scale=battery)
    home.power("sensor.pv_power", "pv", scale=pv)
    home.soc()
    if load:
        home.power("sensor.house_load", "load")
    if told:
        home.counter("sensor.bought", "grid+")
        home.counter("sensor.sold", "grid-")
        home.energy = {"energy_sources": [flat_grid("sensor.bought", "sensor.sold")]}
    understood = understand(home.survey())
    meters = understood.values["meters"]
    scales = {"grid": grid, "battery": battery, "pv": pv}
    named = " ".join(finding.text for finding in understood.findings if finding.kind == "warning")
    for name, scale in scales.items():
        entity = f"sensor.{name}_power"
        assert (entity in str(meters.get(name))) == (scale == 1), (name, scale)
        assert (entity in named) == (scale != 1)
