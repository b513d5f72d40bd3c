"""A real Home Assistant on loopback with a simulated energy home inside."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from http.client import HTTPException
from pathlib import Path
from typing import Any, ClassVar, Self

import aiohttp
import trustme
import yaml
from real_ha.simulated_home import BATTERIES, LATE_S, configuration

ROOT = Path(__file__).parents[2]
VERSION = "2025.4.4"
HASS = ROOT / ".venv-ha" / "bin" / "hass"
READY_S = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _write_stub(folder: Path) -> None:
    """Give HA a front end without a page: the 90 MB of the real one are not needed to talk to it."""
    for name in ("static", "frontend_latest", "frontend_es5"):
        (folder / "hass_frontend" / name).mkdir(parents=True)
    for name in ("index", "onboarding", "authorize"):
        (folder / "hass_frontend" / f"{name}.html").write_text("<!doctype html><title>none</title>")
    for name in ("robots.txt", "service_worker.js", "sw-modern.js", "sw-legacy.js"):
        (folder / "hass_frontend" / name).touch()


class Users:
    """Three users written into a fresh HA's storage, whose format is private: it starts without onboarding."""

    groups: ClassVar = {"agent": "system-users", "person": "system-admin", "reader": "system-read-only"}

    def __init__(self, folder: Path) -> None:
        storage = folder / ".storage"
        storage.mkdir()
        self.tokens: dict[str, str] = {}
        users, refresh = [], []
        for name, group in self.groups.items():
            user, number, key = uuid.uuid4().hex, uuid.uuid4().hex, secrets.token_hex(64)
            users.append(
                {
                    "id": user,
                    "group_ids": [group],
                    "is_owner": name == "person",
                    "is_active": True,
                    "name": name,
                    "system_generated": False,
                    "local_only": False,
                }
            )
            refresh.append(
                {
                    "id": number,
                    "user_id": user,
                    "client_id": None,
                    "client_name": name,
                    "client_icon": None,
                    "token_type": "long_lived_access_token",
                    "created_at": "2025-01-01T00:00:00+00:00",
                    "access_token_expiration": 315360000.0,
                    "token": secrets.token_hex(64),
                    "jwt_key": key,
                    "last_used_at": None,
                    "last_used_ip": None,
                    "expire_at": None,
                    "credential_id": None,
                    "version": "1",
                }
            )
            self.tokens[name] = _signed(number, key)
        groups = [{"id": group, "name": group} for group in ("system-admin", "system-users", "system-read-only")]
        auth = {"users": users, "groups": groups, "credentials": [], "refresh_tokens": refresh}
        write_storage(storage, "auth", 1, auth)
        write_storage(storage, "onboarding", 4, {"done": ["user", "core_config", "analytics", "integration"]})


def write_storage(storage: Path, key: str, version: int, data: object, minor_version: int = 1) -> None:
    """Write what HA keeps under a name, as an HA of the pinned version would have."""
    content = {"version": version, "minor_version": minor_version, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content))


def _signed(issuer: str, key: str) -> str:
    def encoded(value: object) -> str:
        text = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()

    now = int(time.time())
    body = (
        f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded({'iss': issuer, 'iat': now - 60, 'exp': now + 315360000})}"
    )
    return f"{body}.{encoded(hmac.new(key.encode(), body.encode(), hashlib.sha256).digest())}"


