"""Dask schedulers and workers as processes of their own on 127.0.0.1, ended by their ids; and a request to train."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from homes import START, made_up_home

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.domain.site import SiteSpec
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.features import course_of
from homeagent.learning.model import Market
from homeagent.learning.training import Request
from homeagent.simulation.simulated_home import simulated_site

HOUR = timedelta(hours=1)
STARTS_S = 60
PRELOAD = "homeagent.learning.dask_worker"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def request_of_a_home(days: int = 45, *, teacher: bool = False, priced: bool = True) -> Request:
    """Return what a training of a made-up home is given."""
    columns, site = made_up_home(days), simulated_site()
    grid = TimeGrid(start=START, step=HOUR, count=days * 24)
    whole = TimeGrid(start=START, step=HOUR, count=days * 24 + 24)
    history = History(grid=grid, load_kw=columns["load_kw"], pv_kw=columns["pv_kw"])
    course = course_of(history, local_calendar(whole, site.timezone, site.place), nobody_home=np.zeros(grid.count))
    return Request(
        course=course,
        ahead=24,
        made_at=grid.end,
        budget="normal",
        kind="float32",
        market=_market(site, columns) if priced else None,
        with_teacher=teacher,
    )


def _market(site: SiteSpec, columns: dict[str, FloatArray]) -> Market:
    imports, exports = (columns[f"price_{way}_per_kwh"][-14 * 24 :] for way in ("import", "export"))
    return Market(site=site, import_per_kwh=imports, export_per_kwh=exports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dask:
    """A running process with the file of its words."""

    process: subprocess.Popen[bytes]
    words: Path

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)


@contextmanager
def dask(folder: Path, name: str, ready: str, *arguments: str) -> Iterator[Dask]:
    """Run `dask ARGUMENTS` until it says that it is ready, and end it afterwards."""
    words = folder / f"{name}.log"
    command = [str(Path(sys.executable).with_name("dask")), *arguments]
    with words.open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            until = time.monotonic() + STARTS_S
            while ready not in words.read_text():
                assert process.poll() is None, words.read_text()
                assert time.monotonic() < until, words.read_text()
                time.sleep(0.1)
            yield Dask(process=process, words=words)
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def scheduler(folder: Path, security: Sequence[str] = ()) -> Iterator[tuple[str, Dask]]:
    """Run a scheduler; yield its address."""
    way = "tls" if security else "tcp"
    address = f"{way}://127.0.0.1:{free_port()}"
    host, port = address.rsplit(":", 1)
    told = ("--host", host, "--port", port, "--no-dashboard", *security)
    with dask(folder, f"scheduler{port}", "Scheduler at:", "scheduler", *told) as process:
        yield address, process


@contextmanager
def worker(folder: Path, address: str, preload: str = PRELOAD, security: Sequence[str] = ()) -> Iterator[Dask]:
    """Run a worker of one thread, with no nanny: one that is killed stays dead."""
    arguments = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--preload", preload, *security)
    with dask(folder, f"worker{free_port()}", "Registered to:", "worker", address, *arguments) as process:
        yield process
