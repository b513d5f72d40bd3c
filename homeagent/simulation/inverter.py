"""An inverter with its battery, as a device: it gets commands, obeys them as well as it can, and forgets them in time.

The battery of `InverterModel` keeps its data sheet to the letter, as a referee would recompute it. `NonIdealInverter`
has one that does not: its losses depend on power, it tapers near full and it leaks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from homeagent.control.abilities import beyond
from homeagent.control.following import mode_now
from homeagent.devices.battery import self_consumption
from homeagent.domain.command import Command, FollowPolicy, Instruction, SetMode, SetReserve
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec, GridLimits


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step did: `battery_kw` + charging at the home's side, `grid_kw` + importing."""

    battery_kw: float
    grid_kw: float
    curtailed_kw: float
    soc_kwh_start: float
    soc_kwh_end: float


class InverterModel:
    """Holds the command in force and the state of charge, and answers a step's load and PV."""

    def __init__(
        self,
        spec: BatterySpec,
        capability: InverterCapability,
        *,
        grid: GridLimits | None = None,
        initial_soc_kwh: float,
    ) -> None:
        self.spec = spec
        self.soc_kwh = initial_soc_kwh
        self._capability = capability
        whole = capability.charges and capability.discharges and capability.holds
        self._followed_in_modes = not (whole and capability.sets_power) or capability.hold_stores
        self._limits = grid or GridLimits()
        self._safe = FollowPolicy(policy=self_consumption(spec))
        self._force: Instruction = self._safe
        self._lease: datetime | None = None
        self._coming: tuple[datetime, Command] | None = None

    def receive(self, command: Command, at: datetime) -> None:
        """Take a command; it is in force after the answer time and until its lease ends.

        Raises:
            ValueError: the inverter has no such thing; nobody may tell it.
        """
        why = beyond(command.instruction, self._capability, self.spec)
        if why is not None:
            raise ValueError(why)
        self._coming = (at + timedelta(seconds=self._capability.answer_seconds), command)

    def step(self, at: datetime, load_kw: float, pv_kw: float, hours: float) -> StepResult:
        """Let a step pass; where a command takes effect or a lease ends inside it, the step is done in parts."""
        start, end = self.soc_kwh, at + timedelta(hours=hours)
        sums = [0.0, 0.0, 0.0]
        while at < end:
            self._take_effect(at)
            until = min([end, *(edge for edge in self._edges() if at < edge)])
            part_hours = (until - at) / timedelta(hours=1)
            for index, value in enumerate(self._part(load_kw, pv_kw, part_hours)):
                sums[index] += value * part_hours / hours
            at = until
        return StepResult(sums[0], sums[1], sums[2], start, self.soc_kwh)

    def _edges(self) -> list[datetime]:
        edges = [] if self._coming is None else [self._coming[0]]
        return edges if self._lease is None else [*edges, self._lease]

    def _take_effect(self, at: datetime) -> None:
        if self._coming is not None and self._coming[0] <= at:
            command = self._coming[1]
            self._force, self._lease, self._coming = command.instruction, command.valid_until, None
        if self._lease is not None and self._lease <= at:
            self._force, self._lease = self._safe, None

    def _part(self, load_kw: float, pv_kw: float, hours: float) -> tuple[float, float, float]:
        policy = self._as_policy(self._force)
        made_kw = min(pv_kw, policy.pv_limit_kw)
        net_kw = load_kw - made_kw
        told = self._force
        if isinstance(told, FollowPolicy) and self._followed_in_modes:
            told = mode_now(told.policy, self.spec, self.soc_kwh, net_kw, self._capability)
        wanted_kw = self._limited(self._wanted(told, net_kw, hours), policy, net_kw)
        power_kw = self._move(self._possible(wanted_kw), hours)
        excess_kw = max(-(net_kw + power_kw) - policy.export_limit_kw, 0.0)
        curtailed_kw = pv_kw - made_kw + min(excess_kw, made_kw)
        return power_kw, load_kw - pv_kw + curtailed_kw + power_kw, curtailed_kw

    def _as_policy(self, instruction: Instruction) -> BatteryPolicy:
        """Return what an instruction amounts to, within the connection's limits."""
        low, high = self.spec.min_soc_kwh, self.spec.capacity_kwh
        stored_kwh = high if self._capability.hold_stores else low
        if isinstance(instruction, FollowPolicy):
            policy = instruction.policy
        elif isinstance(instruction, SetReserve):
            policy = replace(
                self._safe.policy, charge_to_kwh=instruction.reserve_kwh, discharge_to_kwh=instruction.reserve_kwh
            )
        elif not isinstance(instruction, SetMode):  # the safe state; what is for other devices changes nothing
            policy = self._safe.policy
        else:
            policy = {
                "self_consumption": self._safe.policy,
                "charge": replace(self._safe.policy, charge_to_kwh=high, discharge_to_kwh=high),
                "discharge": replace(self._safe.policy, store_to_kwh=low, export_to_kwh=low),
                "hold": replace(self._safe.policy, store_to_kwh=stored_kwh, discharge_to_kwh=high),
            }[instruction.mode]
        return replace(
            policy,
            import_limit_kw=min(policy.import_limit_kw, self._limits.max_import_kw),
            export_limit_kw=min(policy.export_limit_kw, self._limits.max_export_kw),
        )

    def _wanted(self, told: Instruction, net_kw: float, hours: float) -> float:
        if isinstance(told, SetMode) and told.power_kw is not None:
            return told.power_kw if told.mode == "charge" else -told.power_kw
        policy = self._as_policy(told)
        toward_import = self._toward(policy.charge_to_kwh, policy.discharge_to_kwh, hours)
        toward_export = self._toward(policy.store_to_kwh, policy.export_to_kwh, hours)
        power_kw = min(max(-net_kw, toward_import), toward_export)
        return min(power_kw, max(policy.import_limit_kw - net_kw, self._toward(-math.inf, policy.shave_to_kwh, hours)))

    def _toward(self, low_kwh: float, high_kwh: float, hours: float) -> float:
        if self.soc_kwh < low_kwh:
            return min((low_kwh - self.soc_kwh) / (self.spec.charge_efficiency * hours), self.spec.max_charge_kw)
        if self.soc_kwh > high_kwh:
            return -min((self.soc_kwh - high_kwh) * self.spec.discharge_efficiency / hours, self.spec.max_discharge_kw)
        return 0.0

    def _limited(self, power_kw: float, policy: BatteryPolicy, net_kw: float) -> float:
        """Hold a power against the connection: never charge into the import limit, never sell into the export limit."""
        if power_kw > 0:
            return min(power_kw, max(policy.import_limit_kw - net_kw, 0.0))
        return max(power_kw, min(-net_kw - policy.export_limit_kw, 0.0))

    def _possible(self, power_kw: float) -> float:
        if abs(power_kw) < self._capability.min_power_kw:
            return 0.0
        step_kw = self._capability.power_step_kw
        return math.trunc(power_kw / step_kw + math.copysign(1e-9, power_kw)) * step_kw if step_kw else power_kw

    def _move(self, power_kw: float, hours: float) -> float:
        """Move the charge, as far as rating, room and content allow; return the power that was really had."""
        spec = self.spec
        if power_kw > 0:
            room_kw = max(spec.capacity_kwh - self.soc_kwh, 0.0) / (spec.charge_efficiency * hours)
            power_kw = min(power_kw, spec.max_charge_kw, room_kw)
            self.soc_kwh += power_kw * spec.charge_efficiency * hours
        else:
            content_kw = max(self.soc_kwh - spec.min_soc_kwh, 0.0) * spec.discharge_efficiency / hours
            power_kw = -min(-power_kw, spec.max_discharge_kw, content_kw)
            self.soc_kwh += power_kw / spec.discharge_efficiency * hours
        return power_kw


