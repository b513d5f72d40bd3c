"""Forecasts out of a real Home Assistant: the Energy dashboard's, a weather entity's, sensors' attributes, carbon."""

from __future__ import annotations

import asyncio
import json
import os
import textwrap
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from real_ha.agent_config import config_yaml
from real_ha.lab import HASS, Lab
from real_ha.process import homeagent, running, wait_for
from real_ha.rig import configured, rig, until
from real_ha.simulated_home import configuration

from homeagent.agent.live.checks import check_online
from homeagent.config import load_config
from homeagent.domain.errors import InputError
from homeagent.domain.issued import IssuedForecast

ROOFS = {"south": 60, "west": 15}
ENTITIES = "[sensor.solcast_pv_forecast_forecast_today, sensor.solcast_pv_forecast_forecast_tomorrow]"
INTEGRATION = {
    "__init__.py": """
        async def async_setup_entry(hass, entry):
            return True
    """,
    "config_flow.py": """
        from homeassistant.config_entries import ConfigFlow

        class Flow(ConfigFlow, domain="rooftops"):
            VERSION = 1
    """,
    "energy.py": """
        from datetime import timedelta
        from homeassistant.util import dt

        async def async_get_solar_forecast(hass, config_entry_id):
            minutes = hass.config_entries.async_get_entry(config_entry_id).data["minutes"]
            start = dt.start_of_local_day().astimezone(dt.UTC)
            slots = [start + timedelta(minutes=minutes) * slot for slot in range(48 * 60 // minutes)]
            return {"wh_hours": {at.isoformat(): 1000 * minutes / 60 for at in slots}}
    """,
    "manifest.json": json.dumps(
        {"domain": "rooftops", "name": "Rooftops", "version": "1.0.0", "config_flow": True, "codeowners": []}
    ),
}
LIST = (
    "{{% set ns = namespace(l=[]) %}}{{% for slot in range(48) %}}{{% set ns.l = ns.l + [{{"
    "'period_start': (today_at() + timedelta(days={day}, minutes=30 * slot)).isoformat(), "
    "'pv_estimate': {kw}, 'pv_estimate10': 0.5, 'pv_estimate90': 3.0}}] %}}{{% endfor %}}{{{{ ns.l }}}}"
)
HOURS = (
    "{% set ns = namespace(l=[]) %}{% for h in range(24) %}{% set ns.l = ns.l + [{"
    "'datetime': (now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=h)).isoformat(), "
    "'condition': 'sunny', 'temperature': 7.5, 'cloud_coverage': 30, 'wind_speed': 36}] %}{% endfor %}{{ ns.l }}"
)
CARBON = (
    "{% set ns = namespace(l=[]) %}{% for slot in range(48) %}{% set ns.l = ns.l + [{"
    "'from': (today_at() + timedelta(minutes=30 * slot)).isoformat(), "
    "'to': (today_at() + timedelta(minutes=30 * (slot + 1))).isoformat(), 'intensity': 200 + slot}] %}"
    "{% endfor %}{{ ns.l }}"
)


def solcast(name: str, day: int) -> dict[str, Any]:
    attributes = {"detailedForecast": LIST.format(day=day, kw=1.5 + day)}
    return {"name": name, "unit_of_measurement": "kWh", "state": "{{ 36 }}", "attributes": attributes}


MORE: dict[str, object] = {
    "energy": None,
    "template": [
        *configuration(0, Path())["template"],
        {
            "sensor": [
                solcast("Solcast PV Forecast Forecast Today", 0),
                solcast("Solcast PV Forecast Forecast Tomorrow", 1),
                {
                    "name": "CO2 intensity",
                    "unit_of_measurement": "gCO2/kWh",
                    "state": "{{ 240 }}",
                    "attributes": {"forecast": CARBON},
                },
                {"name": "Fossil share", "unit_of_measurement": "%", "state": "{{ 38 }}"},
            ]
        },
        {
            "weather": [
                {
                    "name": "Home",
                    "condition_template": "sunny",
                    "temperature_template": "{{ 7 }}",
                    "temperature_unit": "°C",
                    "wind_speed_unit": "km/h",
                    "humidity_template": "{{ 70 }}",
                    "forecast_hourly_template": HOURS,
                }
            ]
        },
    ],
}


def prepare(folder: Path) -> None:
    """Put an integration with a solar forecast, and an entry for each roof, where Home Assistant finds them."""
    home = folder / "custom_components" / "rooftops"
    home.mkdir(parents=True)
    for name, text in INTEGRATION.items():
        (home / name).write_text(textwrap.dedent(text))
    entries = [
        {
            "entry_id": name,
            "version": 1,
            "minor_version": 1,
            "domain": "rooftops",
            "title": name,
            "data": {"minutes": minutes},
            "options": {},
            "pref_disable_new_entities": False,
            "pref_disable_polling": False,
            "source": "user",
            "unique_id": name,
            "disabled_by": None,
        }
        for name, minutes in ROOFS.items()
    ]
    stored = {"version": 1, "minor_version": 1, "key": "core.config_entries", "data": {"entries": entries}}
    (folder / ".storage" / "core.config_entries").write_text(json.dumps(stored))


