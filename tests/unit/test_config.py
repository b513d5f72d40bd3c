"""What the owner of a configuration sees: every problem at once, each with its line, value and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from homeagent.cli import main
from homeagent.config import check_config, load_config, load_scenario
from homeagent.config.settings import Settings
from homeagent.domain.effort import HostRules
from homeagent.domain.errors import InputError
from homeagent.domain.learning import Offload, TlsFiles

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.yaml"
SMALL = "battery: {capacity_kwh: 10, max_charge_kw: 5, max_discharge_kw: 5}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_config(write(folder, text))
    return [str(issue) for issue in caught.value.issues]


def models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - annotations are of any kind
    """Yield the settings inside an annotation: optional ones, entries of lists and mappings."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


def keys(model: type[BaseModel], head: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        sections = list(models(field.annotation))
        for section in sections:
            yield from keys(section, f"{head}{field.alias or name}.")
        if not sections:
            yield head + (field.alias or name)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    (tmp_path / "secrets.yaml").write_text("home_assistant_token: not-a-real-one\n")
    return write(tmp_path, EXAMPLE.read_text())


def test_the_example_loads_and_its_meaning_is_told(example: Path) -> None:
    done = CliRunner().invoke(main, ["check-config", "--offline", str(example)])
    assert done.exit_code == 0, done.output
    assert "10 kWh, of which 1 kWh stay" in done.output
    assert "import up to 17 kW" in done.output
    assert "mode: advise" in done.output


def test_the_example_asks_for_its_secret() -> None:
    done = CliRunner().invoke(main, ["check-config", str(EXAMPLE)])
    assert done.exit_code == 2
    assert "add it to secrets.yaml" in done.output


@pytest.mark.parametrize("key", sorted(set(keys(Settings))))
@pytest.mark.parametrize("file", ["config.example.yaml", "docs/configuration.md"])
def test_every_key_is_in_the_example_and_in_the_docs(file: str, key: str) -> None:
    assert re.search(rf"\b{key.rsplit('.', 1)[-1]}\b", (ROOT / file).read_text())


def test_three_keys_are_enough(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SMALL))
    assert config.site.battery.capacity_kwh == 10
    assert config.site.prices.known == "day_ahead"


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = "battery:\n  max_chrage_kw: 5\n  max_discharge_kw: 5000\n  charge_efficiency: 95\nhome: {timezone: Berlin}\n"
    told = problems(tmp_path, text)
    assert any("battery.capacity_kwh" in line and "is missing" in line for line in told)
    assert any("line 2" in line and "did you mean max_charge_kw?" in line for line in told)
    assert any("line 3" in line and "watts? write 5" in line for line in told)
    assert any("line 4" in line and "per cent? write 0.95" in line for line in told)
    assert any("line 5" in line and "Europe/Berlin" in line for line in told)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("", "is empty"),
        ("battery: {", "no valid YAML"),
        ("- 1\n- 2\n", "no mapping"),
        ("battery: 5\n", "no group of keys"),
        (SMALL + "batery: {}\n", "did you mean battery?"),
        (SMALL + "battery: {}\n", "twice"),
        (SMALL + "peak_charge: {tiers: [[4, 10], [2, 5]]}\n", "do not rise"),
        (SMALL + "peak_charge: {}\n", "either tiers or per_kw"),
        (SMALL + "prices: {published_at: 25:00}\n", "published_at"),
        (SMALL + "thinking: {step_minutes: 7}\n", "15, 30 or 60"),
        (SMALL + "learning: {offload: 192.168.1.20}\n", "line 2: learning.offload: is no address of a Dask scheduler"),
        (SMALL + "learning: {offload: 'http://host:8786'}\n", "write tcp://host:8786"),
        (SMALL + "learning: {offload: 'tcp://host:99999'}\n", "write tcp://host:8786"),
        (SMALL + "learning: {offload: 'tls://host:8786'}\n", "add tls: with the files ca, cert and key"),
        (SMALL + "learning: {tls: {ca: a, cert: b, key: c}}\n", "write offload: tls://host:8786"),
        (SMALL + "learning: {offload: 'tls://host:1', tls: {ca: a}}\n", "learning.tls.cert: is missing"),
        (SMALL.replace("10", ".nan"), "capacity_kwh"),
        (SMALL.replace("10", "ten"), "capacity_kwh"),
        (SMALL.replace("10}", "10, initial_soc: 0.5}").replace("kwh: 10", "kwh: 10, initial_soc: 0.5"), "backtests"),
    ],
)
def test_a_bad_file_gets_a_plain_line(tmp_path: Path, text: str, needle: str) -> None:
    assert any(needle in line for line in problems(tmp_path, text))


