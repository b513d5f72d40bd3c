"""The page of a home with devices, as a person sees and uses it: reasons, requests, a day's picture, satisfaction."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from still_home import still_view

from homeagent.store import Store
from homeagent.web.server import Page

PORT = 8497


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the page of a home that stands still, served by a thread of its own."""
    loop, up, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        with Store.open(tmp_path_factory.mktemp("home") / "home.db", lasting=False) as store:
            async with Page(still_view(store), "127.0.0.1", PORT) as served:
                assert served.url
                up.set()
                await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(30)
    yield f"http://127.0.0.1:{PORT}/"
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)


def card(browser: webdriver.Chrome, name: str) -> WebElement:
    found = browser.find_elements(By.CSS_SELECTOR, "article.device")
    return next(one for one in found if one.find_element(By.TAG_NAME, "h3").text.startswith(f"{name} "))


def waiting(browser: webdriver.Chrome) -> WebDriverWait[webdriver.Chrome]:
    return WebDriverWait(browser, 30, ignored_exceptions=[StaleElementReferenceException, StopIteration])


def opened(browser: webdriver.Chrome, page: str) -> WebDriverWait[webdriver.Chrome]:
    browser.get(page)
    wait = waiting(browser)
    wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, "article.device")) == 10)
    return wait


def test_each_device_says_what_it_does_why_and_what_next(page: str, browser: webdriver.Chrome) -> None:
    opened(browser, page)
    car = card(browser, "car")
    assert "plugged in, 24.0 kWh stored" in car.text
    assert "Now: waits until 01:00: 0.10 then against 0.42 now, 18.0 kWh needed by 07:00." in car.text
    assert "Next best: charge now" in car.text
    assert "EUR" in car.text
    car.find_element(By.CSS_SELECTOR, "summary").click()
    assert "charges at 7.2 kW until 03:30" in car.text
    assert "not to be trusted: the sensor has not told anything" in card(browser, "office").text
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]  # selenium is not typed whole


def test_what_is_asked_is_shown_and_taken_back(page: str, browser: webdriver.Chrome) -> None:
    wait = opened(browser, page)
    pool = card(browser, "pool")
    pool.find_elements(By.TAG_NAME, "summary")[-1].click()
    pool.find_element(By.CSS_SELECTOR, "[aria-label='pool: leave alone']").click()
    wait.until(lambda b: "You asked: left alone until 19:05" in card(b, "pool").text)
    assert "paused by you until Wed 19:05" in card(browser, "pool").text
    card(browser, "pool").find_element(By.CSS_SELECTOR, "[aria-label='pool: resume']").click()
    wait.until(lambda b: "You asked" not in card(b, "pool").text)


def test_what_is_refused_is_said(page: str, browser: webdriver.Chrome) -> None:
    wait = opened(browser, page)
    living = card(browser, "living")
    living.find_elements(By.TAG_NAME, "summary")[-1].click()
    field = living.find_element(By.NAME, "target_c")
    field.clear()
    field.send_keys("45")
    living.find_element(By.CSS_SELECTOR, "[aria-label='living: target']").click()
    wait.until(lambda b: "a number from 8 to 30 degC" in b.find_element(By.ID, "devices-said").text)
    assert "400" in str(browser.get_log("browser"))  # type: ignore[no-untyped-call]  # selenium is not typed whole


def test_a_thumb_can_be_given_and_changed(page: str, browser: webdriver.Chrome) -> None:
    wait = opened(browser, page)

    def press(words: str) -> None:
        card(browser, "dryer").find_element(By.CSS_SELECTOR, f"[aria-label='dryer: {words}']").click()

    def pressed(b: webdriver.Chrome) -> list[str | None]:
        return [one.get_attribute("aria-pressed") for one in card(b, "dryer").find_elements(By.CSS_SELECTOR, ".thumb")]

    press("this was wrong for me")
    wait.until(lambda b: pressed(b) == ["false", "true"])
    press("this was right for me")
    wait.until(lambda b: pressed(b) == ["true", "false"])


def test_the_day_is_drawn_by_device_and_told_in_words(page: str, browser: webdriver.Chrome) -> None:
    wait = opened(browser, page)
    wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#devices-day-chart .barlayer .bars"))
    chart = browser.find_element(By.ID, "devices-day-chart")
    for name in ("car", "living", "tank", "washer", "pool", "degC", "kWh needed"):
        assert name in chart.text

    def told(b: webdriver.Chrome) -> bool:
        b.execute_script("arguments[0].scrollIntoView({ block: 'center' })", chart)
        box = chart.find_element(By.CSS_SELECTOR, ".nsewdrag[data-subplot=xy8]")  # the living room
        ActionChains(b).move_to_element_with_offset(box, -100, 5).perform()
        return any("the house keeps" in line.text for line in chart.find_elements(By.CSS_SELECTOR, ".hoverlayer text"))

    wait.until(told)
    words = next(
        one
        for one in browser.find_elements(By.CSS_SELECTOR, "#devices-day-words details")
        if one.text.startswith("living: 7 reasons")
    )
    words.find_element(By.TAG_NAME, "summary").click()
    assert "00:00 to 04:00: heats at 2.0 kW" in words.text
    assert "17:30 to 23:00: heats at 0.8 kW until 23:00" in words.text
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]  # selenium is not typed whole


def test_satisfaction_stands_beside_what_was_saved(page: str, browser: webdriver.Chrome) -> None:
    wait = opened(browser, page)
    wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#satisfaction-chart .barlayer .bars"))
    assert "of 100 over the last 7 days" in browser.find_element(By.ID, "satisfaction-text").text
    assert "the worst was Sat 3 Jan" in browser.find_element(By.ID, "satisfaction-text").text
    browser.find_element(By.CSS_SELECTOR, "#satisfaction-part summary").click()
    assert "departures missed (1 of 1, 2.5 kWh): \u221222.5" in browser.find_element(By.ID, "satisfaction-days").text


def test_a_phone_needs_no_sideways_scrolling(page: str, browser: webdriver.Chrome) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        wait = opened(browser, page)
        wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#devices-day-chart .barlayer .bars"))
        for summary in browser.find_elements(By.CSS_SELECTOR, "article.device summary"):
            summary.click()
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
