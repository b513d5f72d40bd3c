"""A real Home Assistant on loopback with a simulated energy home inside: obedient devices and bad ones.

The home's physics are template sensors: what a battery's power is follows from what really reached it, not from what
its entities show. The tests set the weather, so to speak, through the `sim_` helpers.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import yaml

ROOT = Path(__file__).parents[2]
VERSION = "2025.4.4"
HASS = ROOT / ".venv-ha" / "bin" / "hass"
READY_S = 90.0
LATE_S = 60

BATTERIES = ("good", "deaf", "late", "stuck", "reset", "button", "ranged")
"""good obeys; deaf echoes without effect; late answers a minute later; stuck ignores; reset loses its power with each
mode; button needs a press; ranged has a power only while it is told to charge or discharge."""
MODES = ["auto", "charge", "discharge", "hold"]
BULK = 480


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _set(kind: str, name: str, value: str) -> dict[str, Any]:
    domain, action, field = {
        "mode": ("input_select", "select_option", "option"),
        "power": ("input_number", "set_value", "value"),
    }[kind.removeprefix("real_")]
    target = {"entity_id": f"{domain}.{name}_{kind}"}
    return {"action": f"{domain}.{action}", "target": target, "data": {field: value}}


def _battery(name: str) -> dict[str, list[dict[str, Any]]]:
    """Return the front of a battery: a select, a number and a button, and what they do behind."""
    select: list[dict[str, Any]] = [_set("mode", name, "{{ option }}")]
    number: list[dict[str, Any]] = [_set("power", name, "{{ value }}")]
    through_mode, through_power = _set("real_mode", name, "{{ option }}"), _set("real_power", name, "{{ value }}")
    press: list[dict[str, Any]] = []
    if name in {"good", "reset", "ranged"}:
        select.append(through_mode)
        number.append(through_power)
    if name == "reset":
        select += [_set("power", name, "0"), _set("real_power", name, "0")]
    if name == "late":
        select.append({"action": "script.turn_on", "target": {"entity_id": "script.late_arrives"}})
        number.append(through_power)
    if name == "stuck":
        select, number = [{"delay": 0}], [{"delay": 0}]
    if name == "button":
        press = [
            _set("real_mode", name, "{{ states('input_select.button_mode') }}"),
            _set("real_power", name, "{{ states('input_number.button_power') }}"),
        ]
    real = f"states('input_select.{name}_real_mode')"
    power = f"states('input_number.{name}_real_power') | float(0)"
    follows = "states('input_number.sim_load') | float(0) - states('input_number.sim_pv') | float(0)"
    state = (
        f"{{% set mode = {real} %}}{{% set p = {power} %}}{{% set net = {follows} %}}"
        "{{ (-p if mode == 'charge' else p if mode == 'discharge' else 0 if mode == 'hold' "
        "else [[net, -5000] | max, 5000] | min) | round(1) }}"
    )
    available = {"availability": f"{{{{ states('input_select.{name}_mode') in ['charge', 'discharge'] }}}}"}
    return {
        "select": [
            {
                "name": f"{name} mode",
                "unique_id": f"{name}_mode",
                "state": f"{{{{ states('input_select.{name}_mode') }}}}",
                "options": "{{ " + repr(MODES) + " }}",
                "select_option": select,
            }
        ],
        "number": [
            {
                "name": f"{name} power",
                "unique_id": f"{name}_power",
                "state": f"{{{{ states('input_number.{name}_power') }}}}",
                "min": 0,
                "max": 5000,
                "step": 1,
                "unit_of_measurement": "W",
                "set_value": number,
                **(available if name == "ranged" else {}),
            }
        ],
        "button": [{"name": f"{name} apply", "unique_id": f"{name}_apply", "press": press or [{"delay": 0}]}],
        "sensor": [_power(f"{name} battery power", state), _power(f"{name} grid power", _grid(name))],
    }


def _power(name: str, state: str, **extra: object) -> dict[str, Any]:
    return {
        "name": name,
        "unique_id": name.replace(" ", "_"),
        "device_class": "power",
        "state_class": "measurement",
        "unit_of_measurement": "W",
        "state": state,
        **extra,
    }


def _grid(name: str) -> str:
    return (
        "{{ (states('input_number.sim_load') | float(0) - states('input_number.sim_pv') | float(0)"
        f" - states('sensor.{name}_battery_power') | float(0)) | round(1) }}}}"
    )


def _helper(name: str, low: float, high: float, initial: float, step: float = 1) -> dict[str, Any]:
    return {"name": name, "min": low, "max": high, "step": step, "initial": initial, "mode": "box"}


def configuration(port: int, stub: Path) -> dict[str, Any]:
    """Return the whole configuration.yaml."""
    fronts = [_battery(name) for name in BATTERIES]
    onoff = {"off": "input_boolean.turn_off", "on": "input_boolean.turn_on"}
    switches = [
        {
            "name": "Boiler",
            "unique_id": "boiler",
            "state": "{{ is_state('input_boolean.boiler', 'on') }}",
            **{f"turn_{w}": [{"action": a, "target": {"entity_id": "input_boolean.boiler"}}] for w, a in onoff.items()},
        },
        {
            "name": "Dead pump",
            "unique_id": "dead_pump",
            "state": "{{ is_state('input_boolean.dead_pump', 'on') }}",
            **{
                f"turn_{w}": [{"action": a, "target": {"entity_id": "input_boolean.dead_pump"}}]
                for w, a in onoff.items()
            },
        },
    ]
    sensors = [
        _power("Sim PV power", "{{ states('input_number.sim_pv') }}", availability="{{ is_state('input_boolean.sim_pv_there', 'on') }}"),
        _power("Swapped power", "{{ states('input_number.sim_load') }}") | {"unit_of_measurement": "kW"},
        _power("Boiler power", "{{ 2000 if is_state('input_boolean.boiler', 'on') else 0 }}"),
        _power("Dead pump power", "{{ 0 }}"),
        _power("Heater power", "{{ 1500 if is_state('input_boolean.heater', 'on') else 0 }}"),
        {
            "name": "Battery SoC",
            "unique_id": "battery_soc",
            "device_class": "battery",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "state": "{{ states('input_number.sim_soc') }}",
            "availability": "{{ is_state('input_boolean.sim_soc_there', 'on') }}",
        },
        {
            "name": "Room temperature",
            "unique_id": "room_temperature",
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "state": "{{ states('input_number.sim_room') }}",
        },
        {
            "name": "Electricity price",
            "unique_id": "electricity_price",
            "unit_of_measurement": "EUR/kWh",
            "state": "{{ 0.3 }}",
            "attributes": {
                "raw_today": "{% set ns = namespace(l=[]) %}{% set t0 = today_at() %}"
                "{% set ps = states('input_text.sim_prices').split(',') %}{% for h in range(48) %}"
                "{% set ns.l = ns.l + [{'start': (t0 + timedelta(hours=h)).isoformat(),"
                " 'end': (t0 + timedelta(hours=h + 1)).isoformat(),"
                " 'value': (ps[(h - now().hour) % 24] if ((h - now().hour) % 24) < (ps | length) else ps[-1]) | float}] %}"
                "{% endfor %}{{ ns.l }}"
            },
        },
    ]
    helpers = {f"{n}_{kind}": {"options": MODES, "initial": "auto"} for n in BATTERIES for kind in ("mode", "real_mode")}
    numbers = {f"{n}_{kind}": _helper(f"{n} {kind}", 0, 5000, 0) for n in BATTERIES for kind in ("power", "real_power")}
    numbers |= {
        "sim_load": _helper("Sim load", -50000, 50000, 800),
        "sim_pv": _helper("Sim PV", -1000, 100000, 0),
        "sim_soc": _helper("Sim SoC", 0, 100, 50, 0.1),
        "sim_room": _helper("Sim room", 5, 35, 19.5, 0.1),
    }
    numbers |= {f"bulk_{index}": _helper(f"bulk {index}", 0, 1e9, 0) for index in range(BULK)}
    template = [{kind: front[kind]} for front in fronts for kind in front]
    template += [{"sensor": sensors}, {"switch": switches}]
    late = [{"delay": LATE_S}, _set("real_mode", "late", "{{ states('input_select.late_mode') }}")]
    return {
        "homeassistant": {
            "name": "Lab",
            "latitude": 52.5,
            "longitude": 13.4,
            "unit_system": "metric",
            "currency": "EUR",
            "country": "DE",
            "time_zone": "Europe/Berlin",
        },
        "http": {"server_host": "127.0.0.1", "server_port": port},
        "frontend": {"development_repo": str(stub)},
        **dict.fromkeys(("api", "websocket_api", "history", "sun")),
        "recorder": {"commit_interval": 1},
        "logger": {"default": "warning"},
        "input_select": helpers,
        "input_number": numbers,
        "input_boolean": {
            **{name: {"initial": False} for name in ("boiler", "dead_pump", "heater")},
            **{name: {"initial": True} for name in ("sim_soc_there", "sim_pv_there")},
        },
        "input_text": {"sim_prices": {"max": 255, "initial": "0.3"}},
        "input_datetime": {"heartbeat": {"has_date": True, "has_time": True}},
        "script": {"late_arrives": {"mode": "restart", "sequence": late}},
        "template": template,
        "climate": [
            {
                "platform": "generic_thermostat",
                "name": "Living room",
                "unique_id": "living_room",
                "heater": "input_boolean.heater",
                "target_sensor": "sensor.room_temperature",
                "min_temp": 7,
                "max_temp": 28,
                "target_temp": 19,
                "cold_tolerance": 0.2,
                "hot_tolerance": 0.2,
                "initial_hvac_mode": "heat",
            }
        ],
        "automation": [],
    }


def _write_stub(folder: Path) -> None:
    """Give HA a front end without a page: the 90 MB of the real one are not needed to talk to it."""
    for name in ("static", "frontend_latest", "frontend_es5"):
        (folder / "hass_frontend" / name).mkdir(parents=True)
    for name in ("index", "onboarding", "authorize"):
        (folder / "hass_frontend" / f"{name}.html").write_text("<!doctype html><title>none</title>")
    for name in ("robots.txt", "service_worker.js", "sw-modern.js", "sw-legacy.js"):
        (folder / "hass_frontend" / name).touch()


class Users:
    """Three users written into a fresh HA's storage: it starts without onboarding. Private format of the pinned version."""

    groups = {"agent": "system-users", "person": "system-admin", "reader": "system-read-only"}

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
        _write_storage(storage, "auth", 1, auth)
        _write_storage(storage, "onboarding", 4, {"done": ["user", "core_config", "analytics", "integration"]})


