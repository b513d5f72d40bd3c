"""The close analysis of each family of anomalies, in one place. Pure: a tape and what surrounds it in, findings out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType

from homeagent.domain.anomaly import Family, Finding, Surroundings, Tape
from homeagent.forecasting.anomaly_battery import examine_export, examine_obey, examine_store
from homeagent.forecasting.anomaly_load import examine_load, examine_running
from homeagent.forecasting.anomaly_meters import examine_meters
from homeagent.forecasting.anomaly_pv import examine_pv

_LOOKS: Mapping[Family, Callable[[Tape, Surroundings], list[Finding]]] = MappingProxyType(
    {
        "meters": examine_meters,
        "running": examine_running,
        "load": examine_load,
        "pv": examine_pv,
        "store": examine_store,
        "obey": examine_obey,
        "export": examine_export,
    }
)


LEAST_MEASURED = timedelta(days=2)
"""Before that nothing is usual."""


def examine(families: Iterable[Family], tape: Tape, home: Surroundings) -> dict[Family, list[Finding]]:
    """Return what close analyses find, by family. While a meter cannot be right nothing else is judged."""
    wanted = tuple(families)
    if tape.grid.count * tape.grid.step < LEAST_MEASURED:
        return {}
    wrong = examine_meters(tape, home)
    if wrong:
        return {"meters": wrong}
    return {family: [] if family == "meters" else _LOOKS[family](tape, home) for family in wanted}