class NonIdealInverter(InverterModel):
    """A battery that is not what its data sheet says: idle and quadratic losses, a taper near full, leakage."""

    IDLE_KW = 0.015
    """What the inverter draws from the battery while it works."""
    QUADRATIC = 0.05
    """Share of the rated power lost more at full power than the data sheet's mean efficiency says, less at none."""
    TAPER_FROM = 0.9
    LEAK_PER_HOUR = 2e-5

    def _move(self, power_kw: float, hours: float) -> float:
        spec = self.spec
        self.soc_kwh -= self.soc_kwh * self.LEAK_PER_HOUR * hours
        load_share = abs(power_kw) / spec.max_charge_kw
        drift = 1 + self.QUADRATIC * (0.5 - load_share)
        if power_kw > 0:
            full = self.soc_kwh / spec.capacity_kwh
            taper = 1.0 if full < self.TAPER_FROM else max((1 - full) / (1 - self.TAPER_FROM), 0.05)
            room_kw = max(spec.capacity_kwh - self.soc_kwh, 0.0) / hours
            power_kw = min(power_kw, spec.max_charge_kw * taper, room_kw)
            stored_kw = max(power_kw * min(spec.charge_efficiency * drift, 0.99) - self.IDLE_KW, 0.0)
            self.soc_kwh += stored_kw * hours
        elif power_kw < 0:
            efficiency = min(spec.discharge_efficiency * drift, 0.99)
            content_kw = max((self.soc_kwh - spec.min_soc_kwh) / hours - self.IDLE_KW, 0.0) * efficiency
            power_kw = -min(-power_kw, spec.max_discharge_kw, content_kw)
            if power_kw < 0:
                self.soc_kwh -= (-power_kw / efficiency + self.IDLE_KW) * hours
        return power_kw