def _write_storage(storage: Path, key: str, version: int, data: object) -> None:
    (storage / key).write_text(json.dumps({"version": version, "minor_version": 1, "key": key, "data": data}))


def _signed(issuer: str, key: str) -> str:
    def encoded(value: object) -> str:
        text = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()

    now = int(time.time())
    body = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded({'iss': issuer, 'iat': now - 60, 'exp': now + 315360000})}"
    return f"{body}.{encoded(hmac.new(key.encode(), body.encode(), hashlib.sha256).digest())}"


class Lab:
    """The Home Assistant process: started, killed and started again on the same port and folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        stub = folder / "frontend_stub"
        _write_stub(stub)
        self.users = Users(folder)
        (folder / "configuration.yaml").write_text(yaml.safe_dump(configuration(self.port, stub), allow_unicode=True))
        blueprints = folder / "blueprints" / "automation" / "homeagent"
        shutil.copytree(ROOT / "integrations" / "home_assistant" / "blueprints" / "automation" / "homeagent", blueprints)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it is RUNNING."""
        log = (self.folder / "hass.log.txt").open("ab")
        command = [str(HASS), "-c", str(self.folder), "--skip-pip", "--log-no-color"]
        env = dict(os.environ, HOME=str(self.folder))
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env, start_new_session=True)
        log.close()

    def wait(self) -> None:
        """Wait until it is RUNNING."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            assert self.process is not None and self.process.poll() is None, self.log()
            try:
                config = self.get("/api/config")
            except OSError:
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

    def get(self, path: str, user: str = "person") -> Any:
        """Ask the REST interface."""
        return self._ask(urllib.request.Request(self.url + path), user)

    def call(self, action: str, entity: str | None = None, user: str = "person", **data: object) -> Any:
        """Call an action as a user."""
        body = json.dumps(data | ({} if entity is None else {"entity_id": entity})).encode()
        request = urllib.request.Request(f"{self.url}/api/services/{action.replace('.', '/')}", data=body, method="POST")
        request.add_header("Content-Type", "application/json")
        return self._ask(request, user)

    def _ask(self, request: urllib.request.Request, user: str) -> Any:
        request.add_header("Authorization", f"Bearer {self.users.tokens[user]}")
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def state(self, entity: str) -> str:
        """Return an entity's state."""
        return str(self.get(f"/api/states/{entity}")["state"])

    def ask(self, kind: str, user: str = "person", **data: object) -> Any:
        """Send one command over a websocket of its own, and return its result."""

        async def session() -> Any:
            async with aiohttp.ClientSession() as client, client.ws_connect(f"{self.url}/api/websocket") as socket:
                await socket.receive_json()
                await socket.send_json({"type": "auth", "access_token": self.users.tokens[user]})
                await socket.receive_json()
                await socket.send_json({"id": 1, "type": kind, **data})
                answer = await socket.receive_json()
                assert answer["success"], answer
                return answer["result"]

        with ThreadPoolExecutor(1) as thread:  # works inside a running loop too
            return thread.submit(asyncio.run, session()).result()

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
        self.sim(load=800, pv=0, soc=50, room=19.5, soc_there=True, pv_there=True, prices="0.3")
        for name in BATTERIES:
            for kind in ("mode", "real_mode"):
                self.call("input_select.select_option", f"input_select.{name}_{kind}", option="auto")
            for kind in ("power", "real_power"):
                self.call("input_number.set_value", f"input_number.{name}_{kind}", value=0)
        for name in ("boiler", "dead_pump"):
            self.call("input_boolean.turn_off", f"input_boolean.{name}")
        self.call("climate.set_temperature", "climate.living_room", temperature=19)