def test_a_missing_and_a_binary_file_are_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["check-config", str(tmp_path / "none.yaml")])
    assert done.exit_code == 2
    assert "is not there; make one: homeagent setup" in done.stderr
    (tmp_path / "config.yaml").write_bytes(bytes(range(256)))
    assert CliRunner().invoke(main, ["check-config", str(tmp_path / "config.yaml")]).exit_code == 2


def test_secrets_and_environment_are_filled_in_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secrets.yaml").write_text("size: 12\nbad: hunter2\n")
    monkeypatch.setenv("HOME_POWER", "4")
    text = "battery: {capacity_kwh: !secret size, max_charge_kw: !env HOME_POWER, max_discharge_kw: 5}\n"
    config = load_config(write(tmp_path, text))
    assert (config.site.battery.capacity_kwh, config.site.battery.max_charge_kw) == (12, 4)
    told = problems(tmp_path, text.replace("!secret size", "!secret bad"))
    assert any("capacity_kwh" in line for line in told)
    assert not any("hunter2" in line for line in told)
    assert any("none_such" in line for line in problems(tmp_path, text.replace("!secret size", "!secret none_such")))
    assert any("NONE_SUCH" in line for line in problems(tmp_path, text.replace("HOME_POWER", "NONE_SUCH")))


def test_each_file_of_tls_that_is_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    text = (
        SMALL + "learning:\n  offload: tls://[fe80::1]:8786\n  tls:\n    ca: ca.pem\n    cert: c.pem\n    key: k.pem\n"
    )
    told = problems(tmp_path, text)
    assert [line.partition(" (")[0] for line in told] == [
        "line 6: learning.tls.cert: is not there",
        "line 7: learning.tls.key: is not there",
    ]
    for name in ("c.pem", "k.pem"):
        (tmp_path / name).touch()
    learning = load_config(write(tmp_path, text)).learning
    assert learning is not None
    assert learning.offload == Offload(
        address="tls://[fe80::1]:8786",
        tls=TlsFiles(ca=tmp_path / "ca.pem", cert=tmp_path / "c.pem", key=tmp_path / "k.pem"),
    )


def test_what_offload_means_is_told(tmp_path: Path) -> None:
    told = "\n".join(check_config(write(tmp_path, SMALL + "learning: {offload: 'tcp://host.local:8786'}\n")))
    assert "learning: trained by tcp://host.local:8786; here, some hours later, where that does not work" in told
    assert "anybody on the network may listen and answer" in told


def test_a_scenario_is_a_configuration_with_a_start(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, SMALL.replace("5}", "5, initial_soc: 0.2}")))
    assert scenario.initial_soc_kwh == pytest.approx(2)


def test_what_is_said_of_the_machine_and_of_waiting(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SMALL))
    assert config.host == HostRules(hot_c=None, low_battery=0.2)
    assert config.learning is not None
    assert config.learning.wait == timedelta(days=1)
    said = "thinking: {hot_c: 60, low_battery_percent: 35}\nlearning: {wait_hours: 6}\n"
    config = load_config(write(tmp_path, SMALL + said))
    assert config.host == HostRules(hot_c=60.0, low_battery=0.35)
    assert config.learning is not None
    assert config.learning.wait == timedelta(hours=6)
    assert load_config(write(tmp_path, SMALL + "thinking: {spare_machine: false}\n")).host is None
    found = problems(tmp_path, SMALL + "thinking: {hot_c: 200}\nlearning: {wait_hours: 100}\n")
    assert len(found) == 2
