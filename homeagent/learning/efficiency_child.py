"""Runs the measuring of models and lessons in a process of its own: its memory is that of a training."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

from homeagent.domain.errors import PermanentError
from homeagent.learning.child import POLITE, THREADS
from homeagent.learning.efficiency import Bench, Efficiency, measure


def measure_in_child(bench: Bench, done: Callable[[], None]) -> Efficiency:
    """Return what was measured; `done` is called after each step.

    Raises:
        PermanentError: the process ended early: it was killed, or a library it needs is missing.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(theirs, bench), daemon=True)
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read when the child's libraries load
    child.start()
    theirs.close()
    try:
        while True:
            told = ours.recv()
            if isinstance(told, Efficiency):
                return told
            if isinstance(told, str):
                raise PermanentError(f"the models could not be measured: {told}")
            done()
    except EOFError:
        child.join()
        reason = f"the measuring process ended early ({child.exitcode}); is enough memory left?"
        raise PermanentError(reason) from None
    finally:
        ours.close()
        child.join(5)
        if child.is_alive():
            child.terminate()


def _work(connection: Connection, bench: Bench) -> None:
    with suppress(OSError):
        os.nice(POLITE)
    try:
        connection.send(measure(bench, lambda: connection.send(None)))
    except Exception as error:  # noqa: BLE001 - whatever it was, it is told
        connection.send(f"{type(error).__name__}: {error}")
    connection.close()
