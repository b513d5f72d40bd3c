"""The compressed events of `subscribe_entities`, as Home Assistant really sends them."""

from __future__ import annotations

from typing import Any

from homeagent.hass.entities import Change, EntityState, changes

FIRST = {"a": {"sensor.x": {"s": "5", "a": {"unit_of_measurement": "W"}, "c": "01A", "lc": 1700000000.5}}}


def applied(*events: dict[str, Any]) -> tuple[dict[str, EntityState], list[Change]]:
    states: dict[str, EntityState] = {}
    seen = []
    for event in events:
        for change in changes(states, event):
            seen.append(change)
            if change.after is None:
                states.pop(change.entity_id, None)
            else:
                states[change.entity_id] = change.after
    return states, seen


def test_the_first_event_tells_all() -> None:
    states, seen = applied(FIRST)
    assert states["sensor.x"].state == "5"
    assert states["sensor.x"].attributes == {"unit_of_measurement": "W"}
    assert (seen[0].first, seen[0].before) == (True, None)
    assert states["sensor.x"].context.id == "01A"


def test_a_difference_changes_only_what_it_names() -> None:
    diff = {"c": {"sensor.x": {"+": {"s": "7", "lu": 1700000060.0, "c": "01B"}}}}
    states, seen = applied(FIRST, diff)
    assert states["sensor.x"].state == "7"
    assert states["sensor.x"].attributes == {"unit_of_measurement": "W"}
    assert states["sensor.x"].updated_at.timestamp() == 1700000060.0
    assert seen[1].before is not None
    assert (seen[1].first, seen[1].before.state) == (False, "5")


def test_attributes_come_and_go() -> None:
    diff = {"c": {"sensor.x": {"+": {"a": {"min": 0}}, "-": {"a": ["unit_of_measurement"]}}}}
    states, _ = applied(FIRST, diff)
    assert states["sensor.x"].attributes == {"min": 0}
    assert states["sensor.x"].state == "5"


def test_a_bare_context_keeps_the_user_and_a_whole_one_replaces_it() -> None:
    whole = {"c": {"sensor.x": {"+": {"c": {"id": "01C", "parent_id": None, "user_id": "anna"}}}}}
    bare = {"c": {"sensor.x": {"+": {"c": "01D"}}}}
    cleared = {"c": {"sensor.x": {"+": {"c": {"id": "01E", "user_id": None}}}}}
    states, seen = applied(FIRST, whole, bare, cleared)
    users = [change.after.context.user_id for change in seen if change.after is not None]
    assert users == [None, "anna", "anna", None]
    assert states["sensor.x"].context.id == "01E"


def test_a_removed_entity_is_gone_and_a_difference_of_a_stranger_is_ignored() -> None:
    states, seen = applied(FIRST, {"r": ["sensor.x"]}, {"c": {"sensor.y": {"+": {"s": "1"}}}})
    assert states == {}
    assert seen[-1].after is None
    assert len(seen) == 2
