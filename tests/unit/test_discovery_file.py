"""The configuration that discovery writes is read back as it was meant, and no file is ever written over."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from surveys import NOW, Home

from homeagent.agent.discovery.understanding import understand
from homeagent.agent.discovery.yaml_text import config_text, write_config
from homeagent.config import load_config
from homeagent.domain.discovery import Finding, Understanding
from homeagent.domain.errors import InputError

URL = "http://homeassistant.local:8123"


def whole() -> Understanding:
    home = Home()
    home.power("sensor.grid_power", {"grid": -1})
    home.power("sensor.pv_power", "pv")
    home.power("sensor.battery_discharge_power", "battery+")
    home.power("sensor.battery_charge_power", "battery-")
    home.soc()
    home.prices()
    return understand(home.survey())


def test_it_loads(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    written = write_config(path, config_text(whole(), URL, NOW), "a-token")
    config = load_config(path)
    assert config.wiring is not None
    assert config.wiring.home_assistant.token == "a-token"  # noqa: S105 - of a test
    assert {spec.quantity for spec in config.wiring.meters.powers} == {"grid_kw", "pv_kw", "battery_kw"}
    assert config.mode == "advise"
    assert written == [tmp_path / "secrets.yaml", path]


def test_the_token_is_in_its_own_file_that_others_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    write_config(path, config_text(whole(), URL, NOW), "a-token")
    assert "a-token" not in path.read_text()
    assert stat.S_IMODE((tmp_path / "secrets.yaml").stat().st_mode) == 0o600


def test_no_file_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("mine")
    with pytest.raises(InputError, match="name another"):
        write_config(path, "new", "a-token")
    assert path.read_text() == "mine"
    assert not (tmp_path / "secrets.yaml").exists()


def test_other_secrets_stay(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("wifi: x")
    write_config(tmp_path / "config.yaml", "mode: advise", "a-token")
    assert yaml.safe_load(secrets.read_text()) == {"wifi": "x", "home_assistant_token": "a-token"}
    write_config(tmp_path / "again.yaml", "mode: advise", "a-token")
    with pytest.raises(InputError, match="another home_assistant_token"):
        write_config(tmp_path / "third.yaml", "mode: advise", "b-token")
    assert not (tmp_path / "third.yaml").exists()


TEXTS = st.text(max_size=60)
SCALARS = TEXTS | st.booleans() | st.integers(-1000, 1000) | st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(TEXTS.filter(lambda key: key != "home_assistant"), VALUES, max_size=5), TEXTS)
def test_any_values_are_read_back_as_they_were(values: dict[str, object], text: str) -> None:
    finding = Finding(topic="x", kind="warning", text=f"see {text}", remedy="mend it")
    understanding = Understanding(findings=(finding,), questions=(), values=values, notes=dict.fromkeys(values, text))
    told = config_text(understanding, URL, NOW).replace("!secret ", "")
    expected = {key: value for key, value in values.items() if value not in ({}, None)}
    assert yaml.safe_load(told) == {"home_assistant": {"url": URL, "token": "home_assistant_token"}} | expected
