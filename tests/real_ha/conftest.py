"""One Home Assistant for all tests of a worker, and more for those that end it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_ha.lab import HASS, Lab


def _lab(folder: Path) -> Lab:
    if not HASS.exists():
        reason = "no Home Assistant here: script/setup --tests installs it where Python 3.13 is found"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    lab = Lab(folder)
    lab.start()
    lab.wait()
    return lab


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = _lab(tmp_path_factory.mktemp("home_assistant"))
    yield lab
    lab.end()


@pytest.fixture
def lab(_shared: Lab) -> Lab:
    """Give a running Home Assistant with its home as it was at the start."""
    _shared.fresh()
    return _shared


@pytest.fixture
def own_lab(tmp_path: Path) -> Iterator[Lab]:
    """Give a running Home Assistant that the test may end."""
    lab = _lab(tmp_path)
    yield lab
    lab.end()
