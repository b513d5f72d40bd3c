"""A past for the recorder: every entity that keeps statistics, as it would have read in the days before now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.components.recorder.statistics import async_add_external_statistics, async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.util import dt

from .engine import Home

STEP = timedelta(minutes=15)
HOUR = timedelta(hours=1)
CHARGE_AT, SELL_AT = (2, 3), (19,)
"""Local hours at which the battery was run at its full power in that past, beside following the home."""


async def import_past(hass: HomeAssistant, home: Home, spec: Mapping[str, Any], days: int) -> None:
    """Live through the days before this hour, and hand what was read to the recorder."""
    end = dt.now().replace(minute=0, second=0, microsecond=0)
    series = await hass.async_add_executor_job(_lived, home, spec, end, days)
    for about, rows in series:
        metadata = {"has_mean": "mean" in rows[0], "has_sum": "sum" in rows[0], "name": about["name"]}
        metadata |= {"source": about["source"], "statistic_id": about["id"], "unit_of_measurement": about["unit"]}
        enter = async_import_statistics if about["source"] == "recorder" else async_add_external_statistics
        enter(hass, metadata, rows)


def _lived(home: Home, spec: Mapping[str, Any], end: datetime, days: int) -> list[tuple[dict[str, Any], list[Any]]]:
    kept = [
        {"id": entity["id"], "source": "recorder", "name": None, "unit": entity.get("unit"), "entity": entity}
        for integration in spec["integrations"]
        for entity in integration["entities"]
        if entity["id"].startswith("sensor.") and entity.get("state_class") and "shows" in entity
    ]
    kept += [
        {"id": outside["id"], "source": outside["id"].partition(":")[0], "name": outside["name"], "unit": "kWh"}
        | {"entity": outside | {"state_class": "total_increasing"}}
        for outside in spec.get("external_statistics", [])
    ]
    past = _PastHome(home, spec)
    start = (end.astimezone(UTC) - timedelta(days=days)).astimezone(end.tzinfo)
    before = past.run(start, end, [])
    past = _PastHome(home, spec)
    past.home.counters = {name: -value for name, value in before.items()}
    rows: list[list[Any]] = [[] for _ in kept]
    past.run(start, end, kept, rows)
    return [(about, list(each)) for about, each in zip(kept, rows, strict=True) if each]


class _PastHome:
    """A copy of a home whose days are all alike but for the clouds."""

    def __init__(self, home: Home, spec: Mapping[str, Any]) -> None:
        copied = dict(spec)
        if "battery" in spec:
            copied["battery"] = {**spec["battery"], "does": "{{ told_kw if told else net_kw }}"}
        copied["registers"] = {**spec.get("registers", {}), "told": False, "told_kw": 0.0, **spec.get("past", {})}
        copied.pop("leases", None)
        self.home = Home(home.name, copied, home.now)
        self.spec = copied

    def run(
        self, start: datetime, end: datetime, kept: list[dict[str, Any]], rows: list[list[Any]] | None = None
    ) -> dict[str, float]:
        """Pass the time; returns what was counted."""
        at = start.astimezone(UTC)
        while at < end.astimezone(UTC):
            seen: list[list[float]] = [[] for _ in kept]
            for part in range(4):
                self._live((at + part * STEP).astimezone(start.tzinfo))
                for values, about in zip(seen, kept, strict=True):
                    values.append(float(self.home.render(about["entity"]["shows"])))
            for index, (values, about) in enumerate(zip(seen, kept, strict=True)):
                if rows is not None:
                    rows[index].append(_row(at, values, about, rows[index]))
            at += HOUR
        return dict(self.home.counters)

    def _live(self, at: datetime) -> None:
        registers, hour = self.home.registers, at.hour + at.minute / 60
        clouds = 0.55 + 0.45 * math.sin(at.timetuple().tm_yday * 2.4 + hour / 3)
        sun = max(math.sin(math.pi * (hour - 7) / 11), 0.0) if 7 < hour < 18 else 0.0
        roofs = [name for name in registers if name.startswith("pv_kw")]
        for name in roofs:
            registers[name] = round(self.spec.get("kwp", 6.0) / len(roofs) * 0.8 * clouds * sun, 3)
        registers["load_kw"] = round(
            0.4 + 0.3 * (7 <= hour < 9) + 1.4 * (17 <= hour < 22) + 0.1 * math.sin(hour * 5), 3
        )
        battery = self.spec.get("battery", {})
        registers["told"] = at.hour in (*CHARGE_AT, *SELL_AT)
        registers["told_kw"] = (
            battery.get("max_discharge_kw", 0) if at.hour in SELL_AT else -battery.get("max_charge_kw", 0)
        )
        self.home.pass_time(at, STEP)


def _row(at: datetime, values: list[float], about: dict[str, Any], before: list[Any]) -> dict[str, Any]:
    if about["entity"]["state_class"] == "measurement":
        return {"start": at, "mean": sum(values) / len(values), "min": min(values), "max": max(values)}
    first = before[0]["state"] if before else values[-1]
    return {"start": at, "state": values[-1], "sum": values[-1] - first}
