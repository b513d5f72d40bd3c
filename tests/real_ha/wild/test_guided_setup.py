"""The guided set-up in a real browser, from the first page to a tried battery, without a line of YAML typed."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from real_ha.lab import free_port
from real_ha.process import HOMEAGENT, wait_for
from real_ha.wild.conftest import moved_in
from real_ha.wild.descriptions import home
from real_ha.wild.lab import WildLab
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from homeagent.config import load_config
from homeagent.config.yaml_lines import read_document

WITHIN_S = 40


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WildLab]:
    with moved_in(tmp_path_factory.mktemp("guided"), {"lab_home": home("lab_home")}) as lab:
        yield lab


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    command = [str(HOMEAGENT), "setup", "--config", str(tmp_path / "config.yaml"), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as setup:
        assert setup.stdout is not None
        assert f":{port}/" in setup.stdout.readline()
        yield f"http://127.0.0.1:{port}/"
        setup.send_signal(signal.SIGINT)
        assert setup.wait(timeout=20) == 0


class Visitor:
    """A person at the page."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self._browser = browser
        # the page draws parts of itself anew while it is looked at
        self._wait = WebDriverWait(browser, WITHIN_S, ignored_exceptions=[StaleElementReferenceException])

    def find(self, selector: str) -> WebElement:
        self._wait.until(lambda browser: browser.find_element(By.CSS_SELECTOR, selector).is_displayed())
        return self._browser.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.find(selector).text

    def click(self, selector: str) -> None:
        element = self.find(selector)
        self._browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def write(self, selector: str, text: str) -> None:
        element = self.find(selector)
        element.clear()
        element.send_keys(text)

    def waits_for(self, words: str, selector: str) -> None:
        self._wait.until(lambda browser: words in browser.find_element(By.CSS_SELECTOR, selector).text)


def test_a_home_is_set_up_without_yaml(lab: WildLab, page: str, tmp_path: Path, browser: webdriver.Chrome) -> None:
    browser.get(page)
    person, token = Visitor(browser), lab.users.tokens["person"]
    person.write("[name=url]", lab.url)
    person.write("[name=token]", "no-token-of-this-home")
    person.click("#connect button")
    person.waits_for("refuses the token", "#trouble")

    person.write("[name=token]", token)
    person.click("#connect button")
    person.waits_for("The house uses 0.42 kW now", "#findings")
    assert token not in browser.page_source
    person.write("[name='battery.capacity_kwh']", "ten")
    person.click("#take-answers")
    person.waits_for("is no number", "#trouble")
    person.write("[name='battery.capacity_kwh']", "10")
    person.click("#take-answers")
    person.waits_for("Price", "[aria-current]")
    person.write("[name=grid_fee]", "0.10")
    person.write("[name=vat]", "19")
    person.click("#tariff button")
    person.waits_for("Write", "[aria-current]")
    assert "A kWh bought now costs" in person.text("#price-text")
    person.click("#write")
    person.waits_for("profile solax_modbus", "#written")

    written: Any = read_document(tmp_path / "config.yaml").values
    assert written["battery"]["capacity_kwh"] == 10
    assert (written["prices"]["import"]["grid_fee"], written["prices"]["import"]["vat"]) == (0.1, 0.19)
    assert token not in (tmp_path / "config.yaml").read_text()
    assert (tmp_path / "secrets.yaml").stat().st_mode & 0o777 == 0o600
    assert load_config(tmp_path / "config.yaml").mode == "advise"

    before = lab.state("select.solax_remotecontrol_power_control")
    person.click(".device button")
    person.waits_for("charge with", "#trial")
    browser.set_window_size(500, 900)
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    person.click(".device button.stop")
    person.waits_for("ended early", "#trial")
    wait_for(lambda: lab.state("select.solax_remotecontrol_power_control") == before, 10)
    log = browser.get_log("browser")  # type: ignore[no-untyped-call]  # selenium is not typed whole
    assert [entry for entry in log if entry["source"] == "javascript"] == []


def post(page: str, act: str, **body: str) -> tuple[int, dict[str, Any]]:
    """Ask for an act as the page does."""
    headers = {"X-Homeagent": "page", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{page}api/v1/setup/{act}", json.dumps(body).encode(), headers)  # noqa: S310 - on loopback
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_file_that_could_not_be_checked_is_checked_again(lab: WildLab, page: str, tmp_path: Path) -> None:
    """Home Assistant goes away between the look and the file: it is written, and its devices come with the next try."""
    assert post(page, "connect", url=lab.url, token=lab.users.tokens["person"])[0] == 200
    assert post(page, "answer", **{"battery.capacity_kwh": "10"})[0] == 200
    lab.end()
    status, told = post(page, "write")
    assert (status, "check home_assistant.url" in told["error"]) == (422, True)
    written = (tmp_path / "config.yaml").read_text()
    lab.start()
    lab.wait()
    status, state = post(page, "write")
    assert (status, state["checked"]) == (200, True)
    assert [device["name"] for device in state["devices"]] == ["battery"]
    assert (tmp_path / "config.yaml").read_text() == written


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_however_the_set_up_ends_a_trial_is_brought_back(lab: WildLab, tmp_path: Path, ending: signal.Signals) -> None:
    port, mode = free_port(), "select.solax_remotecontrol_power_control"
    command = [str(HOMEAGENT), "setup", "--config", str(tmp_path / "config.yaml"), "--port", str(port)]
    before, page = lab.state(mode), f"http://127.0.0.1:{port}/"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as setup:
        assert setup.stdout is not None
        assert f":{port}/" in setup.stdout.readline()
        post(page, "connect", url=lab.url, token=lab.users.tokens["person"])
        post(page, "answer", **{"battery.capacity_kwh": "10"})
        assert post(page, "write")[0] == 200
        assert post(page, "test", device="battery")[0] == 200
        wait_for(lambda: lab.state(mode) != before, 40)
        setup.send_signal(ending)
        assert setup.wait(timeout=40) == 0
    assert lab.state(mode) == before
