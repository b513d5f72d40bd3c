"""What a home told Home Assistant's Energy dashboard: in the nested form of old releases, or the flat one of new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from homeagent.domain.wiring import MeterSource

Role = Literal["grid", "pv", "battery"]
KINDS: Mapping[str, Role] = {"grid": "grid", "solar": "pv", "battery": "battery"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Statistics by role: counters that flow into the home's bus (`+`) and out of it (`-`), and live powers.

    A price is an entity or a number [currency/kWh].
    """

    counters: Mapping[Role, tuple[MeterSource, ...]]
    powers: Mapping[Role, tuple[MeterSource, ...]]
    import_prices: tuple[str | float, ...] = ()
    export_prices: tuple[str | float, ...] = ()
    submeters: frozenset[str] = frozenset()
    soc: tuple[str, ...] = ()

    def named(self) -> frozenset[str]:
        """Return every statistic that is named for the grid, PV or the battery."""
        return frozenset(
            source.entity for sources in (*self.counters.values(), *self.powers.values()) for source in sources
        )


def dashboard(told: Mapping[str, Any] | None) -> Dashboard:
    """Return the dashboard's settings, empty ones where there are none."""
    sources: list[Mapping[str, Any]] = [] if told is None else list(told.get("energy_sources") or ())
    counters: dict[Role, list[MeterSource]] = {}
    powers: dict[Role, list[MeterSource]] = {}
    for source in sources:
        role = KINDS.get(str(source.get("type")))
        if role is None:
            continue
        counters.setdefault(role, []).extend(_counters(source))
        powers.setdefault(role, []).extend(_powers(source))
    grids = [flow for source in sources if source.get("type") == "grid" for flow in _flows(source)]
    devices = [] if told is None else list(told.get("device_consumption") or ())
    return Dashboard(
        counters={role: tuple(found) for role, found in counters.items() if found},
        powers={role: tuple(found) for role, found in powers.items() if found},
        import_prices=tuple(
            price for price in (_price(flow, "") for flow in grids if "to" not in flow) if price is not None
        ),
        export_prices=tuple(price for price in (_price(flow, "_export") for flow in grids) if price is not None),
        submeters=frozenset(
            str(device[key]) for device in devices for key in ("stat_consumption", "stat_rate") if device.get(key)
        ),
        soc=tuple(str(source["stat_soc"]) for source in sources if source.get("stat_soc")),
    )


def _flows(grid: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a grid's meters in the flat form: nested ones for export are marked with `to`, their prices renamed."""
    nested = "flow_from" in grid or "flow_to" in grid
    if not nested:
        yield grid
        return
    yield from grid.get("flow_from") or ()
    for flow in grid.get("flow_to") or ():
        renamed = {f"{name}_export": flow.get(name) for name in ("entity_energy_price", "number_energy_price")}
        yield {"to": True, "stat_energy_to": flow.get("stat_energy_to"), **renamed}


def _counters(source: Mapping[str, Any]) -> Iterator[MeterSource]:
    for flow in _flows(source) if source.get("type") == "grid" else [source]:
        if flow.get("stat_energy_from"):
            yield MeterSource(entity=flow["stat_energy_from"])
        if flow.get("stat_energy_to"):
            yield MeterSource(entity=flow["stat_energy_to"], sign=-1)


def _powers(source: Mapping[str, Any]) -> Iterator[MeterSource]:
    """Yield live powers; what a power was made from counts before what Home Assistant made of it."""
    for one in (source, *(source.get("power") or ())):
        made: Mapping[str, Any] = one.get("power_config") or {}
        if made.get("stat_rate_from") and made.get("stat_rate_to"):
            yield MeterSource(entity=made["stat_rate_from"])
            yield MeterSource(entity=made["stat_rate_to"], sign=-1)
        elif made.get("stat_rate_inverted"):
            yield MeterSource(entity=made["stat_rate_inverted"], sign=-1)
        elif made.get("stat_rate") or one.get("stat_rate"):
            yield MeterSource(entity=made.get("stat_rate") or one["stat_rate"])


def _price(flow: Mapping[str, Any], suffix: str) -> str | float | None:
    entity, number = flow.get(f"entity_energy_price{suffix}"), flow.get(f"number_energy_price{suffix}")
    return str(entity) if entity else None if number is None else float(number)
