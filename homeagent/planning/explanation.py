"""Why a policy is what it is: the stance it amounts to, its runner-up, and a sentence with numbers. Deterministic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.plan import PlanningProblem, Reason, Stance
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec
from homeagent.planning.stored_energy import (
    TIE_PER_KWH,
    NetLoad,
    SlotPrices,
    StoredEnergyValue,
    interpolate,
    slot_cost,
)

LEVEL_TOLERANCE = 0.01
"""Levels nearer than this share of the capacity are one level."""


def stance_of(policy: BatteryPolicy, soc_kwh: float, spec: BatterySpec) -> Stance:
    """Return what the policy looks like from outside at this state of charge."""
    near = LEVEL_TOLERANCE * spec.capacity_kwh
    if soc_kwh < policy.charge_to_kwh - near:
        return "charge"
    if soc_kwh > policy.export_to_kwh + near:
        return "discharge"
    if soc_kwh > policy.discharge_to_kwh + near:
        return "follow"
    if policy.discharge_to_kwh <= spec.min_soc_kwh + near:
        return "follow"  # empty: there is nothing to hold back
    return "reserve" if soc_kwh < policy.store_to_kwh - near else "hold"


def alternatives(policy: BatteryPolicy, spec: BatterySpec, soc_kwh: float) -> dict[Stance, BatteryPolicy]:
    """Return the plain stances as policies with the same limits, for comparison."""
    low, high = spec.min_soc_kwh, spec.capacity_kwh
    follow = replace(policy, charge_to_kwh=low, store_to_kwh=high, discharge_to_kwh=low, export_to_kwh=high)
    return {
        "follow": follow,
        "reserve": replace(follow, discharge_to_kwh=high),
        "hold": replace(follow, store_to_kwh=soc_kwh, discharge_to_kwh=high),
        "charge": replace(follow, charge_to_kwh=high, discharge_to_kwh=high),
        "discharge": replace(follow, store_to_kwh=low, export_to_kwh=low),
    }


def explain(
    value: StoredEnergyValue,
    slot: int,
    soc_kwh: float,
    prices: SlotPrices,
    net: NetLoad,
    spec: BatterySpec,
    *,
    hours: float,
    currency: str,
) -> Reason:
    """Return the reason of slot `slot` at `soc_kwh`, with the next best stance and what it would cost more."""
    policy = value.policies[slot]
    stance = stance_of(policy, soc_kwh, spec)
    after = value.cost_to_come[slot + 1]
    own = _expected_cost(policy, prices, net, spec, soc_kwh, hours, value.soc_kwh, after)
    others = {
        name: _expected_cost(other, prices, net, spec, soc_kwh, hours, value.soc_kwh, after) - own
        for name, other in alternatives(policy, spec, soc_kwh).items()
        if name != stance
    }
    # a stance that comes to the same here, as holding and reserving do at night, is no runner-up
    different = {name: more for name, more in others.items() if more > TIE_PER_KWH} or others
    runner_up = min(different, key=lambda name: (different[name], name))
    worth = value.per_kwh(slot + 1, soc_kwh)
    return Reason(
        stance=stance,
        value_per_kwh=worth,
        import_price_per_kwh=prices.import_per_kwh,
        export_price_per_kwh=prices.export_per_kwh,
        text=sentence(stance, policy, worth, prices, spec, currency),
        runner_up=runner_up,
        runner_up_costs=max(others[runner_up], 0.0),
    )


def sentence(
    stance: Stance, policy: BatteryPolicy, worth: float, prices: SlotPrices, spec: BatterySpec, currency: str
) -> str:
    """Return the reason in words."""
    buy, sell = prices.import_per_kwh, prices.export_per_kwh
    head = f"a stored kWh is worth {worth:.3f} {currency}, the grid asks {buy:.3f} and pays {sell:.3f}"
    if spec.wear_per_kwh:
        head += f", wear costs {spec.wear_per_kwh:.3f}"
    deed = {
        "charge": f"charge from the grid to {policy.charge_to_kwh:.1f} kWh",
        "discharge": f"sell down to {policy.export_to_kwh:.1f} kWh",
        "follow": f"cover the home's need down to {policy.discharge_to_kwh:.1f} kWh, store surplus",
        "reserve": f"keep what is stored for dearer hours, store surplus to {policy.store_to_kwh:.1f} kWh",
        "hold": "keep what is stored for dearer hours",
    }[stance]
    limits = ""
    if prices.excess_per_kwh and policy.import_limit_kw < float("inf"):
        limits += f"; hold import under {policy.import_limit_kw:.1f} kW against the peak charge"
    if policy.pv_limit_kw == 0:
        limits += "; switch PV off, since importing pays"
    elif policy.export_limit_kw == 0:
        limits += "; export nothing, since it costs money"
    return f"{head}: {deed}{limits}"


def on_estimates(
    reason: Reason, slot: int, problem: PlanningProblem, soc_low_kwh: FloatArray, soc_high_kwh: FloatArray
) -> Reason:
    """Return the reason, and in it that estimated prices count where they reach back to `slot`.

    They do not where the battery is bound to be empty or full before: what comes after is then decided anew
    (Modigliani and Hohn, "Production planning over time", Econometrica 23, 1955).
    """
    prices, spec = problem.prices, problem.site.battery
    estimated = np.flatnonzero(prices.estimated)
    if not len(estimated) or prices.import_low_per_kwh is None or prices.import_high_per_kwh is None:
        return reason
    first = max(int(estimated[0]), slot)
    near = LEVEL_TOLERANCE * spec.capacity_kwh
    between = slice(slot + 1, first + 1)
    empty = soc_high_kwh[between] <= spec.min_soc_kwh + near
    full = soc_low_kwh[between] >= spec.capacity_kwh - near
    if empty.any() or full.any():
        return reason
    low, high = prices.import_low_per_kwh[estimated].min(), prices.import_high_per_kwh[estimated].max()
    since = problem.grid.at(int(estimated[0])).astimezone(problem.site.timezone)
    told = f"{reason.text}; prices from {since:%H:%M} on are estimated, at {low:.3f} to {high:.3f}"
    return replace(reason, text=told)


def _expected_cost(
    policy: BatteryPolicy,
    prices: SlotPrices,
    net: NetLoad,
    spec: BatterySpec,
    soc_kwh: float,
    hours: float,
    states_kwh: FloatArray,
    after: FloatArray,
) -> float:
    cost, soc_after = slot_cost(policy, prices, net, spec, np.array([soc_kwh]), hours)
    return float(((cost + interpolate(after, states_kwh, soc_after)) @ net.weight)[0])
