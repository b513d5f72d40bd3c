"""The machine's state as the system tells it: a laptop, a Pi, a container, nothing at all, and nonsense."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeagent.domain.machine import HOT_C, MachineState
from homeagent.footprint.machine import read_machine

THERMAL = "sys/class/thermal"
SUPPLY = "sys/class/power_supply"
PI_FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
CORES = os.cpu_count() or 1

MEMINFO = "MemTotal:       16251148 kB\nMemFree:          412216 kB\nMemAvailable:    8192000 kB"
PRESSURE = "some avg10=0.00 avg60=1.50 avg300=0.30 total=80923\nfull avg10=0.00 avg60=0.50 avg300=0.10 total=70011"

LAPTOP = {
    "proc/meminfo": MEMINFO,
    "proc/loadavg": f"0.52 {0.5 * CORES} 0.59 1/389 12345",
    "proc/pressure/memory": PRESSURE,
    f"{THERMAL}/thermal_zone0/type": "acpitz",
    f"{THERMAL}/thermal_zone0/temp": "27800",
    f"{THERMAL}/thermal_zone0/trip_point_0_type": "critical",
    f"{THERMAL}/thermal_zone0/trip_point_0_temp": "128000",
    f"{THERMAL}/thermal_zone1/type": "x86_pkg_temp",
    f"{THERMAL}/thermal_zone1/temp": "61500",
    f"{THERMAL}/thermal_zone1/trip_point_0_type": "passive",
    f"{THERMAL}/thermal_zone1/trip_point_0_temp": "-274000",
    f"{THERMAL}/thermal_zone2/type": "iwlwifi_1",
    f"{THERMAL}/thermal_zone2/temp": "74000",
    f"{THERMAL}/cooling_device0/type": "Fan",
    f"{THERMAL}/cooling_device0/cur_state": "1",
    f"{THERMAL}/cooling_device1/type": "Processor",
    f"{THERMAL}/cooling_device1/cur_state": "0",
    f"{SUPPLY}/BAT0/type": "Battery",
    f"{SUPPLY}/BAT0/status": "Discharging",
    f"{SUPPLY}/BAT0/present": "1",
    f"{SUPPLY}/BAT0/capacity": "34",
    f"{SUPPLY}/AC/type": "Mains",
    f"{SUPPLY}/AC/online": "0",
    f"{SUPPLY}/ucsi-source-psy-1/type": "USB",
    f"{SUPPLY}/ucsi-source-psy-1/online": "0",
    f"{SUPPLY}/hidpp_battery_0/type": "Battery",
    f"{SUPPLY}/hidpp_battery_0/scope": "Device",
    f"{SUPPLY}/hidpp_battery_0/status": "Discharging",
    f"{SUPPLY}/hidpp_battery_0/capacity": "5",
}
PI = {
    "proc/meminfo": "MemTotal:  948304 kB\nMemAvailable:  409600 kB",
    "proc/loadavg": f"{3.0 * CORES} {2.5 * CORES} 1.0 2/200 999",
    f"{THERMAL}/thermal_zone0/type": "cpu-thermal",
    f"{THERMAL}/thermal_zone0/temp": "82300",
    f"{THERMAL}/thermal_zone0/trip_point_0_type": "critical",
    f"{THERMAL}/thermal_zone0/trip_point_0_temp": "110000",
    f"{THERMAL}/thermal_zone0/trip_point_1_type": "active",
    f"{THERMAL}/thermal_zone0/trip_point_1_temp": "50000",
    "sys/class/hwmon/hwmon1/name": "rpi_volt",
    "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0",
    PI_FIRMWARE: "e000e",
}
CONTAINER = {
    "proc/meminfo": MEMINFO,
    "proc/loadavg": "0.00 0.01 0.05 1/40 77",
    "sys/fs/cgroup/memory.max": str(900 << 20),
    "sys/fs/cgroup/memory.current": str(600 << 20),
    "sys/fs/cgroup/memory.stat": f"anon 1234\ninactive_file {100 << 20}\nactive_file 5",
    "sys/fs/cgroup/memory.pressure": PRESSURE.replace("avg60=1.50", "avg60=42.00"),
}


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_a_laptop_on_its_battery(tmp_path: Path) -> None:
    """Neither the mouse's battery nor a warm radio nor a running fan is the machine's trouble."""
    assert read_machine(tree(tmp_path, LAPTOP)) == MachineState(
        available_mb=8000.0,
        memory_pressure=0.015,
        load=0.5,
        hottest_c=61.5,
        hot_from_c=HOT_C,
        throttled=False,
        on_battery=True,
        battery=0.34,
    )


@pytest.mark.parametrize(
    ("changes", "on_battery"),
    [
        ({"AC/online": "1", "BAT0/status": "Charging"}, False),
        ({"AC/online": "1", "BAT0/status": "Discharging"}, False),  # more than a weak charger gives
        ({"ucsi-source-psy-1/online": "2", "BAT0/status": "Not charging"}, False),
        ({"BAT0/status": "Unknown"}, True),  # nothing else is plugged in
        ({"BAT0/present": "0"}, False),
    ],
)
def test_where_the_power_comes_from(tmp_path: Path, changes: dict[str, str], *, on_battery: bool) -> None:
    changed = {f"{SUPPLY}/{name}": text for name, text in changes.items()}
    assert read_machine(tree(tmp_path, LAPTOP | changed)).on_battery is on_battery


def test_a_battery_alone_tells_by_its_status(tmp_path: Path) -> None:
    battery = {f"{SUPPLY}/hat/type": "UPS", f"{SUPPLY}/hat/status": "Unknown"}
    assert read_machine(tree(tmp_path, battery)).on_battery is None
    assert read_machine(tree(tmp_path, battery | {f"{SUPPLY}/hat/status": "Full"})).on_battery is False
    assert read_machine(tree(tmp_path, battery | {f"{SUPPLY}/hat/status": "Discharging"})).on_battery is True


def test_a_hot_pi(tmp_path: Path) -> None:
    """Its firmware slows it down long before the one trip point that the kernel knows."""
    assert read_machine(tree(tmp_path, PI)) == MachineState(
        available_mb=400.0, load=2.5, hottest_c=82.3, hot_from_c=HOT_C, throttled=True, undervolted=False
    )


@pytest.mark.parametrize(
    ("told", "throttled", "undervolted"),
    [("0", False, False), ("50000", False, False), ("0x50005", True, True), ("1", False, True), ("8", True, False)],
)
def test_what_a_pis_firmware_says_of_now(tmp_path: Path, told: str, *, throttled: bool, undervolted: bool) -> None:
    found = read_machine(tree(tmp_path, {PI_FIRMWARE: told}))
    assert (found.throttled, found.undervolted) == (throttled, undervolted)


def test_a_newer_pi_has_its_firmware_elsewhere(tmp_path: Path) -> None:
    path = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"
    assert read_machine(tree(tmp_path, {path: "4"})).throttled is True


def test_a_zones_own_trip_points_say_what_is_hot(tmp_path: Path) -> None:
    board = {
        f"{THERMAL}/thermal_zone0/type": "soc-thermal",
        f"{THERMAL}/thermal_zone0/temp": "68000",
        f"{THERMAL}/thermal_zone0/trip_point_0_type": "passive",
        f"{THERMAL}/thermal_zone0/trip_point_0_temp": "70000",
        f"{THERMAL}/thermal_zone1/type": "bigcore0-thermal",
        f"{THERMAL}/thermal_zone1/temp": "80000",
        f"{THERMAL}/thermal_zone1/trip_point_0_type": "passive",
        f"{THERMAL}/thermal_zone1/trip_point_0_temp": "95000",
        f"{THERMAL}/cooling_device0/type": "cpufreq-cpu0",
        f"{THERMAL}/cooling_device0/cur_state": "2",
    }
    found = read_machine(tree(tmp_path, board))
    assert (found.hottest_c, found.hot_from_c, found.throttled) == (68.0, 65.0, True)
    found = read_machine(tmp_path, hot_c=60.0)
    assert (found.hottest_c, found.hot_from_c) == (80.0, 60.0)


def test_a_container_knows_its_own_limit(tmp_path: Path) -> None:
    """What files hold of it can be had; power and heat are nobody's business here."""
    assert read_machine(tree(tmp_path, CONTAINER)) == MachineState(
        available_mb=400.0, memory_pressure=0.42, load=0.01 / CORES
    )


