"""The page of a running agent: its link, its devices, and the button that takes a device back."""

from __future__ import annotations

from pathlib import Path

from real_ha.lab import Lab
from real_ha.process import running, wait_for
from real_ha.test_run import CHEAP_NOW, written
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait


def test_devices_stand_on_the_page_and_are_resumed_there(lab: Lab, tmp_path: Path, browser: webdriver.Chrome) -> None:
    lab.sim(prices=CHEAP_NOW)
    with running(written(lab, tmp_path)) as agent:
        wait_for(lambda: agent.proved("battery"), 40, agent.said)
        browser.set_window_size(1200, 1500)
        browser.get(f"http://127.0.0.1:{agent.port}/")
        wait = WebDriverWait(browser, 20)
        wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, "#devices tr")) == 3)
        assert "Connected to Home Assistant 2025.4.4" in browser.find_element(By.ID, "link").text
        assert browser.find_elements(By.CSS_SELECTOR, "#devices button") == []
        assert "battery takes" in browser.find_element(By.ID, "battery-way").text
        lab.call("select.select_option", "select.good_mode", option="discharge")
        button = wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#devices button"))[0]
        assert "left to you" in browser.find_element(By.ID, "devices").text
        button.click()
        wait_for(lambda: lab.state("select.good_mode") == "charge", 20, agent.said)
        wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#devices button") == [])
        assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]  # selenium is not typed whole
