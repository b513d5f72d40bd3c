"""The one line in which the page says how the machine is, and what that means."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from homeagent.agent.demo import Demo
from homeagent.agent.host_state import HostWatch
from homeagent.agent.view import View
from homeagent.domain.effort import HostRules
from homeagent.domain.machine import MachineState
from homeagent.store import Store
from homeagent.web.server import Page

PORT = 8495


@contextmanager
def page_of(host: HostWatch | None, folder: Path) -> Iterator[str]:
    """Give the page of a demo that stands still, served by a thread of its own."""
    ready, ended = threading.Event(), threading.Event()

    async def serve() -> None:
        with Store.open(folder / "a.db", lasting=False) as store:
            demo = Demo(1, store)
            demo.agent.host = host or demo.agent.host
            await demo.step()
            async with Page(View(demo.agent), "127.0.0.1", PORT):
                ready.set()
                while not ended.is_set():  # noqa: ASYNC110 - it is set by another thread
                    await asyncio.sleep(0.05)

    server = threading.Thread(target=lambda: asyncio.run(serve()))
    server.start()
    try:
        assert ready.wait(timeout=30)
        yield f"http://127.0.0.1:{PORT}/"
    finally:
        ended.set()
        server.join(timeout=30)


def test_the_page_says_in_a_line_how_the_machine_is(tmp_path: Path, browser: webdriver.Chrome) -> None:
    strained = HostWatch(HostRules(), lambda _rules: MachineState(on_battery=True, battery=0.34))
    with page_of(strained, tmp_path) as page:
        browser.get(page)
        line = browser.find_element(By.ID, "machine")
        WebDriverWait(browser, 30).until(lambda _browser: line.is_displayed())
        assert line.text == "The machine: on battery at 34 %: thinking less, training waits."


def test_where_nobody_looks_at_the_machine_the_page_says_nothing_of_it(
    tmp_path: Path, browser: webdriver.Chrome
) -> None:
    with page_of(None, tmp_path) as page:
        browser.get(page)
        wait = WebDriverWait(browser, 30)
        wait.until(lambda b: "The agent itself" in b.find_element(By.ID, "footprint").text)
        assert not browser.find_element(By.ID, "machine").is_displayed()
