"""What people can see of devices, and ask of them, over HTTP: contract, effects, refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from shapes import shape
from still_home import still_view

from homeagent.agent.view import View
from homeagent.store import Store
from homeagent.web.server import Page

CONTRACT = Path(__file__).parents[1] / "contract" / "api_v1.json"
PORT = 8531
OWN = {"X-Homeagent": "test"}
DRYER = "1767801600-dryer"

Check = Callable[[View, aiohttp.ClientSession], Awaitable[None]]


@asynccontextmanager
async def served(folder: Path, port: int) -> AsyncIterator[tuple[View, aiohttp.ClientSession]]:
    with Store.open(folder / "home.db", lasting=False) as store:
        view = still_view(store)
        async with Page(view, "127.0.0.1", port) as page, aiohttp.ClientSession(page.url, headers=OWN) as client:
            yield view, client


def run(folder: Path, port: int, check: Check) -> None:
    async def inside() -> None:
        async with served(folder, port) as (view, client):
            await check(view, client)

    asyncio.run(inside())


async def told(client: aiohttp.ClientSession, path: str) -> Any:  # noqa: ANN401 - JSON
    async with client.get(f"/api/v1/{path}") as answer:
        assert answer.status == 200
        return await answer.json()


async def sent(client: aiohttp.ClientSession, path: str, body: object = None, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    async with client.post(f"/api/v1/{path}", json=body) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


def of(devices: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    return next(device for device in devices["devices"] if device["name"] == name)


def test_devices_and_satisfaction_keep_the_contract(tmp_path: Path) -> None:
    contract = json.loads(CONTRACT.read_text())

    async def check(_view: View, client: aiohttp.ClientSession) -> None:
        devices = await told(client, "devices")
        assert shape(devices) == contract["devices_planned"]
        assert {shape_of_keys(device) for device in devices["devices"]} == {shape_of_keys(devices["devices"][0])}
        assert shape(await told(client, "satisfaction")) == contract["satisfaction_days"]
        assert shape((await told(client, "thinks"))["devices"]) == contract["day_devices"]

    run(tmp_path, PORT, check)


def shape_of_keys(device: dict[str, object]) -> tuple[str, ...]:
    return tuple(device)


def test_every_device_says_what_it_does_and_why(tmp_path: Path) -> None:
    async def check(_view: View, client: aiohttp.ClientSession) -> None:
        devices = await told(client, "devices")
        car = of(devices, "car")
        assert car["why"].startswith("waits until 01:00: 0.10 then against 0.42 now, 18.0 kWh needed by 07:00")
        assert car["runner_up"].startswith("charge now")
        assert car["runner_up_costs"] > 0.5
        assert [stretch["power_kw"] for stretch in car["stretches"]] == [0.0, 7.2, 0.0, 0.0]
        for device in devices["devices"]:
            ends = [stretch["until"] for stretch in device["stretches"]]
            assert [stretch["from"] for stretch in device["stretches"]][1:] == ends[:-1]
            assert ends[-1] == "2026-01-08T16:00:00Z"
        assert of(devices, "dryer")["decision"] == DRYER

    run(tmp_path, PORT + 1, check)


def test_what_is_asked_shows_at_once_and_can_be_taken_back(tmp_path: Path) -> None:
    async def check(_view: View, client: aiohttp.ClientSession) -> None:
        paused = of(await sent(client, "devices/car/pause", {"for_minutes": 60}), "car")
        assert paused["asked"]["paused"]
        assert paused["why"] == "paused by you until Wed 18:05"
        assert paused["runner_up"] is None
        boosted = of(await sent(client, "devices/car/boost"), "car")  # no body: for an hour
        assert not boosted["asked"]["paused"]
        assert boosted["asked"]["boost_until"] == "2026-01-07T17:05:00Z"
        asked = await sent(client, "devices/living/target", {"target_c": 21})
        assert of(asked, "living")["asked"]["target"] == 21
        assert await sent(client, "devices/car/resume") == {"resumed": True}
        assert await sent(client, "devices/car/resume") == {"resumed": False}
        assert of(await told(client, "devices"), "car")["asked"]["boost_until"] is None

    run(tmp_path, PORT + 2, check)


def test_a_vacation_begins_and_is_taken_back(tmp_path: Path) -> None:
    async def check(_view: View, client: aiohttp.ClientSession) -> None:
        away = await sent(client, "vacation", {"from": "2026-01-09T10:00", "until": "2026-01-16T18:00"})
        assert away["vacation"] == {"since": "2026-01-09T09:00:00Z", "until": "2026-01-16T17:00:00Z"}
        for status in (200, 404):
            async with client.delete("/api/v1/vacation") as answer:
                assert answer.status == status
        assert (await told(client, "devices"))["vacation"] is None

    run(tmp_path, PORT + 3, check)


def test_a_thumb_is_kept_and_counts(tmp_path: Path) -> None:
    async def check(_view: View, client: aiohttp.ClientSession) -> None:
        await sent(client, f"decisions/{DRYER}/thumb", {"up": False})
        assert of(await told(client, "devices"), "dryer")["thumb"] == "down"
        assert (await told(client, "satisfaction"))["days"][-1]["thumbs_down"] == 1
        await sent(client, f"decisions/{DRYER}/thumb", {"up": True})
        assert (await told(client, "satisfaction"))["days"][-1]["thumbs_down"] == 0
        await sent(client, "decisions/1-toaster/thumb", {"up": True}, status=404)
        await sent(client, f"decisions/{DRYER}/thumb", {}, status=400)

    run(tmp_path, PORT + 4, check)


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("devices/toaster/pause", {}, 404, "no device"),
        ("devices/car/explode", {}, 404, ""),
        ("devices/car/pause", [1], 400, "no JSON object"),
        ("devices/car/target", {"target_percent": 900}, 400, "target_percent: is not usable (found 900)"),
        ("devices/car/ready_by", {"at": "yesterday"}, 400, "at: is no time"),
        ("vacation", {}, 400, "until: is missing"),
    ],
)
def test_what_cannot_be_is_refused_with_words(tmp_path: Path, path: str, body: object, status: int, said: str) -> None:
    async def check(_view: View, client: aiohttp.ClientSession) -> None:
        assert said in (await sent(client, path, body, status))["error"]

    run(tmp_path, PORT + 5, check)


def test_pages_from_elsewhere_ask_for_nothing(tmp_path: Path) -> None:
    async def check(view: View, _client: aiohttp.ClientSession) -> None:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{PORT + 6}/") as stranger:
            for path in ("devices/car/pause", "devices/car/resume", "vacation", f"decisions/{DRYER}/thumb"):
                async with stranger.post(f"/api/v1/{path}", json={"up": True}) as answer:
                    assert answer.status == 403, path
            async with stranger.delete("/api/v1/vacation") as answer:
                assert answer.status == 403
            async with stranger.post("/api/v1/devices/car/pause", data=b"{", headers=OWN) as answer:
                assert answer.status == 400
        assert all(not device["asked"]["paused"] for device in view.devices()["devices"])  # type: ignore[attr-defined]  # JSON

    run(tmp_path, PORT + 6, check)
