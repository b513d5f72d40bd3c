"""Values on their way to entities: which action, what is shown already, what cannot be taken."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from homeagent.domain.wiring import Value
from homeagent.hass.entities import EntityState
from homeagent.hass.errors import StepRefusedError
from homeagent.hass.steps import call_to_set, refusal, shows


def entity(name: str, state: str, **attributes: Any) -> EntityState:  # noqa: ANN401 - JSON
    return EntityState(entity_id=name, state=state, attributes=attributes, updated_at=datetime(2025, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "value", "action", "data"),
    [
        ("select.mode", "charge", "select.select_option", {"option": "charge"}),
        ("input_number.power", 1500.0, "input_number.set_value", {"value": 1500.0}),
        ("switch.boiler", True, "switch.turn_on", {}),
        ("switch.boiler", "off", "switch.turn_off", {}),
        ("time.start", "02:30", "time.set_value", {"time": "02:30"}),
        ("input_datetime.start", "02:30", "input_datetime.set_datetime", {"time": "02:30"}),
        ("climate.room", 21.5, "climate.set_temperature", {"temperature": 21.5}),
        ("climate.room", "heat", "climate.set_hvac_mode", {"hvac_mode": "heat"}),
        ("water_heater.tank", "eco", "water_heater.set_operation_mode", {"operation_mode": "eco"}),
        ("water_heater.tank", "55", "water_heater.set_temperature", {"temperature": "55"}),
    ],
)
def test_each_kind_has_its_action(name: str, value: Value, action: str, data: dict[str, object]) -> None:
    call = call_to_set(name, value)
    assert (f"{call.domain}.{call.service}", call.target, call.data) == (action, {"entity_id": name}, data)


def test_what_cannot_be_set_says_so() -> None:
    with pytest.raises(StepRefusedError, match="cannot be set; use an action step"):
        call_to_set("sensor.x", 1.0)


@pytest.mark.parametrize(
    ("state", "value", "shown"),
    [
        (entity("select.mode", "charge"), "charge", True),
        (entity("select.mode", "hold"), "charge", False),
        (entity("number.power", "1500.0", step=10), "1500", True),
        (entity("number.power", "1500", step=10), "1504", True),  # it can show no finer
        (entity("number.power", "1500", step=10), "1506", False),
        (entity("switch.boiler", "on"), True, True),
        (entity("switch.boiler", "off"), "on", False),
        (entity("time.start", "02:30:00"), "02:30", True),
        (entity("climate.room", "heat", temperature=21.0), "21", True),
        (entity("climate.room", "heat", temperature=19.0), "21", False),
        (entity("climate.room", "heat", temperature=19.0), "heat", True),
        (entity("number.power", "unavailable"), "0", False),
        (None, "0", False),
    ],
)
def test_what_is_shown_already(state: EntityState | None, value: Value, *, shown: bool) -> None:
    assert shows(state, value) is shown


@pytest.mark.parametrize(
    ("state", "value", "why"),
    [
        (None, 1.0, "does not exist"),
        (entity("number.power", "unavailable"), 1.0, "is unavailable"),
        (entity("number.power", "0", min=0, max=5000), 6000.0, "takes 0 to 5000, not 6000"),
        (entity("number.power", "0", min=0, max=5000), "much", "takes numbers"),
        (entity("number.power", "0"), 1.0, "shows no range at the moment"),
        (entity("select.mode", "a", options=["a", "b"]), "c", "has no option 'c'; it has a, b"),
        (entity("climate.room", "heat", min_temp=7, max_temp=28), 35.0, "takes 7 to 28, not 35"),
    ],
)
def test_what_an_entity_cannot_take_is_known_before_it_is_sent(
    state: EntityState | None, value: Value, why: str
) -> None:
    name = "number.power" if state is None else state.entity_id
    assert why in str(refusal(state, name, value))


def test_what_it_can_take_is_not_refused() -> None:
    assert refusal(entity("number.power", "0", min=0, max=5000), "number.power", "5000") is None
    assert refusal(entity("select.mode", "a", options=["a"]), "select.mode", "a") is None
    assert refusal(entity("button.apply", "unknown"), "button.apply", None) is None
