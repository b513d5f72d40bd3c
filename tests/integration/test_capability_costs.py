"""What poor inverters cost: the shipped numbers are of these profiles, plausible, and can be had again."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from homeagent.agent.capability_costs import WITH_LEAST, measure
from homeagent.cli import main
from homeagent.config.capability import profile_capability
from homeagent.config.profile_costs import as_json, from_json, plain, shipped_costs
from homeagent.config.profile_files import load_profile, load_profiles
from homeagent.domain.errors import InputError
from homeagent.domain.inverter import InverterCapability

BATTERIES = [profile for profile in load_profiles() if profile.kind == "battery"]


def test_every_batterys_profile_was_measured_as_it_is_now() -> None:
    costs = shipped_costs()
    for profile in BATTERIES:
        assert dict(costs.capabilities[profile.name]) == plain(profile_capability(profile)), profile.name
    names = {name.removesuffix(WITH_LEAST) for name in costs.by_profile}
    assert names == {profile.name for profile in BATTERIES}


def test_the_shipped_numbers_are_plausible() -> None:
    costs = shipped_costs()
    assert len(costs.seeds) >= 5
    assert costs.saved_per_year > 0
    for name, cost in costs.by_profile.items():
        assert cost.low_per_year <= cost.per_year <= cost.high_per_year, name
        assert -0.02 <= cost.share < 0.6, name
        assert cost.share == pytest.approx(cost.per_year / costs.saved_per_year, abs=1e-3)
    assert costs.by_profile["solax_modbus"].share < 0.02  # it follows the load
    assert costs.by_profile["teslemetry_powerwall"].share > costs.by_profile["solax_modbus"].share


def test_a_short_measurement_agrees_with_what_is_shipped() -> None:
    """One home, three days: a reserve loses clearly, one that follows the load next to nothing."""
    profiles = [load_profile("solax_modbus"), load_profile("teslemetry_powerwall")]
    seen: list[tuple[int, int]] = []
    costs = measure(
        profiles, lambda done, total: seen.append((done, total)), seeds=(2,), days=3, starts=(date(2025, 4, 7),)
    )
    solax, powerwall = costs.by_profile["solax_modbus"], costs.by_profile["teslemetry_powerwall"]
    assert abs(solax.share) < 0.05
    assert powerwall.share > solax.share
    assert seen[-1] == (3, 3)
    assert from_json(as_json(costs)) == costs


def test_what_was_never_measured_has_no_cost() -> None:
    odd = InverterCapability(control="modes", power_step_kw=0.7)
    assert shipped_costs().of("solax_modbus", odd) is None
    assert shipped_costs().of("mine", profile_capability(load_profile("solax_modbus"))) is not None


def test_only_batteries_can_be_measured() -> None:
    with pytest.raises(InputError, match="has nothing to measure"):
        measure([load_profile("switch")], lambda _done, _total: None)


def test_the_list_and_one_profile_are_printed(tmp_path: Path) -> None:
    listed = CliRunner().invoke(main, ["profiles", "--config", str(tmp_path / "config.yaml")])
    assert listed.exit_code == 0
    assert "solaredge_modbus_multi" in listed.output
    assert "simulated, not measured" in listed.output
    one = CliRunner().invoke(main, ["profiles", "fronius_modbus"])
    for words in (
        "to charge, in this order",
        "set charge_power to {{ power_w }}",
        "a year",
        "multiples of 10 W",
        "README",
    ):
        assert words in one.output
    whole = json.loads(CliRunner().invoke(main, ["profiles", "--json"]).output)
    assert [row["name"] for row in whole] == [profile.name for profile in load_profiles()]
    assert all(math.isfinite(row["cost"]["share"]) for row in whole if row["kind"] == "battery")
    alone = json.loads(CliRunner().invoke(main, ["profiles", "victron", "--json"]).output)
    assert alone["verbs"]["hold"][0] == {
        **alone["verbs"]["hold"][0],
        "set": "discharge_limit",
        "to": 0.0,
    }


def test_a_profile_that_does_not_exist_is_named_with_the_nearest() -> None:
    done = CliRunner().invoke(main, ["profiles", "victrn"])
    assert done.exit_code == 2
    assert "did you mean victron?" in done.output
