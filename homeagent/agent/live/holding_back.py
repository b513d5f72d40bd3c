"""The fuse at work: who may give way, and what each is left."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from homeagent.agent.live.driver import Driver
from homeagent.control.device_doubts import fuse_below_base
from homeagent.control.fuse import FuseGuard, Load
from homeagent.domain.devices import ApplianceSpec, CarSpec, HeatSpec, HoursSpec, TankSpec
from homeagent.domain.site import GridLimits
from homeagent.domain.wiring import DeviceSpec, MeterSpec
from homeagent.hass.device_reading import summed_kw
from homeagent.hass.entities import EntityState

LEAST_BATTERY_KW = 0.1
RANKS = {CarSpec: 0, HoursSpec: 1, TankSpec: 2, HeatSpec: 3}
"""Who gives way first, after a battery that charges from the grid. What keeps hours of its own comes with the pool
pump; a programme that has begun never gives way."""


class HoldingBack:
    """Has the devices that the agent steers keep the home below its fuse."""

    def __init__(
        self, limits: GridLimits, phases: Sequence[MeterSpec], drawn_kw: Callable[[DeviceSpec], float | None]
    ) -> None:
        self._limits, self._phases, self._drawn_kw = limits, phases, drawn_kw
        self._guard = FuseGuard(limits)
        self._held: Mapping[str, float] = {}

    @property
    def watches(self) -> bool:
        """Whether there is a limit at all."""
        return math.isfinite(self._limits.max_import_kw) or math.isfinite(self._limits.max_phase_kw)

    def look(
        self,
        now_s: float,
        import_kw: float | None,
        state: Callable[[str], EntityState | None],
        drivers: Mapping[str, Driver],
    ) -> None:
        """Hold back what must give way, let go what need not."""
        if not self.watches:
            return
        phase_kw = [summed_kw(spec.sources, state) for spec in self._phases]
        loads = [load for driver in drivers.values() if (load := self._load(driver)) is not None]
        self._held = self._guard.look(now_s, import_kw, phase_kw, loads)
        for name, driver in drivers.items():
            driver.edge.most_kw = self._held.get(name, math.inf)

    def problems(self) -> list[str]:
        """Return what is held back, and whether that is enough."""
        found = [
            f"{name} is held back{'' if kw <= 0 else f' to {kw:.1f} kW'}: the grid connection carries no more"
            for name, kw in sorted(self._held.items())
        ]
        limit_kw = min(self._limits.max_import_kw, self._limits.phases * self._limits.max_phase_kw)
        doubt = fuse_below_base(self._limits, limit_kw + self._guard.beyond_kw) if self._guard.beyond_kw else None
        return found if doubt is None else [*found, str(doubt)]

    def _load(self, driver: Driver) -> Load | None:
        spec, known = driver.spec, driver.spec.known
        if not driver.in_charge or spec.kind == "teller":
            return None
        if spec.kind == "battery":
            kw = driver.forced_kw
            rated_kw = max(kw, spec.capability.min_power_kw)
            least_kw = LEAST_BATTERY_KW if spec.capability.sets_power else None
            return Load(
                name=spec.name, rank=-1, draws_kw=kw, wants_kw=rated_kw, least_kw=least_kw, phases=self._limits.phases
            )
        drawn_kw = self._drawn_kw(spec)
        if drawn_kw is None or (isinstance(known, ApplianceSpec) and drawn_kw > spec.proof.on_above_kw):
            return None
        rank = 1 if known is None else RANKS.get(type(known), 1)
        if isinstance(known, CarSpec):
            phases = min(known.phases) if driver.charges_on is None else driver.charges_on
            return Load(
                name=spec.name,
                rank=rank,
                draws_kw=max(drawn_kw, 0.0),
                wants_kw=known.min_charge_kw,
                least_kw=known.min_charge_kw,
                phases=phases,
            )
        phases = 1 if known is None else known.phases
        return Load(name=spec.name, rank=rank, draws_kw=max(drawn_kw, 0.0), wants_kw=0.0, phases=phases)
