"""Prices that a real Home Assistant's actions answer with: Nord Pool's as its integration does, and a script's."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from price_fixtures import BERLIN, QUARTER, edges
from real_ha.agent_config import config_yaml
from real_ha.lab import HASS, Lab
from real_ha.process import homeagent
from real_ha.rig import rig, until

from homeagent.config import Config, load_config
from homeagent.domain.prices import PublishedPrices

IMPORT = "  import: sensor.electricity_price\n"
ENTRY = "01JNORDPOOL0000000000000000"
NORD_POOL = '''
"""Stands for the integration of this name: the same action, the same answer, the same refusal."""
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo
import voluptuous as vol
from homeassistant.core import SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv

SCHEMA = vol.Schema({
    vol.Required("config_entry"): str, vol.Required("date"): cv.date,
    vol.Optional("areas"): vol.All(vol.In(["SE3", "SE4"]), cv.ensure_list, [str]),
    vol.Optional("currency"): str,
})

async def async_setup_entry(hass, entry):
    async def prices(call):
        if call.data["config_entry"] != entry.entry_id:
            raise ServiceValidationError("The Nord Pool integration is not configured")
        zone = ZoneInfo("Europe/Berlin")
        day = call.data["date"]
        if day > datetime.now(zone).date() and hass.states.is_state("input_boolean.sim_meddle", "off"):
            raise ServiceValidationError("No data available", translation_key="empty_response")
        utc = ZoneInfo("UTC")
        start, end = (datetime(d.year, d.month, d.day, tzinfo=zone).astimezone(utc) for d in (day, day + timedelta(1)))
        slots = [start + timedelta(minutes=15 * k) for k in range((end - start) // timedelta(minutes=15))]
        return {area: [
            {"start": at.isoformat(), "end": (at + timedelta(minutes=15)).isoformat(), "price": 100.0 + at.hour}
            for at in slots
        ] for area in call.data.get("areas", ["SE3", "SE4"])}

    hass.services.async_register(
        "nordpool", "get_prices_for_date", prices, schema=SCHEMA, supports_response=SupportsResponse.ONLY
    )
    return True
'''
FLOW = """
from homeassistant.config_entries import ConfigFlow

class NordPoolFlow(ConfigFlow, domain="nordpool"):
    VERSION = 1
"""
HOURS = (
    "{% set ns = namespace(l=[]) %}{% for h in range(48) %}"
    "{% set ns.l = ns.l + [{'at': (today_at('00:00') + timedelta(hours=h)).isoformat(), 'cost': 20 + h}] %}"
    "{% endfor %}{{ {'hours': ns.l} }}"
)
SCRIPT = {
    "spot_prices": {
        "sequence": [{"variables": {"answer": HOURS}}, {"stop": "answered", "response_variable": "answer"}],
    }
}


def _with_nord_pool(folder: Path) -> None:
    component = folder / "custom_components" / "nordpool"
    component.mkdir(parents=True)
    (component / "__init__.py").write_text(NORD_POOL)
    (component / "config_flow.py").write_text(FLOW)
    manifest = {"domain": "nordpool", "name": "Nord Pool", "version": "1.0.0", "codeowners": [], "documentation": ""}
    (component / "manifest.json").write_text(json.dumps(manifest | {"requirements": [], "dependencies": []}))
    entry = {"entry_id": ENTRY, "domain": "nordpool", "title": "Nord Pool", "data": {}, "options": {}, "version": 1}
    entry |= {"minor_version": 1, "source": "user", "unique_id": None, "disabled_by": None, "discovery_keys": {}}
    entry |= {"pref_disable_new_entities": False, "pref_disable_polling": False, "subentries": []}
    entry |= dict.fromkeys(("created_at", "modified_at"), "2025-01-01T00:00:00+00:00")
    stored = {"version": 1, "minor_version": 5, "key": "core.config_entries", "data": {"entries": [entry]}}
    (folder / ".storage" / "core.config_entries").write_text(json.dumps(stored))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Give a Home Assistant of this file's own."""
    if not HASS.exists():
        reason = "no Home Assistant here: script/setup --tests installs it where Python 3.13 is found"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("home_assistant")
    lab = Lab(folder, more={"script": SCRIPT})
    _with_nord_pool(folder)
    lab.start()
    lab.wait()
    lab.fresh()
    yield lab
    lab.end()


