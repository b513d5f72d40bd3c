"""Entities' values as means of power over time. Each change is added up when it arrives, so nothing is ever queued."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeagent.domain.readings import Reading
from homeagent.domain.wiring import Meters, MeterSource, MeterSpec
from homeagent.hass import units
from homeagent.hass.balance import INFLOWS, Powers, completed, net_load_kw
from homeagent.hass.charge_witness import ChargeWitness
from homeagent.hass.entities import EntityState
from homeagent.hass.soc_meter import SocMeter

ENOUGH = 0.5
"""A mean needs values for at least this share of its time."""
STILL_S, STILL_KW = 300.0, 0.05
"""A counter that has not moved for so long, though less than this would have moved it, stands still."""
CLOCK_JUMP = timedelta(seconds=5)
NEGATIVE_LOAD_KW = -0.5
"""A load this far below zero is a meter with the wrong sign; less is meters that are not read at one instant."""


class EntityMeter:
    """One entity as a power [kW], which holds until it changes.

    A counter's power is that of its last step; while it stands still, it is at most what would not have moved it yet.
    One that has not moved since it was first seen counts as still once its finest step would have shown long ago.
    """

    def __init__(self, spec: MeterSpec, source: MeterSource) -> None:
        self.entity = source.entity
        self.kw: float | None = None
        self.problem: str | None = f"{source.entity} has not been seen yet"
        self._spec = spec
        self._sign = source.sign
        self._since_s = 0.0
        self._count: tuple[float, float] | None = None
        self._step_kwh = 0.0
        self._kws = 0.0
        self._covered_s = 0.0

    def see(self, state: EntityState | None, now_s: float) -> None:
        """Take in a state that is new since a monotonic time; what was taken in by then stays as it is."""
        now_s = max(now_s, self._since_s)
        self._close(now_s)
        value = None if state is None or not state.present else units.number(state.state)
        if state is None or value is None:
            shown = "is gone" if state is None else f"is {state.state}"
            self._gap(f"{self.entity} {shown}")
            return
        unit = state.attributes.get("unit_of_measurement")
        try:
            if units.is_energy(unit):
                self._counted(units.energy_kwh(value, unit), units.energy_kwh(_finest(state.state), unit), now_s)
            else:
                self._measured(units.power_kw(value, unit) * self._sign, now_s)
        except units.UnitError as error:
            self._gap(f"{self.entity}: {error}")

    def pause(self, now_s: float, problem: str) -> None:
        """Trust the value no longer: the link is down."""
        self._close(now_s)
        self._gap(problem)

    def take(self, now_s: float, elapsed_s: float) -> float | None:
        """Return the mean since the last call, None where too little of it was measured."""
        self._close(now_s)
        kws, covered_s = self._kws, self._covered_s
        self._kws = self._covered_s = 0.0
        return kws / covered_s if covered_s > 0 and covered_s >= ENOUGH * elapsed_s else None

    def _measured(self, kw: float, now_s: float) -> None:
        if not self._spec.low_kw <= kw <= self._spec.high_kw:
            hint = "; does it give watts under the unit kW?" if self._plausible_in_watts(kw) else ""
            self._gap(f"{self.entity} shows {kw:g} kW, which is beyond this home{hint}")
            return
        self.kw, self.problem, self._since_s = kw, None, now_s

    def _plausible_in_watts(self, kw: float) -> bool:
        return self._spec.low_kw <= kw / 1000 <= self._spec.high_kw

    def present_kw(self, now_s: float) -> float | None:
        """Return the power at a monotonic time, None where it is not known."""
        if self._count is None or now_s <= self._count[1]:
            return self.kw
        still_s = now_s - self._count[1]
        most_kw = self._step_kwh * 3600 / still_s
        if self.kw is None:
            return 0.0 if still_s >= STILL_S and most_kw <= STILL_KW else None
        return math.copysign(min(abs(self.kw), most_kw), self.kw)

    def _counted(self, kwh: float, finest_kwh: float, now_s: float) -> None:
        before, self.problem = self._count, None
        if before is not None and kwh == before[0]:
            return
        self._count = (kwh, now_s)
        if before is None:
            self._step_kwh = finest_kwh
            return
        if kwh < before[0] or now_s <= before[1]:  # a counter that was reset
            return
        self._step_kwh = kwh - before[0]
        kw = self._step_kwh * 3600 / (now_s - before[1]) * self._sign
        if not self._spec.low_kw <= kw <= self._spec.high_kw:
            self._gap(f"{self.entity} jumped by {self._step_kwh:g} kWh, which is beyond this home")
            return
        self.kw = kw

    def _close(self, now_s: float) -> None:
        """Add up the present power until now."""
        self.kw = self.present_kw(now_s)
        if self.kw is not None:
            self._kws += self.kw * (now_s - self._since_s)
            self._covered_s += now_s - self._since_s
        self._since_s = now_s

    def _gap(self, problem: str) -> None:
        self.kw, self.problem, self._count = None, problem, None


@dataclass(frozen=True, slots=True)
class _Power:
    spec: MeterSpec
    meters: tuple[EntityMeter, ...]

    def present_kw(self, now_s: float) -> float | None:
        return _total([meter.present_kw(now_s) for meter in self.meters])

    def problem(self) -> str | None:
        return next((meter.problem for meter in self.meters if meter.problem is not None), None)


class MeterBoard:
    """All meters of a home: present values for the guard loop, and readings for the agent."""

    def __init__(self, meters: Meters, now: Callable[[], datetime], monotonic_s: Callable[[], float]) -> None:
        self._now = now
        self._monotonic_s = monotonic_s
        self._wiring = meters
        self._powers = {spec.quantity: _power(spec) for spec in meters.powers}
        self._controlled = [_power(spec) for spec in meters.controlled]
        self._meters: dict[str, list[EntityMeter]] = {}
        for power in (*self._powers.values(), *self._controlled):
            for meter in power.meters:
                self._meters.setdefault(meter.entity, []).append(meter)
        self._socs = {entity: SocMeter(entity, capacity_kwh) for entity, capacity_kwh in meters.stores()}
        self._witness = ChargeWitness(sum(capacity_kwh for _, capacity_kwh in meters.stores()))
        self._taken = (now(), monotonic_s())

    def see(self, entity: str, state: EntityState | None, ago_s: float = 0.0) -> None:
        """Take in an entity's new state, `ago_s` old by now; entities that measure nothing are ignored."""
        for meter in self._meters.get(entity, ()):
            meter.see(state, self._monotonic_s() - ago_s)
        if entity in self._socs:
            self._socs[entity].see(state)

    def lost(self) -> None:
        """Trust no value any more, until it is seen again."""
        problem = "no connection to Home Assistant"
        for meters in self._meters.values():
            for meter in meters:
                meter.pause(self._monotonic_s(), problem)
        for soc in self._socs.values():
            soc.lose(problem)

    @property
    def soc_kwh(self) -> float | None:
        """What is stored in all batteries, None where that is not known; 0 in a home without one."""
        return _total([soc.kwh for soc in self._socs.values()]) if self._socs else 0.0

    @property
    def soc_problem(self) -> str | None:
        """Why it is not known."""
        return next((soc.problem for soc in self._socs.values() if soc.problem is not None), None)

    def soc_of(self, entity: str) -> float | None:
        """Return what one battery holds [kWh]."""
        return self._socs[entity].kwh if entity in self._socs else None

    def present_kw(self, quantity: str) -> float | None:
        """Return a power as it is now [kW, + into the home's bus; the load positive], None where it is not known."""
        return self._present().get(quantity)

    def _present(self) -> Powers:
        return completed(self._measured(), self._wiring.pv, battery=self._wiring.soc is not None)

    def _measured(self) -> Powers:
        now_s = self._monotonic_s()
        return {name: power.present_kw(now_s) for name, power in self._powers.items()}

    def problems(self) -> list[str]:
        """Return what cannot be measured now, and why."""
        found = [power.problem() for power in (*self._powers.values(), *self._controlled)]
        found += [self._contradiction(), self.soc_problem]
        if self._witness.backwards:
            found.append(
                "the battery's power counts backwards: it says discharging while the state of charge rises; "
                "turn it with positive: charge (or discharge) under meters.battery"
            )
        return [problem for problem in found if problem is not None]

    def _contradiction(self) -> str | None:
        """Return what is odd about the load that comes out of grid, PV and battery."""
        measured = self._measured() | ({"battery_kw": 0.0} if self._wiring.soc is None else {})
        net_kw = net_load_kw(measured)
        if "load_kw" in measured or net_kw is None or self._wiring.pv == "unmetered":
            return None
        load_kw = net_kw + (measured.get("pv_kw") or 0.0)
        if load_kw >= NEGATIVE_LOAD_KW:
            return None
        hint = " or there is PV that no meter sees (meters.pv: unmetered)" if self._wiring.pv == "none" else ""
        return f"the load comes out as {load_kw:.1f} kW: a meter has the wrong sign{hint}"

    def snapshot(self) -> list[Reading]:
        """Return the present values as readings of an instant."""
        now = self._now()
        present = self._present()
        known = {name: present.get(name) for name in ("load_kw", *INFLOWS)}
        readings = [Reading(entity=name, at=now, value=kw) for name, kw in known.items() if kw is not None]
        if self.soc_kwh is not None:
            readings.append(Reading(entity="soc_kwh", at=now, value=self.soc_kwh))
        return readings

    def take(self) -> list[Reading]:
        """Return the means since the last call, and the state of charge; a gap says its reason."""
        (began, began_s), now, now_s = self._taken, self._now(), self._monotonic_s()
        self._taken = (now, now_s)
        elapsed_s, over = now_s - began_s, now - began
        means = dict(self._means(now_s, elapsed_s))
        if elapsed_s <= 0 or abs(over - timedelta(seconds=elapsed_s)) > CLOCK_JUMP:
            return [Reading(entity=name, at=now, value=None, reason="the clock was set") for name in means]
        readings = []
        for name, kw in means.items():
            if kw is None:
                readings.append(Reading(entity=name, at=now, value=None, reason=self._reason(name)))
            else:
                readings.append(Reading(entity=name, at=now, value=kw, over=over))
        if self.soc_kwh is None:
            readings.append(Reading(entity="soc_kwh", at=now, value=None, reason=self.soc_problem or "not known"))
        else:
            readings.append(Reading(entity="soc_kwh", at=now, value=self.soc_kwh))
        return readings

    def _means(self, now_s: float, elapsed_s: float) -> Iterator[tuple[str, float | None]]:
        means = {name: _mean(power, now_s, elapsed_s) for name, power in self._powers.items()}
        complete = completed(means, self._wiring.pv, battery=self._wiring.soc is not None)
        self._witness.see(complete.get("battery_kw"), elapsed_s / 3600, self.soc_kwh)
        yield from complete.items()
        if self._controlled:
            yield "controlled_kw", _total([_mean(power, now_s, elapsed_s) for power in self._controlled])

    def _reason(self, quantity: str) -> str:
        power = self._powers.get(quantity)
        problem = None if power is None else power.problem()
        return problem or "too little of it was measured"


def _finest(text: str) -> float:
    """Return the smallest step that a number shows, by its decimals."""
    return 10.0 ** -len(text.partition(".")[2])


def _power(spec: MeterSpec) -> _Power:
    return _Power(spec, tuple(EntityMeter(spec, source) for source in spec.sources))


def _mean(power: _Power, now_s: float, elapsed_s: float) -> float | None:
    return _total([meter.take(now_s, elapsed_s) for meter in power.meters])


def _total(parts: list[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if parts and len(known) == len(parts) else None
