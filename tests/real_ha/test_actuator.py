"""Supervised tests of devices that obey and of each kind that does not; they are left as they were found."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from real_ha.agent_config import config_yaml
from real_ha.lab import Lab, in_thread
from real_ha.process import HOMEAGENT, wait_for
from real_ha.rig import until

from homeagent.agent.live.actuator_bench import Pace
from homeagent.agent.live.actuator_course import NotTestedError
from homeagent.agent.live.actuator_test import announcement, run_test
from homeagent.config import load_config
from homeagent.domain.actuator import ActuatorReport, Progress, Setting, Tried
from homeagent.domain.errors import StoreError
from homeagent.store import Store
from homeagent.store.ledger import ledger

ANSWER_S = 4
PACE = Pace(total_s=24, back_s=5, first_s=6.5, rest_s=1, steady_s=2)
PRESS = ", {press: button.button_apply}"
CASES: dict[str, dict[str, str]] = {
    "good": {"battery": "good"},
    "deaf": {"battery": "deaf", "within": "5"},
    "late": {"battery": "late", "answer": "2", "within": "5"},
    "stuck": {"battery": "stuck", "within": "5"},
    "button": {"battery": "button", "press": PRESS},
    "wrong commands": {"battery": "reset", "charge": "discharge", "sell": "charge"},
    "wrong meter": {"battery": "ranged", "meter": "{entity: sensor.ranged_battery_power, positive: charge}"},
}


def configured(lab: Lab, folder: Path, **changes: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(config_yaml(lab, mode="advise", **changes))
    return path


async def outcome_of(
    path: Path,
    device: str = "battery",
    *,
    pace: Pace = PACE,
    show: Callable[[Progress], None] = lambda _progress: None,
    stop: asyncio.Event | None = None,
) -> ActuatorReport:
    return await run_test(path, load_config(path), device, on_progress=show, stop=stop, pace=pace)


@pytest.fixture(scope="module")
def reports(_shared: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ActuatorReport]:
    """Test all batteries at the same time."""
    lab, folder = _shared, tmp_path_factory.mktemp("actuators")
    lab.fresh()
    lab.sim(late=ANSWER_S)
    paths = [configured(lab, folder / name.replace(" ", "_"), **changes) for name, changes in CASES.items()]

    async def all_of_them() -> list[ActuatorReport]:
        return await asyncio.gather(*map(outcome_of, paths))

    return dict(zip(CASES, in_thread(all_of_them()), strict=True))


def of(report: ActuatorReport, verb: str) -> Tried:
    return next(one for one in report.tried if one.verb == verb)


def numbers(report: ActuatorReport) -> dict[str, Setting]:
    return {".".join(number.key): number.value for number in report.numbers}


def verdicts(report: ActuatorReport) -> dict[str, str]:
    return {one.verb: one.verdict for one in report.tried}


def test_a_battery_that_obeys_works_in_every_way(reports: dict[str, ActuatorReport]) -> None:
    for name in ("good", "button"):
        report = reports[name]
        assert report.works
        assert set(verdicts(report)) == {"charge", "hold", "discharge", "self_consumption"}
        assert of(report, "charge").reached_kw == pytest.approx(of(report, "charge").asked_kw, abs=0.01)
        assert (of(report, "charge").answer_seconds or 0.0) < 3
        assert numbers(report)["battery.steering.proof.tolerance_kw"] == 0.1
        assert not any(key.startswith(("meters", "battery.inverter")) for key in numbers(report))


def test_a_late_answer_is_measured_in_its_size(reports: dict[str, ActuatorReport]) -> None:
    report = reports["late"]
    for verb in ("charge", "self_consumption"):
        assert of(report, verb).verdict == "works"
        assert of(report, verb).answer_seconds == pytest.approx(ANSWER_S, abs=2)
    assert "no time for it" in of(report, "discharge").seen
    assert numbers(report)["battery.steering.answer_seconds"] in {8, 10}
    assert numbers(report)["battery.steering.proof.within_seconds"] in {20, 30}


@pytest.mark.parametrize(("name", "why"), [("deaf", "does not reach the device"), ("stuck", "do not keep the value")])
def test_an_echo_and_a_silence_are_told_apart(reports: dict[str, ActuatorReport], name: str, why: str) -> None:
    report = reports[name]
    assert not report.works
    assert of(report, "charge").verdict == "no effect"
    assert why in of(report, "charge").seen
    assert of(report, "discharge").verdict == "not tried"
    assert report.numbers == ()


def test_a_meter_that_counts_backwards_is_told_from_commands_that_do(reports: dict[str, ActuatorReport]) -> None:
    meter, commands = reports["wrong meter"], reports["wrong commands"]
    assert any("battery's meter counts backwards" in warning for warning in meter.warnings)
    assert numbers(meter)["meters.battery"] == {"entity": "sensor.ranged_battery_power", "positive": "discharge"}
    assert verdicts(meter) == dict.fromkeys(("charge", "hold", "discharge", "self_consumption"), "works")
    assert any("commands are the wrong way round" in warning for warning in commands.warnings)
    assert "meters.battery" not in numbers(commands)
    wanted = {"charge": "wrong way", "discharge": "wrong way", "hold": "works", "self_consumption": "works"}
    assert verdicts(commands) == wanted


def test_what_may_set_the_same_entities_is_named(reports: dict[str, ActuatorReport]) -> None:
    assert any("automation.meddler may set select.good_mode" in warning for warning in reports["good"].warnings)
    assert reports["deaf"].warnings == ()


def shown(lab: Lab) -> tuple[str, float]:
    return lab.state("select.good_mode"), float(lab.state("number.good_power"))


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_stop_in_the_middle_gives_back_what_stood_before(lab: Lab, tmp_path: Path, *, cancelled: bool) -> None:
    async def scenario() -> None:
        lab.call("number.set_value", "number.good_power", value=700)
        lab.call("select.select_option", "select.good_mode", option="hold")
        stop, told = asyncio.Event(), []
        path = configured(lab, tmp_path)
        test = asyncio.create_task(outcome_of(path, show=lambda now: told.append(now.told), stop=stop))
        await until(lambda: shown(lab)[0] == "charge", 20)
        if cancelled:
            test.cancel()
            with pytest.raises(asyncio.CancelledError):
                await test
        else:
            stop.set()
            report = await test
            assert report.ended == "it was stopped"
            assert report.not_restored == ()
            assert any("did not cover the home" in warning for warning in report.warnings)
        assert shown(lab) == ("hold", 700)
        assert any(words.startswith("charge with") for words in told)
        with Store.open(tmp_path / "homeagent.db") as store:
            entries = ledger(tmp_path / "homeagent.db", 10)
            assert store.devices_left(datetime.now(UTC) + timedelta(days=1)) == []
        assert "supervised test" in entries[-1].why

    asyncio.run(scenario())


def test_the_command_says_asks_and_ends_at_an_interrupt(lab: Lab, tmp_path: Path) -> None:
    path = configured(lab, tmp_path)
    command = [str(HOMEAGENT), "test-device", str(path), "battery"]
    declined = subprocess.run(command, input="n\n", capture_output=True, text=True, check=False, timeout=60)
    assert declined.returncode == 0
    assert "afterwards they get back what they show now" in declined.stdout
    assert "nothing was done" in declined.stdout
    with subprocess.Popen([*command, "--yes"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        wait_for(lambda: shown(lab)[0] == "charge", 30)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "It ended early: it was stopped" in said
    assert shown(lab) == ("auto", 0)


def test_a_test_that_was_killed_owes_the_safe_state(lab: Lab, tmp_path: Path) -> None:
    """Nothing can be given back then; but the next run in control brings the device to its safe state."""
    path = configured(lab, tmp_path)
    command = [str(HOMEAGENT), "test-device", str(path), "battery", "--yes"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: shown(lab)[0] == "charge", 30)
        process.kill()
    with Store.open(tmp_path / "homeagent.db") as store:
        assert store.devices_left(datetime.now(UTC)) == []
        assert store.devices_left(datetime.now(UTC) + timedelta(minutes=3)) == ["battery"]


def test_a_person_ends_it_and_keeps_what_they_set(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        path = configured(lab, tmp_path)
        test = asyncio.create_task(outcome_of(path))
        await until(lambda: shown(lab)[0] == "charge", 20)
        lab.call("select.select_option", "select.good_mode", option="discharge")
        report = await test
        assert "a person set select.good_mode to discharge" in (report.ended or "")
        assert shown(lab) == ("discharge", 0)

    asyncio.run(scenario())


def test_it_does_not_begin_where_it_should_not(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        path = configured(lab, tmp_path)
        with lab.witness() as witness:
            lab.sim(soc=98)
            with pytest.raises(NotTestedError, match="too full"):
                await outcome_of(path)
            lab.sim(soc=12)
            with pytest.raises(NotTestedError, match="too empty"):
                await outcome_of(path)
            with Store.open(tmp_path / "homeagent.db"), pytest.raises(StoreError, match="another homeagent"):
                await outcome_of(path)
        assert not any(entity.startswith(("select.good", "number.good")) for _action, entity in witness.writes())

    asyncio.run(scenario())


def test_switch_and_thermostat_are_switched_and_left_as_they_were(lab: Lab, tmp_path: Path) -> None:
    async def both() -> list[ActuatorReport]:
        paths = [(configured(lab, tmp_path / name), name) for name in ("boiler", "living_room")]
        return await asyncio.gather(*(outcome_of(path, name) for path, name in paths))

    boiler, room = asyncio.run(both())
    assert boiler.works
    assert verdicts(boiler) == {"on": "works", "off": "works"}
    assert numbers(boiler)["appliances.boiler.steering.proof.within_seconds"] in {10, 15}
    assert lab.state("switch.boiler") == "off"
    assert room.works
    assert [one.told for one in room.tried] == ["heat to 22 degC", "heat to 18 degC"]
    assert lab.get("/api/states/climate.living_room")["attributes"]["temperature"] == 19


def test_it_says_what_it_will_do(lab: Lab, tmp_path: Path) -> None:
    path = configured(lab, tmp_path)
    said = " ".join(announcement(path, load_config(path), "battery"))
    assert "number.good_power, select.good_mode" in said
    assert "2 minutes" in said
