"""One home behind its integrations: what really reached its devices, and what is measured of them.

A description (see homes/ and devices/) speaks in registers, the values that the hardware works by, and in Jinja
templates over them. Entities show registers, or what they were told, or what they read some minutes ago; the battery,
the loads and the meters know nothing but registers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from jinja2 import StrictUndefined
from jinja2.nativetypes import NativeEnvironment

from . import curves

LONGEST_STEP_S = 30.0
"""Energy is counted over no longer gaps than this."""
JINJA = NativeEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
JINJA.filters.update(curves.FILTERS)
LEAST_LEASE_S = 4.0
"""No lease passes faster: a busy machine must have the time to see what a device does under it."""
CLOCK = [f"{minute // 60:02}:{minute % 60:02}:00" for minute in range(24 * 60)]
COUNTERS = ("import", "export", "pv", "load", "charge", "discharge")


@functools.lru_cache(maxsize=4096)
def _compiled(text: str) -> Any:  # noqa: ANN401 - Jinja's
    return JINJA.from_string(text.strip())


class Home:
    """Registers, physics, leases. `time_factor` shortens what a description gives in seconds."""

    def __init__(self, name: str, spec: Mapping[str, Any], now: datetime, time_factor: float = 1.0) -> None:
        self.name = name
        self.time_factor = time_factor
        self.deaf: set[str] = set()
        """Registers that nothing reaches any more."""
        self.flows: dict[str, float] = {}
        self.counters = dict.fromkeys((*COUNTERS, *spec.get("loads", {})), 0.0)
        self._spec = spec
        self._now = now
        self._listeners: list[Callable[[], None]] = []
        self.registers: dict[str, Any] = {}
        self.resets = 0
        self._late: list[tuple[datetime, dict[str, Any]]] = []
        self._leases: dict[str, datetime] = {}
        self.reset()

    def reset(self) -> None:
        """Bring everything back to where the description has it; the entities read it at once."""
        self.resets += 1
        self.deaf.clear()
        self._late.clear()
        self._leases.clear()
        self.registers = dict(self._spec.get("registers", {}))
        self._measure()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` whenever something may have changed; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def render(self, value: Any, /, **more: Any) -> Any:  # noqa: ANN401 - whatever the description holds
        """Return what a description's value means now: templates anywhere inside it are rendered."""
        if isinstance(value, Mapping):
            return {key: self.render(inner, **more) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.render(inner, **more) for inner in value]
        if isinstance(value, str) and ("{{" in value or "{%" in value):
            return _compiled(value).render(**self._variables(), **more)
        return value

    def write(self, values: Mapping[str, Any], /, **more: Any) -> None:  # noqa: ANN401 - template variables
        """Give registers new values, as a command of an entity or an action does; some arrive late, or never."""
        delays: Mapping[str, float] = self._spec.get("delays", {})
        at_once: dict[str, Any] = {}
        for name, value in self.render(values, **more).items():
            if name not in self.registers:
                raise KeyError(f"{self.name} has no register {name}")
            if name in self.deaf:
                continue
            if name in delays:
                due = self._now + timedelta(seconds=delays[name] / self.time_factor)
                self._late.append((due, {name: value}))
            else:
                at_once[name] = value
        self._arrive(at_once)
        self._measure()
        self.tell()

    def tell(self) -> None:
        """Have every entity look again."""
        for listener in list(self._listeners):
            listener()

    def tick(self, now: datetime) -> None:
        """Let time pass: energy is counted, late writes arrive, leases end."""
        hours = min((now - self._now).total_seconds(), LONGEST_STEP_S) / 3600
        self._now = now
        self._count(hours)
        for due, values in [late for late in self._late if late[0] <= now]:
            self._late.remove((due, values))
            self._arrive(values)
        for name, end in list(self._leases.items()):
            if end <= now:
                del self._leases[name]
                self.registers.update(self.render(self._spec["leases"][name]["then"]))
        self._measure()
        self.tell()

    def pass_time(self, now: datetime, step: timedelta) -> None:
        """Let one step of a past go by, in which the registers stayed as they are."""
        self._now = now
        self._measure()
        self._count(step.total_seconds() / 3600)

    def lease_left_s(self, name: str) -> float:
        """Return what is left of a lease [s], 0 where there is none."""
        end = self._leases.get(name)
        return 0.0 if end is None else max((end - self._now).total_seconds() * self.time_factor, 0.0)

    @property
    def now(self) -> datetime:
        """The home's time, in its own zone."""
        return self._now

    def _arrive(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            if self.registers[name] != value:
                self.registers.update(self._spec.get("resets", {}).get(name, {}))
            self.registers[name] = value
        for name, lease in self._spec.get("leases", {}).items():
            if set(lease["renewed_by"]) & set(values):
                seconds = float(self.render(lease["seconds"]))
                self._leases.pop(name, None)
                if seconds > 0:
                    self._leases[name] = self._now + timedelta(seconds=max(seconds / self.time_factor, LEAST_LEASE_S))

    def _variables(self) -> dict[str, Any]:
        return {
            **self.registers,
            **self.flows,
            **{f"{name}_kwh": value for name, value in self.counters.items()},
            "now": self._now,
            "lease_left_s": self.lease_left_s,
            "spot": functools.partial(curves.spot, self._now),
            "sun": functools.partial(curves.sun, self._now),
            "weather": functools.partial(curves.weather, self._now),
            "day": functools.partial(curves.day, self._now),
            "spot_of": lambda date, minutes=60: curves.spot(self._now, self._offset(date), minutes),
            "today": f"{self._now:%Y-%m-%d}",
            "clock_options": CLOCK,
        }

    def _offset(self, date: object) -> int:
        """Return how many days lie between today and a date."""
        return (datetime.fromisoformat(str(date)).date() - self._now.date()).days

    def _measure(self) -> None:
        """Work out the powers [kW] from what the registers hold: + import, + PV, + discharge."""
        r = self.registers
        self.flows = {"pv_kw_all": sum(float(value) for name, value in r.items() if name.startswith("pv_kw"))}
        loads = {f"{name}_kw": float(self.render(text)) for name, text in self._spec.get("loads", {}).items()}
        load_kw = float(r["load_kw"]) + sum(loads.values())
        self.flows |= loads | {"house_kw": load_kw, "net_kw": load_kw - self.flows["pv_kw_all"], "battery_kw": 0.0}
        battery = self._spec.get("battery")
        if battery is not None:
            low, high = -float(battery["max_charge_kw"]), float(battery["max_discharge_kw"])
            low, high = (0.0 if r["soc"] >= 100 else low), (0.0 if r["soc"] <= battery.get("min_soc", 0) else high)
            self.flows["battery_kw"] = min(max(float(self.render(battery["does"])), low), high)
        self.flows["grid_kw"] = self.flows["net_kw"] - self.flows["battery_kw"]

    def _count(self, hours: float) -> None:
        f = self.flows
        both = {
            "import": f["grid_kw"],
            "export": -f["grid_kw"],
            "discharge": f["battery_kw"],
            "charge": -f["battery_kw"],
        }
        loads = {name: f[f"{name}_kw"] for name in self._spec.get("loads", {})}
        for name, kw in (both | loads | {"pv": f["pv_kw_all"], "load": f["house_kw"]}).items():
            self.counters[name] += max(kw, 0.0) * hours
        battery = self._spec.get("battery")
        if battery is not None:
            change = -f["battery_kw"] * hours / float(battery["capacity_kwh"]) * 100
            self.registers["soc"] = min(max(self.registers["soc"] + change, 0.0), 100.0)