@pytest.fixture(scope="module")
def sunny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Give a Home Assistant with every kind of forecast."""
    if not HASS.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("no Home Assistant here")
        pytest.skip("no Home Assistant here: script/setup --tests installs it where Python 3.13 is found")
    folder = tmp_path_factory.mktemp("sunny")
    lab = Lab(folder, more=MORE)
    prepare(folder)
    lab.start()
    try:
        lab.wait()
        lab.fresh()
        yield lab
    finally:
        lab.end()


def choose(lab: Lab, *roofs: str) -> None:
    """Choose forecasts in the Energy dashboard, as its page does."""
    sources = [
        {"type": "solar", "stat_energy_from": f"sensor.{roof}_energy", "config_entry_solar_forecast": [roof]}
        for roof in roofs
    ]
    lab.ask("energy/save_prefs", energy_sources=sources)


def issued_by(lab: Lab, folder: Path, extra: str, quantities: set[str]) -> dict[str, IssuedForecast]:
    """Return what a live home issues of these quantities, by quantity."""
    found: dict[str, IssuedForecast] = {}

    async def scenario() -> None:
        async with rig(configured(lab, folder, extra=extra)) as home:

            def all_there() -> bool:
                found.update({issued.quantity: issued for issued in home.home.issued()})
                return quantities <= set(found)

            await until(all_there, 30)
            assert home.home.forecasts.problems() == []

    asyncio.run(scenario())
    return found


def test_the_dashboards_forecast_is_the_sum_of_the_chosen_roofs(sunny: Lab, tmp_path: Path) -> None:
    choose(sunny, "south", "west")
    issued = issued_by(sunny, tmp_path, "solar: {forecast: home_assistant}\n", {"pv_kw"})["pv_kw"]
    assert issued.provider == "home_assistant:south+west"
    assert issued.grid.step == timedelta(minutes=15)
    assert issued.mean == pytest.approx(2.0)
    choose(sunny, "west")
    (tmp_path / "one").mkdir()
    issued = issued_by(sunny, tmp_path / "one", "solar: {forecast: home_assistant}\n", {"pv_kw"})["pv_kw"]
    assert issued.mean == pytest.approx(1.0)


def test_sensors_weather_and_carbon_are_read_as_they_are(sunny: Lab, tmp_path: Path) -> None:
    extra = f"solar: {{forecast: {ENTITIES}}}\nhome: {{weather: weather.home}}\ncarbon: sensor.co2_intensity\n"
    wanted = {"pv_kw", "temp_c", "cloud_fraction", "wind_m_s", "carbon_g_per_kwh"}
    found = issued_by(sunny, tmp_path, extra, wanted)
    solar = found["pv_kw"]
    assert (solar.grid.count, solar.grid.step) == (96, timedelta(minutes=30))
    assert (solar.mean[0], solar.mean[-1]) == (1.5, 2.5)
    assert solar.low is not None
    assert solar.low[0] == 0.5
    assert found["temp_c"].mean[0] == 7.5
    assert found["wind_m_s"].mean[0] == pytest.approx(10)
    assert found["temp_c"].grid.count == 24
    assert found["carbon_g_per_kwh"].mean[1] == 201
    assert abs(solar.issued_at - datetime.now(UTC)) < timedelta(minutes=2)


def test_a_dashboard_without_a_forecast_is_named_and_asked_again(sunny: Lab, tmp_path: Path) -> None:
    choose(sunny)

    async def scenario() -> None:
        async with rig(configured(sunny, tmp_path, extra="solar: {forecast: home_assistant}\n")) as home:
            live = home.home.forecasts
            await until(live.problems, 20)
            assert "the Energy dashboard has no solar forecast; choose a forecast in Settings" in live.problems()[0]
            assert home.home.link.status.up

    asyncio.run(scenario())


def test_a_running_agent_keeps_what_was_issued_and_shows_it(sunny: Lab, tmp_path: Path) -> None:
    choose(sunny, "south", "west")
    path = tmp_path / "config.yaml"
    extra = "solar: {forecast: home_assistant}\nhome: {weather: weather.home}\ncarbon: sensor.co2_intensity\n"
    path.write_text(config_yaml(sunny, mode="advise", extra=extra))

    def shown() -> dict[str, Any]:
        done = homeagent("forecasts", "--store", path.parent / "homeagent.db", "--json")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return {row["quantity"]: row for row in rows}

    with running(path) as agent:
        wait_for(lambda: {"pv_kw", "temp_c", "carbon_g_per_kwh"} <= set(shown()), 60, agent.said)
        assert agent.get("health")["degraded"] == []
        agent.stop()
    with running(path) as agent:  # nothing has changed since: nothing is noted twice
        wait_for(lambda: agent.get("plan")["outcome"] is not None, 20, agent.said)
        time.sleep(3)
    rows = shown()
    assert rows["pv_kw"]["kept"] == 1
    assert (rows["pv_kw"]["used"], rows["pv_kw"]["provider"]) == (False, "home_assistant:south+west")
    assert rows["pv_kw"]["why"].startswith("too young: 0 of 3 days")


def test_the_check_looks_at_the_forecasts_too(sunny: Lab, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    extra = "solar: {forecast: sensor.co2_intensity}\nhome: {weather: weather.hom}\ncarbon: sensor.fossil_share\n"
    path.write_text(config_yaml(sunny, extra=extra))
    with pytest.raises(InputError) as caught:
        check_online(path, load_config(path))
    told = str(caught.value)
    assert "solar.forecast: sensor.co2_intensity holds no solar forecast" in told
    assert "did you mean weather.home?" in told
    assert "carbon: sensor.fossil_share: it is a share in %" in told