def config_yaml(lab: Lab, **changes: str) -> str:
    """Return a configuration for the lab's home; `changes` replace what stands in <angle brackets> below."""
    text = CONFIG
    values = {"battery": "good", "mode": "control", "token": lab.users.tokens["agent"], "url": lab.url, "extra": ""}
    values |= {"port": str(free_port()), "grid": "sensor.<battery>_grid_power", "press": "", "answer": "1", "within": "5"}
    for name, value in (values | changes).items():
        text = text.replace(f"<{name}>", value)
    return re.sub("<battery>", (values | changes)["battery"], text)


CONFIG = """
mode: <mode>
home_assistant:
  url: <url>
  token: <token>
  heartbeat: input_datetime.heartbeat
meters:
  grid: <grid>
  pv: sensor.sim_pv_power
  battery: sensor.<battery>_battery_power
  soc: sensor.battery_soc
prices:
  import: sensor.electricity_price
  export: 0.05
battery:
  capacity_kwh: 10
  max_charge_kw: 5
  max_discharge_kw: 5
  min_soc: 0.1
  inverter: {control: modes}
  steering:
    self_consumption: [{set: select.<battery>_mode, to: auto}<press>]
    hold: [{set: select.<battery>_mode, to: hold}<press>]
    charge: [{set: select.<battery>_mode, to: charge}, {set: number.<battery>_power, to: "{{ power_w }}"}<press>]
    discharge: [{set: select.<battery>_mode, to: discharge}, {set: number.<battery>_power, to: "{{ power_w }}"}<press>]
    answer_seconds: <answer>
    proof: {within_seconds: <within>}
appliances:
  boiler:
    rated_kw: 2
    power: sensor.boiler_power
    steering:
      on: [{set: switch.boiler, to: on}]
      off: [{set: switch.boiler, to: off}]
      answer_seconds: 1
      proof: {within_seconds: 5}
    timetable: {"00:00": off}
climate:
  living_room:
    entity: climate.living_room
    steering:
      temperature: [{set: climate.living_room, to: "{{ target_c }}"}]
      answer_seconds: 1
      proof: {within_seconds: 5, entity: sensor.heater_power}
    timetable: {"00:00": 19}
thinking: {step_minutes: 15}
web: {port: <port>}
<extra>
"""
