"""A scheduler and its workers on this machine, for homes that send their training here: `homeagent worker`."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import dask
from distributed import LocalCluster

from homeagent.domain.learning import TlsFiles
from homeagent.learning.dask_link import our_resource, security_of

PATIENCE = {"distributed.deploy.lost-worker-timeout": "1 day"}
"""Else a worker that died, and is not back within 15 s on a busy machine, is given up for good."""


@contextmanager
def cluster(host: str, port: int, workers: int, tls: TlsFiles | None, silence: int = logging.ERROR) -> Iterator[str]:
    """Run a scheduler with so many workers of one thread each; yield its address. One that dies is started anew.

    A task at which two of them died is given up. `silence` is the level from which on Dask's log is shown. Ctrl-C is
    heard by this process alone, which ends the others.
    """
    with dask.config.set(PATIENCE):
        with deaf_to_ctrl_c():
            running = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host=host,
                scheduler_port=port,
                protocol="tcp://" if tls is None else "tls://",
                security=security_of(tls),
                dashboard_address="127.0.0.1:0",  # None would serve its pages to the whole network
                worker_dashboard_address="127.0.0.1:0",
                resources={our_resource(): 1},
                preload=["homeagent.learning.deaf_worker"],
                scheduler_kwargs={"allowed_failures": 1},
                silence_logs=silence,
            )
        with running:
            yield str(running.scheduler_address)


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Have threads and processes that begin inside never hear Ctrl-C; one that comes meanwhile is heard after it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
