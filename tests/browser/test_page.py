"""The demo's page as a person sees it, in a real browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

PORT = 8478 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
"""Each worker of a parallel run has a demo of its own."""


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    command = [str(Path(sys.executable).with_name("homeagent")), "demo", "--port", str(PORT), "--speed", "3600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert f":{PORT}/" in demo.stdout.readline()
        yield f"http://127.0.0.1:{PORT}/"
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=20) == 0


def text(browser: webdriver.Chrome, name: str) -> str:
    return browser.find_element(By.ID, name).text


def test_the_page_shows_the_home_and_keeps_up_with_it(page: str, browser: webdriver.Chrome) -> None:
    browser.get(page)
    wait = WebDriverWait(browser, 120)  # it learns first
    wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, "#decisions tr")) > 5)
    wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#plan-chart .scatterlayer .trace"))
    wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#savings-chart .barlayer .bars"))
    assert "kWh" in text(browser, "soc")
    assert "EUR" in text(browser, "saved")
    assert "kWh is worth" in text(browser, "why")
    assert not browser.find_element(By.ID, "trouble").is_displayed()
    clock = text(browser, "clock")
    wait.until(lambda b: text(b, "clock") != clock)
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]  # selenium is not typed whole


def test_the_page_shows_what_is_learned_and_how_good_it_is(page: str, browser: webdriver.Chrome) -> None:
    browser.get(page)
    wait = WebDriverWait(browser, 120)
    wait.until(lambda b: "student-" in text(b, "learned-text") and b.find_elements(By.CSS_SELECTOR, "#learned-rows tr"))
    wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, "#learned-chart .scatterlayer .trace")) >= 2)
    wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#ahead-chart .scatterlayer .trace"))
    rows = text(browser, "learned-rows")
    assert "meant: 80 %" in rows
    assert "bytes" in rows
    assert "Slots inside so far: load" in text(browser, "ahead-text")
    wait.until(lambda b: "habits change (simulated)" in text(b, "learned-chart"))


def test_the_page_shows_a_day_of_looks_thinks_and_sleep(page: str, browser: webdriver.Chrome) -> None:
    browser.get(page)
    wait = WebDriverWait(browser, 120)
    wait.until(lambda b: len(Select(b.find_element(By.ID, "day")).options) > 3)
    Select(browser.find_element(By.ID, "day")).select_by_index(1)  # yesterday: it is over
    wait.until(lambda b: "It thought" in text(b, "day-text") and "so far" not in text(b, "day-text"))
    assert "of the day. The longest without a think" in text(browser, "day-text")
    thinks = browser.find_elements(By.CSS_SELECTOR, "#day-thinks li")
    assert len(thinks) >= 1
    assert "took" in thinks[0].text
    wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, "#day-chart .scatterlayer path.point")) > len(thinks))
    for name in ("net load (load less PV)", "expected, 8 of 10", "stored", "import price", "asleep"):
        assert name in text(browser, "day-chart")
    chart = browser.find_element(By.ID, "day-chart")

    def told(b: webdriver.Chrome) -> bool:
        b.execute_script("arguments[0].scrollIntoView({ block: 'center' })", chart)  # what is above may still grow
        marks = chart.find_elements(By.CSS_SELECTOR, ".scatterlayer .trace:last-child path.point")
        ActionChains(b).move_to_element(marks[len(marks) // 2]).perform()
        return any("took" in line.text for line in chart.find_elements(By.CSS_SELECTOR, ".hoverlayer text"))

    WebDriverWait(browser, 60, ignored_exceptions=[StaleElementReferenceException]).until(told)
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]  # selenium is not typed whole


def test_a_phone_needs_no_sideways_scrolling(page: str, browser: webdriver.Chrome) -> None:
    browser.set_window_size(500, 900)
    browser.get(page)
    WebDriverWait(browser, 20).until(lambda b: "kWh" in text(b, "soc"))
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