def configured(lab: Lab, folder: Path, imports: str) -> Config:
    text = config_yaml(lab, mode="advise", extra="home: {timezone: Europe/Berlin, currency: EUR}")
    assert IMPORT in text
    path = folder / "config.yaml"
    path.write_text(text.replace(IMPORT, f'  import: {imports}\n  published_at: "00:00"\n'))
    return load_config(path)


async def first(config: Config) -> tuple[PublishedPrices, list[str]]:
    """Return the first prices that a live home publishes, and what it finds wrong with them."""
    found: list[PublishedPrices] = []
    async with rig(config) as running:

        def looked() -> bool:
            new = running.home.prices.published()
            found.extend([] if new is None else [new])
            return bool(found)

        await until(looked, 20)
        return found[0], running.home.prices.problems()


NORD_POOL_TARIFF = "{spot: {integration: nordpool, area: SE3}, markup_per_kwh: 0.02, vat: 0.25}"


@pytest.mark.parametrize("there", [True, False])
def test_nord_pool_is_asked_by_the_name_of_its_integration(lab: Lab, tmp_path: Path, *, there: bool) -> None:
    lab.sim(meddle=there)  # its tomorrow is published
    found, problems = asyncio.run(first(configured(lab, tmp_path, NORD_POOL_TARIFF)))
    today = datetime.now(BERLIN).date()
    days = [today, today + timedelta(days=1)] if there else [today]
    slots = [start.astimezone(UTC) for day in days for start in edges(day, BERLIN, QUARTER)[:-1]]
    assert found.grid.starts() == slots
    assert found.import_per_kwh == pytest.approx([((100 + at.hour) / 1000 + 0.02) * 1.25 for at in slots])
    assert ("tomorrow's prices should be there since 00:00" in str(problems)) is not there


def test_check_config_explains_and_finds_actions(lab: Lab, tmp_path: Path) -> None:
    configured(lab, tmp_path, NORD_POOL_TARIFF)
    done = homeagent("check-config", tmp_path / "config.yaml")
    assert done.returncode == 0, done.stderr
    assert "import price: the spot price of nordpool.get_prices_for_date of SE3 + 0.02; VAT of 0.25" in done.stdout
    configured(lab, tmp_path, "{spot: {action: script.spot_price, start: at, value: cost, unit: ct/kWh}}")
    done = homeagent("check-config", tmp_path / "config.yaml")
    assert done.returncode == 2
    assert "script.spot_price is no action of Home Assistant; did you mean script.spot_prices" in done.stderr
    configured(lab, tmp_path, "sensor.good_grid_power")
    done = homeagent("check-config", tmp_path / "config.yaml")
    assert done.returncode == 2
    assert "sensor.good_grid_power: lists no prices in a shape that is known; its attributes are" in done.stderr


def test_check_config_tells_the_price_now(lab: Lab, tmp_path: Path) -> None:
    lab.sim(prices="0.25")
    configured(lab, tmp_path, "{spot: sensor.electricity_price, tax_per_kwh: 0.05, vat: 0.2}")
    done = homeagent("check-config", tmp_path / "config.yaml")
    assert done.returncode == 0, done.stderr
    assert "prices now: import 0.3600, export 0.0500 EUR/kWh, in slots of" in done.stdout


def test_any_action_that_answers_can_be_described(lab: Lab, tmp_path: Path) -> None:
    described = "{action: script.spot_prices, list: hours, start: at, value: cost, unit: ct/kWh}"
    found, _ = asyncio.run(first(configured(lab, tmp_path, f"{{spot: {described}}}")))
    assert found.grid.count == 48
    assert found.import_per_kwh == pytest.approx([(20 + hour) / 100 for hour in range(48)])
