"""What the link costs: CPU seconds for a snapshot and for changes, without a network."""

from __future__ import annotations

import json
import time
from statistics import median

from homeagent.hass.entities import EntityState, changes

ENTITIES = 501


def snapshot() -> str:
    whole = {
        f"sensor.number_{index}": {
            "s": f"{index}.5",
            "a": {"unit_of_measurement": "W", "device_class": "power", "friendly_name": f"Number {index}"},
            "c": "01JDXS3Z4W8Q0V1R2T3Y4U5I6O",
            "lc": 1700000000.123456,
        }
        for index in range(ENTITIES)
    }
    return json.dumps({"id": 2, "type": "event", "event": {"a": whole}})


def test_a_snapshot_of_501_entities_costs_at_most_10_ms_of_cpu() -> None:
    text, seconds = snapshot(), []
    for _ in range(9):
        states: dict[str, EntityState] = {}
        began = time.process_time()
        for change in changes(states, json.loads(text)["event"]):
            if change.after is not None:
                states[change.entity_id] = change.after
        seconds.append(time.process_time() - began)
        assert len(states) == ENTITIES
    assert median(seconds) <= 0.010
