"""`homeagent worker`: a stronger machine trains for other homeagents until it is stopped."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TypeAlias

from homeagent.domain.errors import InputError, Issue
from homeagent.domain.learning import TlsFiles
from homeagent.footprint.build import build_id
from homeagent.learning.child import INSTALL

LOOPBACK = ("127.0.0.1", "localhost", "::1")

Files: TypeAlias = tuple[Path | None, Path | None, Path | None]


def serve(host: str, port: int, workers: int | None, files: Files, say: Callable[[str], None]) -> None:
    """Train what is sent, until SIGTERM or Ctrl-C. `files` are ca, cert and key: all, or none.

    Raises:
        InputError: Dask is not installed, a file is missing, or the port is taken.
    """
    tls = _tls(files)
    try:
        from homeagent.learning.dask_cluster import cluster  # noqa: PLC0415 - Dask is large, and may not be there
    except ImportError as error:
        issue = Issue(path="Dask", message="is not installed", remedy=INSTALL)
        raise InputError("homeagent worker", (issue,)) from error
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        with cluster(host, port, workers or max((os.cpu_count() or 2) - 1, 1), tls) as address:
            say(f"homeagent {build_id()} trains for whoever asks {address}; write it under learning.offload")
            if tls is None and host not in LOOPBACK:
                say("mind: without --ca, --cert and --key whoever reaches this port can run programs here")
            ended.wait()
    except (OSError, RuntimeError) as error:
        cause = error.__cause__ or error
        issue = Issue(path=f"{host}:{port}", message=f"cannot be listened on ({cause})", remedy="try --host or --port")
        raise InputError("homeagent worker", (issue,)) from error


def _tls(files: Files) -> TlsFiles | None:
    """Return the three files, None if none is named."""
    ca, cert, key = files
    if ca is None and cert is None and key is None:
        return None
    remedy = "TLS needs --ca, --cert and --key, files in PEM"
    issues = [
        Issue(path=name, message="is not there", found=None if file is None else str(file), remedy=remedy)
        for name, file in zip(("--ca", "--cert", "--key"), files, strict=True)
        if file is None or not file.is_file()
    ]
    if issues or ca is None or cert is None or key is None:
        raise InputError("homeagent worker", tuple(issues))
    return TlsFiles(ca=ca, cert=cert, key=key)
