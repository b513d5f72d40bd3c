"""What the workers of a local cluster are given: they leave Ctrl-C to the process that began them, which ends them."""

from __future__ import annotations

import signal

from distributed import Worker


def dask_setup(_worker: Worker) -> None:
    """Hear no Ctrl-C; Dask calls this in the worker's main thread, also after it was started anew."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
