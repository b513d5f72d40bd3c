"""A Home Assistant for each home of the descriptions, and one with every device."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from real_ha.lab import HASS
from real_ha.wild.descriptions import Description, device, device_names
from real_ha.wild.lab import WildLab

TIME_FACTOR = 60.0
ELSEWHERE = {
    "goodwe_hacs": "goodwe",
    "nordpool_hacs": "nordpool_core",
    "nordpool_hacs_cents": "nordpool_core",
    "epex_v2": "epex_v3",
}
"""Devices that cannot be in one Home Assistant with another, since both have the same entities or actions."""


@contextmanager
def moved_in(folder: Path, homes: Mapping[str, Description], time_factor: float = 1.0) -> Iterator[WildLab]:
    """Run a Home Assistant with these homes until the end of the block."""
    if not HASS.exists():
        reason = "no Home Assistant here: script/setup --tests installs it where Python 3.13 is found"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    lab = WildLab(folder, homes, time_factor)
    lab.start()
    try:
        lab.wait()
        lab.move_in()
        yield lab
    finally:
        lab.end()


@pytest.fixture(scope="session")
def _park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WildLab]:
    homes = {name: device(name) for name in device_names() if name not in ELSEWHERE}
    with moved_in(tmp_path_factory.mktemp("park"), homes, TIME_FACTOR) as lab:
        yield lab


@pytest.fixture
def park(_park: WildLab) -> WildLab:
    """Give a Home Assistant with every device, each a home of its own, whose seconds are short."""
    _park.fresh()
    return _park
