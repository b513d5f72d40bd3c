"""What flows into a home adds up to what the home uses, so one power that nobody measures follows from the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from homeagent.domain.wiring import PvMetering

Powers: TypeAlias = dict[str, float | None]

INFLOWS = ("grid_kw", "pv_kw", "battery_kw")
NEVER_NEGATIVE = ("load_kw", "pv_kw")


def completed(measured: Mapping[str, float | None], pv: PvMetering, *, battery: bool = True) -> Powers:
    """Return the powers [kW] of load, grid, PV and battery from those that have a meter; None where one is not known.

    Without a PV meter and a load meter only the net load is known: it counts as load where it is above zero, else as
    PV, which then is the surplus alone. Load and PV never are below zero: only noise takes them there. Without a
    `battery` its power is 0.
    """
    powers: Powers = dict(measured)
    if pv == "none":
        powers.setdefault("pv_kw", 0.0)
    if not battery:
        powers.setdefault("battery_kw", 0.0)
    if "load_kw" not in powers and "pv_kw" not in powers:
        net_kw = _total(powers.get("grid_kw"), powers.get("battery_kw"))
        powers["load_kw"], powers["pv_kw"] = (None, None) if net_kw is None else (net_kw, -net_kw)
    elif "load_kw" not in powers:
        powers["load_kw"] = _total(*(powers.get(name) for name in INFLOWS))
    else:
        for name in INFLOWS:
            if name not in powers:
                others = (powers.get(other) for other in INFLOWS if other != name)
                powers[name] = _total(powers["load_kw"], *(None if kw is None else -kw for kw in others))
    return {name: max(kw, 0.0) if kw is not None and name in NEVER_NEGATIVE else kw for name, kw in powers.items()}


def net_load_kw(measured: Mapping[str, float | None]) -> float | None:
    """Return load less PV as grid and battery have it, before anything is cut at zero."""
    return _total(measured.get("grid_kw"), measured.get("battery_kw"))


def _total(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
