"""The keys of prices: what they become, what they come to in words, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from unit.test_wiring import HOME, loaded, refused, wiring

from homeagent.agent.live.price_checks import tariff_lines
from homeagent.domain.tariff import ActionFeed, EntityFeed, fixed
from homeagent.sources.price_doubts import doubt
from homeagent.sources.price_shapes import RESPONSES
from homeagent.sources.tariff_words import sample

DOCS = Path(__file__).parents[2] / "docs" / "tariffs.md"
EXAMPLES = [
    text for text in re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL) if text.startswith("prices:")
]
BEFORE = "prices: {import: sensor.price, export: 0.05}\n"
BERLIN = ZoneInfo("Europe/Berlin")


def priced(text: str) -> str:
    assert BEFORE in HOME
    return HOME.replace(BEFORE, "") + text


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_docs_loads_and_is_told(tmp_path: Path, example: str) -> None:
    config = loaded(tmp_path, priced(example))
    assert config.wiring is not None
    said = "\n".join(tariff_lines(config.wiring.prices, config.site))
    assert said.count("import price: ") == 2
    assert said.count("export price: ") == 2
    assert "nan" not in said


def test_the_docs_have_the_examples() -> None:
    assert len(EXAMPLES) >= 7


def test_short_forms_mean_what_they_say(tmp_path: Path) -> None:
    found = wiring(tmp_path, HOME).prices
    assert found.imports.spot == EntityFeed(entities=("sensor.price",))
    assert found.exports == fixed(0.05)
    assert found.entities() == {"sensor.price"}
    both = wiring(tmp_path, priced("prices: {import: [event.a, event.b]}\n")).prices
    assert both.imports.spot == EntityFeed(entities=("event.a", "event.b"))
    assert both.exports == fixed(0.0)


def test_integrations_stand_for_their_actions(tmp_path: Path) -> None:
    spots = ("{integration: nordpool, area: SE3, currency: SEK}", "{integration: tibber, home: Villa}")
    text = f"prices: {{import: {{spot: {spots[0]}}}, export: {{spot: {spots[1]}}}}}\n"
    found = wiring(tmp_path, priced(text)).prices
    nord_pool, tibber = found.imports.spot, found.exports.spot
    assert isinstance(nord_pool, ActionFeed)
    assert isinstance(tibber, ActionFeed)
    assert nord_pool.action in RESPONSES
    assert tibber.action in RESPONSES
    assert (nord_pool.data, nord_pool.key) == ({"areas": "SE3", "currency": "SEK"}, "SE3")
    assert (tibber.data, tibber.key) == ({}, "Villa")
    fine = wiring(tmp_path, priced(text.replace("SEK}", "SEK, resolution: 15}"))).prices.imports.spot
    assert isinstance(fine, ActionFeed)
    assert fine.action in RESPONSES
    assert fine.data["resolution"] == 15


def test_the_words_and_the_sample_come_to_the_same(tmp_path: Path) -> None:
    text = """prices:
  import:
    spot: sensor.x
    markup_share: 0.03
    markup_per_kwh: 0.02
    grid_fee: [{from: "17:00", to: "21:00", per_kwh: 0.14}, {per_kwh: 0.09}]
    tax_per_kwh: 0.0205
    vat: 0.19
  export: {rates: 0.08, none_at_negative: true}
