"""Tasks and plans of devices as plain JSON values, and back without loss."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

import numpy as np

from homeagent.domain.devices import CopCurve, DeviceKnown, HouseModel, Steadiness
from homeagent.domain.grid import SlotSeries, TimeGrid
from homeagent.domain.tasks import DevicePlan, DeviceTask

KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *get_args(DeviceTask),
        *get_args(DeviceKnown),
        CopCurve,
        HouseModel,
        Steadiness,
        DevicePlan,
        SlotSeries,
        TimeGrid,
    )
}


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a value of the kinds above, or what they consist of, as JSON has it."""
    if is_dataclass(value):
        name = type(value).__name__
        return {"kind": name, **{one.name: plain(getattr(value, one.name)) for one in fields(value)}}
    match value:
        case np.ndarray():
            return {"array": value.tolist(), "of": value.dtype.name}
        case np.generic():
            return value.item()
        case datetime():
            return {"at": value.isoformat()}
        case timedelta():
            return {"seconds": value.total_seconds()}
        case tuple() | list():
            return [plain(one) for one in value]
        case _:
            return value


def made(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what `plain` was given; lists become tuples.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    if isinstance(value, list):
        return tuple(made(one) for one in value)
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.array(value["array"], dtype=value["of"])
    if "at" in value:
        return datetime.fromisoformat(value["at"])
    if "seconds" in value:
        return timedelta(seconds=value["seconds"])
    return KINDS[value["kind"]](**{name: made(one) for name, one in value.items() if name != "kind"})