def in_thread(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it returns
    """Return what `work` returns, run in a thread of its own, so that a running loop is no hindrance."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Witness:
    """Records the actions that Home Assistant is asked to call, and by whom, inside a `with`."""

    def __init__(self, lab: Lab) -> None:
        self.calls: list[tuple[str, str, str | None]] = []
        """(action, entity, user) of each call."""
        self._lab = lab
        self._ready, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watch()))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()

    async def _watch(self) -> None:
        async with aiohttp.ClientSession() as client, self._lab.websocket(client) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self._lab.users.tokens["person"]})
            await socket.receive_json()
            await socket.send_json({"id": 1, "type": "subscribe_events", "event_type": "call_service"})
            await socket.receive_json()
            self._ready.set()
            while not self._end.is_set():
                try:
                    message = await socket.receive_json(timeout=0.2)
                except TimeoutError:
                    continue
                self._note(message["event"])

    def _note(self, event: Mapping[str, Any]) -> None:
        data = event["data"]
        entity = data["service_data"].get("entity_id", "")
        for name in entity if isinstance(entity, list) else [entity]:
            self.calls.append((f"{data['domain']}.{data['service']}", name, event["context"]["user_id"]))

    def writes(self) -> list[tuple[str, str]]:
        """Return the calls that a user made to devices: not what templates call behind, no heartbeats."""
        devices = ("select", "number", "button", "switch", "climate")
        return [(action, entity) for action, entity, user in self.calls if user and action.split(".")[0] in devices]


class Lab:
    """The Home Assistant process: started, killed and started again on the same port and folder.

    `certificate` has it speak https; `more` is added to its configuration.
    """

    def __init__(
        self, folder: Path, certificate: trustme.LeafCert | None = None, more: Mapping[str, object] | None = None
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"
        stub = folder / "frontend_stub"
        _write_stub(stub)
        self.users = Users(folder)
        home = self.configuration(stub) | dict(more or {})
        if certificate is not None:
            certificate.private_key_pem.write_to_path(folder / "key.pem")
            certificate.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
            home["http"] |= {"ssl_key": str(folder / "key.pem"), "ssl_certificate": str(folder / "certificate.pem")}
        (folder / "configuration.yaml").write_text(yaml.safe_dump(home, allow_unicode=True))
        blueprints = folder / "blueprints" / "automation" / "homeagent"
        shutil.copytree(
            ROOT / "integrations" / "home_assistant" / "blueprints" / "automation" / "homeagent", blueprints
        )
        self.process: subprocess.Popen[bytes] | None = None

    def configuration(self, stub: Path) -> dict[str, Any]:
        """Return the home's configuration.yaml."""
        return configuration(self.port, stub)

    def start(self) -> None:
        """Start the process."""
        log = (self.folder / "hass.log.txt").open("ab")
        command = [str(HASS), "-c", str(self.folder), "--skip-pip", "--log-no-color"]
        env = dict(os.environ, HOME=str(self.folder))
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env, start_new_session=True)
        log.close()

    def wait(self) -> None:
        """Wait until it is RUNNING."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            assert self.process is not None, "start it first"
            assert self.process.poll() is None, self.log()
            try:
                config = self.get("/api/config")
            except (OSError, HTTPException):
                time.sleep(0.1)
                continue
            assert not config["recovery_mode"], self.log()
            if config["state"] == "RUNNING":
                return
            time.sleep(0.1)
        raise TimeoutError(self.log())

    def log(self) -> str:
        """Return the end of its log."""
        return (self.folder / "hass.log.txt").read_text()[-4000:]

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the process that was started."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def get(self, path: str, user: str = "person") -> Any:  # noqa: ANN401 - JSON
        """Ask the REST interface."""
        return self._ask(path, user)

    def call(self, action: str, entity: str | None = None, user: str = "person", **data: object) -> Any:  # noqa: ANN401 - JSON
        """Call an action as a user."""
        everything = data | ({} if entity is None else {"entity_id": entity})
        return self.post(f"/api/services/{action.replace('.', '/')}", everything, user)

    def post(self, path: str, data: object, user: str = "person") -> Any:  # noqa: ANN401 - JSON
        """Post to the REST interface."""
        return self._ask(path, user, json.dumps(data).encode())

    def _ask(self, path: str, user: str, body: bytes | None = None) -> Any:  # noqa: ANN401 - JSON
        headers = {"Authorization": f"Bearer {self.users.tokens[user]}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)  # noqa: S310 - on loopback
        unchecked = ssl._create_unverified_context()  # noqa: S323, SLF001 - the certificate was made for this lab
        with urllib.request.urlopen(request, timeout=20, context=unchecked) as response:  # noqa: S310 - as above
            return json.load(response)

    def state(self, entity: str) -> str:
        """Return an entity's state."""
        return str(self.get(f"/api/states/{entity}")["state"])

    def ask(self, kind: str, user: str = "person", **data: object) -> Any:  # noqa: ANN401 - JSON
        """Send one command over a websocket of its own, and return its result."""

        async def session() -> object:
            async with aiohttp.ClientSession() as client, self.websocket(client) as socket:
                await socket.receive_json()
                await socket.send_json({"type": "auth", "access_token": self.users.tokens[user]})
                await socket.receive_json()
                await socket.send_json({"id": 1, "type": kind, **data})
                answer = await socket.receive_json()
            if self.url.startswith("https"):
                await asyncio.sleep(0.25)  # TLS connections close a moment later than their session
            assert answer["success"], answer
            return answer["result"]

        return in_thread(session())

    def websocket(self, client: aiohttp.ClientSession) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        """Return a new websocket."""
        return client.ws_connect(f"{self.url}/api/websocket", ssl=False)

    def witness(self) -> Witness:
        """Return a record of every action that is called from now on."""
        return Witness(self)

    def notifications(self) -> set[str]:
        """Return the numbers of what the person is shown."""
        return {note["notification_id"] for note in self.ask("persistent_notification/get")}

    def sim(self, **values: float | str | bool) -> None:
        """Set the home's weather, load, prices and so on."""
        for name, value in values.items():
            if isinstance(value, bool):
                self.call(f"input_boolean.turn_{'on' if value else 'off'}", f"input_boolean.sim_{name}")
            elif isinstance(value, str):
                self.call("input_text.set_value", f"input_text.sim_{name}", value=value)
            else:
                self.call("input_number.set_value", f"input_number.sim_{name}", value=value)

    def fresh(self) -> None:
        """Bring every device and the weather back to where they were at the start."""
        self.sim(
            late=LATE_S, load=800, pv=0, soc=50, room=19.5, soc_there=True, pv_there=True, prices="0.3", meddle=False
        )
        self.call("persistent_notification.dismiss_all")
        self.call("script.turn_off", "script.late_arrives")  # what a test before this one told is not to come now
        for name in BATTERIES:
            for kind in ("mode", "real_mode"):
                self.call("input_select.select_option", f"input_select.{name}_{kind}", option="auto")
            for kind in ("power", "real_power"):
                self.call("input_number.set_value", f"input_number.{name}_{kind}", value=0)
        for name in ("boiler", "dead_pump"):
            self.call("input_boolean.turn_off", f"input_boolean.{name}")
        self.call("climate.set_temperature", "climate.living_room", temperature=19)
