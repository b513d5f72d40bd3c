"""A battery: how it answers a policy, and the rule every inverter ships with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec

Value: TypeAlias = float | FloatArray
"""A number or an array; arrays broadcast against each other."""


class Levels(Protocol):
    """A `BatteryPolicy`, or several at once: the same fields, each a number or an array."""

    @property
    def charge_to_kwh(self) -> Value:
        """See `BatteryPolicy`."""

    @property
    def store_to_kwh(self) -> Value:
        """See `BatteryPolicy`."""

    @property
    def discharge_to_kwh(self) -> Value:
        """See `BatteryPolicy`."""

    @property
    def export_to_kwh(self) -> Value:
        """See `BatteryPolicy`."""

    @property
    def import_limit_kw(self) -> Value:
        """See `BatteryPolicy`."""

    @property
    def shave_to_kwh(self) -> Value:
        """See `BatteryPolicy`."""

    @property
    def export_limit_kw(self) -> Value:
        """See `BatteryPolicy`."""

    @property
    def pv_limit_kw(self) -> Value:
        """See `BatteryPolicy`."""


@dataclass(frozen=True, slots=True)
class Flows:
    """What one step did: `power_kw` + charging at the home's side, `grid_kw` + importing, `soc_kwh` after the step."""

    power_kw: FloatArray
    grid_kw: FloatArray
    curtailed_kw: FloatArray
    soc_kwh: FloatArray


def self_consumption(spec: BatterySpec) -> BatteryPolicy:
    """Return the rule of every inverter: store surplus, serve deficit, never trade with the grid."""
    return BatteryPolicy(
        charge_to_kwh=spec.min_soc_kwh,
        store_to_kwh=spec.capacity_kwh,
        discharge_to_kwh=spec.min_soc_kwh,
        export_to_kwh=spec.capacity_kwh,
        shave_to_kwh=spec.min_soc_kwh,
    )


def power_toward(soc_kwh: Value, low_kwh: Value, high_kwh: Value, spec: BatterySpec, hours: float) -> FloatArray:
    """Return the power [kW, + charging] that brings the state of charge into [low, high] within the step, as rated."""
    charge_kw = np.maximum(low_kwh - soc_kwh, 0.0) / (spec.charge_efficiency * hours)
    return np.minimum(charge_kw, spec.max_charge_kw) - power_down_to(soc_kwh, high_kwh, spec, hours)


def power_down_to(soc_kwh: Value, high_kwh: Value, spec: BatterySpec, hours: float) -> FloatArray:
    """Return the discharge [kW, 0 or more] that brings the state of charge down to `high_kwh` within the step."""
    discharge_kw = np.maximum(soc_kwh - high_kwh, 0.0) * (spec.discharge_efficiency / hours)
    limited_kw: FloatArray = np.minimum(discharge_kw, spec.max_discharge_kw)
    return limited_kw


def soc_after(soc_kwh: Value, power_kw: FloatArray, spec: BatterySpec, hours: float) -> FloatArray:
    """Return the state of charge after a step of `power_kw` [+ charging, at the home's side]."""
    # losses are paid both ways, so the lesser of the two is the right one for either sign
    stored_kw = np.minimum(power_kw * spec.charge_efficiency, power_kw / spec.discharge_efficiency)
    return soc_kwh + stored_kw * hours


def _binds(limit_kw: Value) -> bool:
    return not isinstance(limit_kw, float) or limit_kw < math.inf


def respond(
    policy: Levels,
    spec: BatterySpec,
    soc_kwh: Value,
    load_kw: Value,
    pv_kw: Value,
    hours: float,
    *,
    apart_kw: Value = 0.0,
) -> Flows:
    """Return what a battery under `policy` does in one step against the step's own load and PV.

    The best power is the middle one of minus the net load, the power toward the import levels and the power toward the
    export levels; then the limits. Arguments broadcast, so that a whole table of states and net loads is one call.
    `apart_kw` is the part of the load that the battery must not serve, as a car that it may not discharge into: while
    there is any it discharges no further than the rest of the home needs, and sells nothing.
    """
    made_kw = np.minimum(pv_kw, policy.pv_limit_kw) if _binds(policy.pv_limit_kw) else pv_kw
    net_kw = load_kw - made_kw
    toward_import = power_toward(soc_kwh, policy.charge_to_kwh, policy.discharge_to_kwh, spec, hours)
    toward_export = power_toward(soc_kwh, policy.store_to_kwh, policy.export_to_kwh, spec, hours)
    power_kw = np.minimum(np.maximum(-net_kw, toward_import), toward_export)
    if _binds(policy.import_limit_kw):
        shave_kw = power_down_to(soc_kwh, policy.shave_to_kwh, spec, hours)
        power_kw = np.minimum(power_kw, np.maximum(policy.import_limit_kw - net_kw, -shave_kw))
    if apart_kw > 0 if isinstance(apart_kw, float) else np.any(apart_kw):
        rest_kw = np.maximum(net_kw - apart_kw, 0.0)
        power_kw = np.where(np.greater(apart_kw, 0.0), np.maximum(power_kw, -rest_kw), power_kw)
    grid_kw = net_kw + power_kw
    curtailed_kw = np.asarray(pv_kw - made_kw)
    if _binds(policy.export_limit_kw):
        # the battery never sells into the limit; PV above it is curtailed
        power_kw = np.maximum(power_kw, np.minimum(-net_kw - policy.export_limit_kw, 0.0))
        excess_kw = np.minimum(np.maximum(-(net_kw + power_kw) - policy.export_limit_kw, 0.0), made_kw)
        curtailed_kw, grid_kw = curtailed_kw + excess_kw, net_kw + excess_kw + power_kw
    return Flows(power_kw, grid_kw, curtailed_kw, soc_after(soc_kwh, power_kw, spec, hours))
