"""Entities of every kind that a description may hold: they show registers, or only what they were told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.button import ButtonEntity
from homeassistant.components.climate import ClimateEntity, ClimateEntityFeature, HVACMode
from homeassistant.components.event import EventEntity
from homeassistant.components.number import NumberEntity
from homeassistant.components.select import SelectEntity
from homeassistant.components.sensor import SensorEntity
from homeassistant.components.switch import SwitchEntity
from homeassistant.components.time import TimeEntity
from homeassistant.components.water_heater import WaterHeaterEntity, WaterHeaterEntityFeature
from homeassistant.components.weather import WeatherEntity, WeatherEntityFeature
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityCategory, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity

from .engine import Home

ATTRIBUTES_EVERY = timedelta(seconds=20)
NEVER = timedelta(days=10_000)


class WildEntity(Entity):
    """One entity. Without `poll` it shows its register at once; with it, what it read then, in seconds before.

    `echo` shows what it was told until it reads again; `poll: never` reads only when it is asked to update.
    """

    _attr_should_poll = False

    def __init__(self, home: Home, entry: ConfigEntry, spec: Mapping[str, Any], integration: Mapping[str, Any]) -> None:
        self._home = home
        self._spec = spec
        self._poll = self._period(spec.get("poll", integration.get("poll")))
        self._read_at = home.now
        self._resets = home.resets
        self._shown: Any = None
        self._written: tuple[Any, ...] = ()
        self._attributes_at: datetime | None = None
        self.entity_id = spec["id"]
        domain, key = entry.domain, spec["id"].partition(".")[2]
        self._attr_unique_id = str(spec.get("unique_id", f"{home.name}_{key}"))
        self._attr_name = spec.get("name", key.replace("_", " ").capitalize())
        self._attr_translation_key = spec.get("key")
        self._attr_device_class = spec.get("class")
        self._attr_entity_category = EntityCategory(spec["category"]) if "category" in spec else None
        self._attr_entity_registry_enabled_default = not spec.get("disabled", False)
        self._attr_extra_state_attributes: dict[str, Any] = {}
        device = spec.get("device", integration.get("device"))
        if device is not None:
            about = integration["devices"][device]
            self._attr_device_info = DeviceInfo(
                identifiers={(domain, f"{home.name}_{device}")},
                name=about["name"],
                manufacturer=about.get("manufacturer"),
                model=about.get("model"),
            )

    def _period(self, seconds: float | str | None) -> timedelta:
        if seconds == "never":
            return NEVER
        return timedelta(seconds=float(seconds or 0) / self._home.time_factor)

    async def async_added_to_hass(self) -> None:
        """Begin to show what there is."""
        self._read()
        self._refresh_attributes()
        self.async_on_remove(self._home.listen(self._look))

    async def async_update(self) -> None:
        """Read the device, as `homeassistant.update_entity` asks for."""
        self._read()

    @property
    def available(self) -> bool:
        """Whether the device has it in its present mode."""
        return bool(self._home.render(self._spec.get("available", True)))

    def _look(self) -> None:
        if self._home.now >= self._read_at + self._poll or self._resets != self._home.resets:
            self._resets = self._home.resets
            self._read()
        self._refresh_attributes()
        written = (self.available, self._shown, self._attributes_at)
        if written != self._written:
            self._written = written
            self.async_write_ha_state()

    def _read(self) -> None:
        self._read_at = self._home.now
        register = self._spec.get("register")
        shows = self._spec.get("shows") if register is None else f"{{{{ {register} }}}}"
        if shows is not None:
            self._show(self._home.render(shows))

    def _refresh_attributes(self) -> None:
        due = self._attributes_at is None or self._home.now >= self._attributes_at + ATTRIBUTES_EVERY
        if "attributes" in self._spec and due:
            self._attributes_at = self._home.now
            self._attr_extra_state_attributes = self._home.render(self._spec["attributes"])

    def _show(self, value: Any) -> None:  # noqa: ANN401 - what the kind of entity shows
        self._shown = value

    def _told(self, value: Any) -> None:  # noqa: ANN401 - what the kind of entity takes
        """Pass a value on to the registers that it sets."""
        refusal = self._home.render(self._spec.get("refuses"), value=value)
        if refusal:
            raise HomeAssistantError(str(refusal))
        register = self._spec.get("register")
        sets = self._spec.get("sets", {} if register is None else {register: value})
        if self._spec.get("echo"):
            self._show(value)
            self._read_at = self._home.now
        self._home.write(sets, value=value)
        self._look()
        self.async_write_ha_state()


class WildSensor(WildEntity, SensorEntity):
    """A number, a text, a time; `unknown` where it shows none."""

    def __init__(self, *of: Any) -> None:  # noqa: ANN401 - as the base's
        super().__init__(*of)
        self._attr_native_unit_of_measurement = self._spec.get("unit")
        self._attr_state_class = self._spec.get("state_class")
        self._attr_options = self._spec.get("options")

    def _show(self, value: Any) -> None:  # noqa: ANN401 - as the base's
        super()._show(value)
        self._attr_native_value = value


class WildBinarySensor(WildEntity, BinarySensorEntity):
    """On or off."""

    def _show(self, value: Any) -> None:  # noqa: ANN401 - as the base's
        super()._show(value)
        self._attr_is_on = None if value is None else bool(value)


class WildSelect(WildEntity, SelectEntity):
    """One of some options."""

    def __init__(self, *of: Any) -> None:  # noqa: ANN401 - as the base's
        super().__init__(*of)
        self._attr_options = [str(option) for option in self._home.render(self._spec["options"])]

    def _show(self, value: Any) -> None:  # noqa: ANN401 - as the base's
        super()._show(value)
        self._attr_current_option = None if value is None else str(value)

    async def async_select_option(self, option: str) -> None:
        """Take an option."""
        self._told(option)


class WildNumber(WildEntity, NumberEntity):
    """A number within its range."""

    def __init__(self, *of: Any) -> None:  # noqa: ANN401 - as the base's
        super().__init__(*of)
        self._attr_native_unit_of_measurement = self._spec.get("unit")
        self._attr_native_min_value = float(self._spec.get("min", 0))
        self._attr_native_max_value = float(self._spec.get("max", 100))
        self._attr_native_step = float(self._spec.get("step", 1))
        self._attr_mode = "box"

    def _show(self, value: Any) -> None:  # noqa: ANN401 - as the base's
        super()._show(value)
        self._attr_native_value = value

    async def async_set_native_value(self, value: float) -> None:
        """Take a value."""
        self._told(value)


class WildSwitch(WildEntity, SwitchEntity):
    """A switch."""

    def _show(self, value: Any) -> None:  # noqa: ANN401 - as the base's
        super()._show(value)
        self._attr_is_on = None if value is None else bool(value)

    async def async_turn_on(self, **_more: Any) -> None:  # noqa: ANN401 - Home Assistant's
        """Switch on."""
        self._told(value=True)

    async def async_turn_off(self, **_more: Any) -> None:  # noqa: ANN401 - Home Assistant's
        """Switch off."""
        self._told(value=False)


class WildButton(WildEntity, ButtonEntity):
    """A button."""

    async def async_press(self) -> None:
        """Press it."""
        self._told(value=None)


class WildTime(WildEntity, TimeEntity):
    """A time of day; registers hold it as "HH:MM:SS"."""

    def _show(self, value: Any) -> None:  # noqa: ANN401 - as the base's
        super()._show(value)
        self._attr_native_value = None if value is None else time.fromisoformat(str(value))

    async def async_set_value(self, value: time) -> None:
        """Take a time."""
        self._told(value.isoformat())


class WildEvent(WildEntity, EventEntity):
    """An event whose attributes carry what it is about; its state is the time of the newest."""

    _attr_event_types = ["updated"]  # noqa: RUF012 - as Home Assistant has it

    async def async_added_to_hass(self) -> None:
        """Happen once at the start."""
        await super().async_added_to_hass()
        self._trigger_event("updated", self._attr_extra_state_attributes)


class WildClimate(WildEntity, ClimateEntity):
    """A heat pump's or a zone's thermostat: its set-point, and whether it is on."""

    _attr_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_hvac_modes = [HVACMode.HEAT, HVACMode.OFF]  # noqa: RUF012 - as Home Assistant has it
    _attr_supported_features = (
        ClimateEntityFeature.TARGET_TEMPERATURE | ClimateEntityFeature.TURN_ON | ClimateEntityFeature.TURN_OFF
    )
    _attr_min_temp, _attr_max_temp = 7.0, 30.0

    def _show(self, value: Any) -> None:  # noqa: ANN401 - as the base's
        super()._show(value)
        self._attr_hvac_mode = HVACMode(value["mode"])
        self._attr_target_temperature = value["target"]
        self._attr_current_temperature = value.get("current")
        self._attr_hvac_action = value.get("action")

    async def async_set_temperature(self, **kwargs: Any) -> None:  # noqa: ANN401 - Home Assistant's
        """Take a set-point."""
        self._told({"target": kwargs["temperature"]})

    async def async_set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        """Take a mode."""
        self._told({"mode": str(hvac_mode)})


class WildWaterHeater(WildEntity, WaterHeaterEntity):
    """A tank: its set-point and what it does."""

    _attr_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_supported_features = WaterHeaterEntityFeature.TARGET_TEMPERATURE | WaterHeaterEntityFeature.OPERATION_MODE
    _attr_min_temp, _attr_max_temp = 30.0, 65.0

    def __init__(self, *of: Any) -> None:  # noqa: ANN401 - as the base's
        super().__init__(*of)
        self._attr_operation_list = self._spec["options"]

    def _show(self, value: Any) -> None:  # noqa: ANN401 - as the base's
        super()._show(value)
        self._attr_current_operation = value["mode"]
        self._attr_target_temperature = value["target"]
        self._attr_current_temperature = value.get("current")

    async def async_set_temperature(self, **kwargs: Any) -> None:  # noqa: ANN401 - Home Assistant's
        """Take a set-point."""
        self._told({"target": kwargs["temperature"]})

    async def async_set_operation_mode(self, operation_mode: str) -> None:
        """Take a mode."""
        self._told({"mode": operation_mode})


class WildWeather(WildEntity, WeatherEntity):
    """Weather now, and by the hour."""

    _attr_supported_features = WeatherEntityFeature.FORECAST_HOURLY
    _attr_native_temperature_unit = UnitOfTemperature.CELSIUS

    def _show(self, value: Any) -> None:  # noqa: ANN401 - as the base's
        super()._show(value)
        self._attr_condition = value
        self._attr_native_temperature = 7.0

    async def async_forecast_hourly(self) -> list[dict[str, Any]]:
        """Return the hours to come."""
        hours: list[dict[str, Any]] = self._home.render("{{ weather() }}")
        return hours


KINDS: dict[str, type[WildEntity]] = {
    "binary_sensor": WildBinarySensor,
    "button": WildButton,
    "climate": WildClimate,
    "event": WildEvent,
    "number": WildNumber,
    "select": WildSelect,
    "sensor": WildSensor,
    "switch": WildSwitch,
    "time": WildTime,
    "water_heater": WildWaterHeater,
    "weather": WildWeather,
}


async def add_entities(hass: HomeAssistant, entry: ConfigEntry, kind: str, add: Any) -> None:  # noqa: ANN401 - Home Assistant's callback
    """Add an integration's entities of one kind."""
    wild, name = hass.data["wild_home"], entry.data["home"]
    integration = wild["description"][name]["integrations"][entry.data["number"]]
    specs = [spec for spec in integration["entities"] if spec["id"].partition(".")[0] == kind]
    add([KINDS[kind](wild["homes"][name], entry, spec, integration) for spec in specs])