"""
    config = loaded(tmp_path, priced(text + "home: {timezone: Europe/Berlin, currency: EUR}\n"))
    assert config.wiring is not None
    assert sample(config.wiring.prices.imports, BERLIN, 18) == pytest.approx((0.103 + 0.02 + 0.14 + 0.0205) * 1.19)
    parts = "the spot price of sensor.x + 0.03 of it + 0.02 + grid fee (0.14 17:00-21:00; 0.09 otherwise) + tax 0.0205"
    hours = "0.2779 EUR/kWh at 03:00 and 0.3374 EUR/kWh at 18:00 if the spot price is 0.1"
    assert list(tariff_lines(config.wiring.prices, config.site)) == [
        f"import price: {parts}; VAT of 0.19 on all of it",
        f"import price: on a Wednesday in January that is {hours}",
        "export price: 0.08; nothing while sensor.x is below 0",
        "export price: that is 0.0800 EUR/kWh",
    ]


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ("{import: {spot: sensor.x, vat: 19}}", "per cent? write 0.19"),
        ("{import: {spot: sensor.x, markup_share: 3}}", "per cent? write 0.03"),
        ("{import: {spot: sensor.x, rates: 0.3}}", "needs either spot or rates"),
        ("{import: {markup_per_kwh: 0.3}}", "needs either spot or rates"),
        ("{import: {spot: sensor.x, grid_fe: 0.3}}", "did you mean grid_fee?"),
        ("{import: {rates: [{from: '22:00', to: '06:00', per_kwh: 0.2}]}}", "says nothing on a mon in jan at 06:00"),
        ("{import: {rates: [{from: '22:07', per_kwh: 0.2}, {per_kwh: 1}]}}", "no multiple of 5 minutes"),
        ("{import: {rates: [{from: 22:00, per_kwh: 0.2}]}}", "write a text, in quotes"),
        ("{import: {rates: [{to: '24:30', per_kwh: 0.2}]}}", "is no time of day"),
        ("{import: {rates: [{weekdays: [monday], per_kwh: 0.2}]}}", "write 'mon', 'tue'"),
        ("{import: {rates: 5000}}", "less than or equal to 1000"),
        ("{import: {spot: {entity: sensor.x, area: SE3}}}", "has an entity, and keys of an action"),
        ("{import: {spot: {entity: sensor.x, start: begin}}}", "add list: the attribute that holds it"),
        ("{import: {spot: {entity: sensor.x, list: a, start: begin}}}", "needs start and value together"),
        ("{import: {spot: {entity: sensor.x, unit: EUR}}}", "write e.g. EUR/kWh"),
        ("{import: {spot: {unit: EUR/kWh}}}", "exactly one of entity, integration and action"),
        ("{import: {spot: {integration: nordpool}}}", "add area, e.g. area: SE3"),
        ("{import: {spot: {integration: tibber, area: SE3}}}", "it takes home and unit"),
        ("{import: {spot: {action: vendor.get}}}", "add start, value, unit"),
        ("{import: {spot: sensor.x, spot_includes_vat: true}}", "add vat"),
        ("{import: 0.3, export: {rates: 0.08, none_at_negative: true}}", "add export.judged_by"),
        ("{import: 0.3, export: {rates: 0.08, judged_by: sensor.x}}", "add none_at_negative: true"),
        ("{import: Electricity Price}", "write it as Home Assistant shows it"),
        ("{import: true}", "is no group of keys"),
    ],
)
def test_what_is_wrong_says_what_would_be_right(tmp_path: Path, prices: str, words: str) -> None:
    assert words in refused(tmp_path, priced(f"prices: {prices}\n"))


@pytest.mark.parametrize(
    ("mean", "currency", "words"),
    [
        (0.25, "EUR", None),
        (2.5, "SEK", None),
        (40.0, "JPY", None),
        (25.0, "EUR", "in cents"),
        (85.0, "EUR", "per MWh, write unit: EUR/MWh"),
        (150.0, "SEK", "in cents"),
        (0.00008, "EUR", "not per MWh"),
        (0.002, "EUR", "already"),
        (30.0, "XOF", None),
        (1e9, "EUR", "write its unit beside it"),
    ],
)
def test_a_mean_that_cannot_be_names_the_likely_unit(mean: float, currency: str, words: str | None) -> None:
    said = doubt(np.array([mean, np.nan, mean]), currency)
    assert said is None if words is None else words in str(said)
    assert doubt(np.array([np.nan]), currency) is None
    assert doubt(np.array([0.0]), currency) is None
