"""One Home Assistant for all tests of a worker, and more for those that end it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from real_ha.imported_history import put_home
from real_ha.lab import HASS, Lab


class Labs(Protocol):
    """Starts a Home Assistant with a day of history that the test may end; arguments as of `Lab`."""

    def __call__(self, **how: Any) -> Lab: ...  # noqa: ANN401 - as above


def started(folder: Path, **how: Any) -> Lab:  # noqa: ANN401 - as above
    """Start a Home Assistant with a day of history in a folder."""
    if not HASS.exists():
        reason = "no Home Assistant here: script/setup --tests installs it where Python 3.13 is found"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    lab = Lab(folder, **how)
    lab.start()
    lab.wait()
    lab.fresh()
    put_home(lab, days=1)
    return lab


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = started(tmp_path_factory.mktemp("home_assistant"))
    yield lab
    lab.end()


@pytest.fixture
def lab(_shared: Lab) -> Lab:
    """Give a running Home Assistant with a day of history and its home as it was at the start."""
    _shared.fresh()
    return _shared


@pytest.fixture
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Labs]:
    """Give what starts a Home Assistant of the test's own."""
    running: list[Lab] = []

    def start(**how: Any) -> Lab:  # noqa: ANN401 - as above
        running.append(started(tmp_path_factory.mktemp("home_assistant"), **how))
        return running[-1]

    yield start
    for lab in running:
        lab.end()
