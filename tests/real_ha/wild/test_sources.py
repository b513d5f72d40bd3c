"""Price lists and solar forecasts of each integration, read live as a configuration names them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from real_ha.rig import rig
from real_ha.wild.conftest import TIME_FACTOR, moved_in
from real_ha.wild.descriptions import device
from real_ha.wild.lab import WildLab
from real_ha.wild.test_profiles import configured, side_by_side

from homeagent.domain.prices import PublishedPrices

OCTOPUS = "event.octopus_energy_electricity_21l4352019_1900012345678"
PRICES: dict[str, tuple[Any, str]] = {
    "nordpool_core": (
        {"integration": "nordpool", "area": "SE3"},
        "(spot() + spot(1)) | priced('start', none, 'price')",
    ),
    "tibber": (
        {"integration": "tibber", "home": "Vitahuset"},
        "(spot(0, 15) + spot(1, 15)) | priced('start', none, 'price', 1.25, 0.09)",
    ),
    "octopus": (
        [f"{OCTOPUS}_current_day_rates", f"{OCTOPUS}_next_day_rates"],
        "(spot(0, 30) + spot(1, 30)[:46]) | priced('start', none, 'price', 1.05, 0.105)",
    ),
    "epex_v3": (
        "sensor.epex_spot_data_total_price",
        "(spot(0, 15) + spot(1, 15)) | priced('start', none, 'price', 1.19, 0.1785)",
    ),
    "entsoe": ("sensor.nl_average_electricity_price", "(spot() + spot(1)) | priced('start', none, 'price', 1.21)"),
    "energidataservice": ("sensor.energi_data_service", "(spot() + spot(1)) | priced('start', none, 'price', 9.3)"),
}
"""By device: what a configuration names, and the prices that it must come to [currency/kWh]."""
ALONE: dict[str, tuple[Any, str]] = {
    "nordpool_hacs": (
        "sensor.nordpool_kwh_fi_eur_3_10_0255",
        "(spot() + spot(1)) | priced('start', none, 'price', 1.255)",
    ),
    "epex_v2": ("sensor.epex_spot_at_price", "(spot() + spot(1)) | priced('start', none, 'price')"),
}
"""The same for devices that share a domain with another of the park."""
CURRENCIES = {"octopus": "GBP", "energidataservice": "DKK"}
SUNS = {
    "solcast": (
        ["sensor.solcast_pv_forecast_forecast_today", "sensor.solcast_pv_forecast_forecast_tomorrow"],
        "(sun(0, 30, 8) + sun(1, 30, 8))",
    ),
    "open_meteo": (
        ["sensor.energy_production_today_home", "sensor.energy_production_tomorrow_home"],
        "(sun(0, 15, 6) + sun(1, 15, 6))",
    ),
}


async def first(ask: Any, within_s: float = 30) -> Any:  # noqa: ANN401 - whatever is asked for
    """Return the first answer that is none of nothing."""
    deadline = time.monotonic() + within_s
    while not (answer := await ask()):
        assert time.monotonic() < deadline, "nothing came"
        await asyncio.sleep(0.2)
    return answer


def read(lab: WildLab, folder: Path, prices: dict[str, tuple[Any, str]]) -> dict[str, str]:
    """Hold what the agent makes of each price list against what it was made from; return what differs."""

    async def script(name: str) -> None:
        named, truth = prices[name]
        spot = named if isinstance(named, str | dict) else [*named]
        more: dict[str, object] = {"prices": {"import": {"spot": spot}, "published_at": "00:00"}}
        if name in CURRENCIES:
            more["home"] = {"currency": CURRENCIES[name]}
        async with rig(configured(lab, name, folder, **more)) as agent:
            found = await first(agent.home.published)
            wanted = await asyncio.to_thread(lab.means, name, f"{{{{ {truth} }}}}")
            assert_same(found, wanted)

    return asyncio.run(side_by_side(script, list(prices)))


def assert_same(found: PublishedPrices, wanted: Sequence[dict[str, Any]]) -> None:
    """See that each slot costs what it should; a day that has turned since shifts nothing."""
    there = 0
    for entry in wanted:
        slot = (datetime.fromisoformat(entry["start"]) - found.grid.start) / found.grid.step
        if 0 <= slot < found.grid.count:
            there += 1
            paid = float(found.import_per_kwh[int(slot)])
            assert abs(paid - entry["price"]) < 0.0011, f"{entry['start']}: {paid}, is {entry['price']}"
    assert there >= len(wanted) - 1, f"{there} of {len(wanted)} slots are there"


def test_each_price_list_comes_to_its_price(park: WildLab, tmp_path: Path) -> None:
    assert read(park, tmp_path, PRICES) == {}


def test_lists_of_domains_that_two_integrations_share(tmp_path: Path) -> None:
    (tmp_path / "ha").mkdir()
    homes = {name: device(name) for name in (*ALONE, "solax")}
    with moved_in(tmp_path / "ha", homes, TIME_FACTOR) as lab:
        assert read(lab, tmp_path, ALONE) == {}


def test_each_solar_forecast_comes_to_its_power(park: WildLab, tmp_path: Path) -> None:
    async def script(name: str) -> None:
        sensors, truth = SUNS[name]
        async with rig(configured(park, name, tmp_path, solar={"forecast": sensors})) as agent:

            async def issued() -> Any:  # noqa: ANN401 - a list of forecasts
                return [forecast for forecast in agent.home.issued() if forecast.quantity == "pv_kw"]

            forecast = (await first(issued))[0]
            slots = await asyncio.to_thread(park.means, name, f"{{{{ {truth} | watts }}}}")
            for start, watts in slots.items():
                slot = int((datetime.fromisoformat(start) - forecast.grid.start) / forecast.grid.step)
                if 0 <= slot < forecast.grid.count and np.isfinite(forecast.mean[slot]):
                    assert abs(forecast.mean[slot] - watts / 1000) < 0.002, start
            assert np.isfinite(forecast.mean).sum() >= len(slots) * 0.4

    assert asyncio.run(side_by_side(script, list(SUNS))) == {}
