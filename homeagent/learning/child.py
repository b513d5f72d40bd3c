"""Runs a training in a process of its own, which ends with it: so nothing heavy stays in the agent's memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
from contextlib import suppress
from multiprocessing.connection import Connection

from homeagent.learning.lesson import Say
from homeagent.learning.training import Request, Trained

NAME = "homeagent-training"
POLITE = 10
"""How far the training steps back behind everything else on the machine."""
LONGEST_CPU_S = 3600
"""A training takes some 15 CPU seconds here; one that takes this long on any machine does not end."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def train_in_child(request: Request, say: Say) -> Trained:
    """Train, hand on what the process tells while it does, and return what came of it. A crash is an outcome, too."""
    if multiprocessing.current_process().daemon:  # which may have no children: a worker on another machine, say
        return _train(request, say)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(theirs, request), daemon=True, name=NAME)
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read when the child's libraries load
    try:
        child.start()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    theirs.close()
    try:
        while True:
            told = ours.recv()
            if isinstance(told, Trained):
                return told
            say(told)
    except (EOFError, OSError):
        child.join()
        return Trained(model=None, cpu_seconds=0.0, reason=f"the training process ended early ({child.exitcode})")
    finally:
        ours.close()
        child.join(5)
        if child.is_alive():
            child.terminate()


def end_trainings() -> None:
    """End every training that goes on: who leaves does not wait for it."""
    for child in multiprocessing.active_children():
        if child.name == NAME:
            child.terminate()


def _work(connection: Connection, request: Request) -> None:
    with suppress(OSError):
        os.nice(POLITE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_CPU_S, LONGEST_CPU_S))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the solver greets on it, whatever it is told

    def say(text: str) -> None:
        with suppress(OSError):  # nobody listens any more
            connection.send(text)

    result = _train(request, say)
    with suppress(OSError):
        connection.send(result)
    connection.close()


def _train(request: Request, say: Say) -> Trained:
    from homeagent.learning.training import train  # noqa: PLC0415 - its imports are what the process is for

    try:
        return train(request, say)
    except Exception as error:  # noqa: BLE001 - whatever it was, the agent goes on with what it has
        return Trained(model=None, cpu_seconds=0.0, reason=f"the training failed: {type(error).__name__}: {error}")
