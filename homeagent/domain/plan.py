"""What the planner may look at, and what it answers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import EdgeSeries, FloatArray, SlotSeries, TimeGrid, frozen_array
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.prices import PriceCurve
from homeagent.domain.site import SiteSpec
from homeagent.domain.tasks import DevicePlan, DeviceTask, content

Outcome: TypeAlias = Literal["optimal", "feasible", "fallback"]
Stance: TypeAlias = Literal["charge", "follow", "hold", "discharge", "reserve"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImportCap:
    """Per slot, for a peak charge: a limit of import [kW] and what a kWh above it costs beside its price."""

    limit_kw: FloatArray
    excess_price_per_kwh: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit_kw", frozen_array(self.limit_kw))
        object.__setattr__(self, "excess_price_per_kwh", frozen_array(self.excess_price_per_kwh))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanningProblem:
    """All that the planner may look at: the same problem gives the same plan.

    `carbon_g_per_kwh` is the expected intensity per slot, shape (count,), None where the home has none.
    `cost_after` is the cost to come at the grid's end [currency] by state of charge, as an older plan had it; None
    values what is left there by the mean price. `devices` are tasks on the same grid, not part of the load; `before` is
    what they were planned to do, on an older grid: they go on with it unless a change gains enough.
    """

    site: SiteSpec
    grid: TimeGrid
    soc_kwh: float
    prices: PriceCurve
    scenarios: Scenarios
    carbon_g_per_kwh: FloatArray | None = None
    import_cap: ImportCap | None = None
    cost_after: FloatArray | None = None
    devices: tuple[DeviceTask, ...] = ()
    before: tuple[DevicePlan, ...] = ()
    steady: bool = False

    def digest(self) -> str:
        """Return a short name of the content: equal problems have equal digests."""
        sha = hashlib.sha256(repr((self.site, self.grid, float(self.soc_kwh), self.prices.known_until)).encode())
        arrays = [self.prices.import_per_kwh, self.prices.export_per_kwh, self.prices.estimated]
        arrays += [self.scenarios.load_kw, self.scenarios.pv_kw, self.scenarios.weight]
        arrays += [one for one in (self.prices.import_low_per_kwh, self.prices.import_high_per_kwh) if one is not None]
        if self.carbon_g_per_kwh is not None:
            arrays.append(self.carbon_g_per_kwh)
        if self.import_cap is not None:
            arrays += [self.import_cap.limit_kw, self.import_cap.excess_price_per_kwh]
        if self.cost_after is not None:
            arrays.append(self.cost_after)
        for array in arrays:
            sha.update(array.tobytes())
        if self.devices:
            sha.update(content(self.devices))
        if self.steady:
            sha.update(b"steady")
        for plan in self.before:
            sha.update(
                repr((plan.name, plan.power_kw.grid, float(plan.wish_cost))).encode() + plan.power_kw.values.tobytes()
            )
        return sha.hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a slot's policy is what it is, in numbers; `text` says it in a sentence.

    `value_per_kwh` is what a stored kWh is worth at the end of the slot. `runner_up` is the next best stance and
    `runner_up_costs` what it would cost more, in currency over the horizon.
    """

    stance: Stance
    value_per_kwh: float
    import_price_per_kwh: float
    export_price_per_kwh: float
    text: str
    runner_up: Stance | None = None
    runner_up_costs: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Policies for every slot of the grid, with what they are expected to do.

    Expected flows are means over the scenarios; `battery_kw` is + when discharging, `grid_kw` + when importing.
    `value_per_kwh` is what a stored kWh is worth at each edge at the expected state of charge. `unmet` names the wishes
    that could not be met.
    """

    problem_digest: str
    grid: TimeGrid
    issued_at: datetime
    valid_until: datetime
    policies: tuple[BatteryPolicy, ...]
    reason: Reason
    """Of the first slot; later slots are explained on demand."""
    battery_kw: SlotSeries
    grid_kw: SlotSeries
    soc_kwh: EdgeSeries
    soc_low_kwh: EdgeSeries
    soc_high_kwh: EdgeSeries
    value_per_kwh: EdgeSeries
    expected_cost: float
    outcome: Outcome
    unmet: tuple[str, ...] = ()
    devices: tuple[DevicePlan, ...] = ()

    def policy_at(self, at: datetime) -> BatteryPolicy | None:
        """Return the policy of the slot that holds `at`, None where the plan does not reach or is no longer valid."""
        if not self.grid.start <= at < min(self.grid.end, self.valid_until):
            return None
        return self.policies[self.grid.index_of(at)]