def test_a_machine_that_tells_nothing_is_known_by_nothing(tmp_path: Path) -> None:
    assert read_machine(tmp_path) == MachineState()


CONTENTS = st.binary(max_size=40) | st.integers(-(10**6), 10**6).map(lambda number: str(number).encode())
FILES = sorted({*LAPTOP, *PI, *CONTAINER} - {f"{THERMAL}/thermal_zone0/type"})


@pytest.mark.parametrize(
    "nonsense", ["", "?", "nan", "-inf", "1e9999", "-5", "max", "some", "some avg60", "some avg60=x", "MemAvailable:"]
)
def test_nonsense_in_every_file_is_not_known(tmp_path: Path, nonsense: str) -> None:
    assert read_machine(tree(tmp_path, dict.fromkeys(FILES, nonsense))) == MachineState()


def test_files_that_cannot_be_read_are_not_known(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).mkdir(parents=True)
    assert read_machine(tmp_path) == MachineState()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(data=st.data())
def test_whatever_the_files_hold_what_is_told_is_within_bounds(tmp_path: Path, data: st.DataObject) -> None:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.draw(CONTENTS))
    found = read_machine(tmp_path)
    assert found.hottest_c is None or 0 < found.hottest_c <= 150
    assert found.battery is None or 0 <= found.battery <= 1
    assert found.load is None or found.load >= 0
    assert found.available_mb is None or found.available_mb >= 0
    assert found.memory_pressure is None or 0 <= found.memory_pressure <= 1
