"""Runs a training in a process of its own, which ends with it: so nothing heavy stays in the agent's memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from homeagent.domain.errors import HomeAgentError
from homeagent.domain.learning import Offload
from homeagent.learning.lesson import Say
from homeagent.learning.parcel import plain
from homeagent.learning.training import Request, Trained

NAME = "homeagent-training"
POLITE = 10
"""How far the training steps back behind everything else on the machine."""
LONGEST_CPU_S = 3600
"""A training takes some 15 CPU seconds here; one that takes this long on any machine does not end."""
INSTALL = "uv tool install 'homeagent[dask]', or pip install 'homeagent[dask]'"
STARTS_S = 60.0
"""What a process may take to start and to leave, beside what a scheduler may take."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotThere:
    """The other machine did not train, and why."""

    why: str


def train_in_child(request: Request, say: Say) -> Trained:
    """Train, hand on what the process tells while it does, and return what came of it. A crash is an outcome, too."""
    if multiprocessing.current_process().daemon:  # which may have no children: a worker on another machine, say
        return _train(request, say)
    result = _in_child(request, say, None)
    return Trained(model=None, cpu_seconds=0.0, reason=result.why) if isinstance(result, NotThere) else result


def train_by(offload: Offload, request: Request, say: Say) -> Trained | NotThere:
    """Let a Dask scheduler train, and return what came of it. A process of its own speaks to it: Dask is large."""
    return _in_child(request, say, offload)


def _in_child(request: Request, say: Say, offload: Offload | None) -> Trained | NotThere:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()  # carries the request, too: as an argument it would block on a child that died early
    child = context.Process(target=_work, args=(theirs,), daemon=True, name=NAME)
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
    longest_s = None if offload is None else offload.silent_s + STARTS_S
    try:
        ours.send((request, offload))
        while ours.poll(longest_s):
            told = ours.recv()
            if isinstance(told, Trained | NotThere):
                return told
            say(told)
        return NotThere(why=f"nothing was heard for {longest_s:g} s")
    except (EOFError, OSError):
        child.join()
        return NotThere(why=f"the training process ended early ({child.exitcode})")
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


def _work(connection: Connection) -> None:
    with suppress(OSError):
        os.nice(POLITE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_CPU_S, LONGEST_CPU_S))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the solver greets on it, whatever it is told

    def say(text: str) -> None:
        with suppress(OSError):  # nobody listens any more
            connection.send(text)

    request, offload = connection.recv()
    result = _train(request, say) if offload is None else _send(request, offload, say)
    with suppress(OSError):
        connection.send(result)
    connection.close()


def _train(request: Request, say: Say) -> Trained:
    from homeagent.learning.training import train  # noqa: PLC0415 - its imports are what the process is for

    try:
        return train(request, say)
    except Exception as error:  # noqa: BLE001 - whatever it was, the agent goes on with what it has
        return Trained(model=None, cpu_seconds=0.0, reason=f"the training failed: {type(error).__name__}: {error}")


def _send(request: Request, offload: Offload, say: Say) -> Trained | NotThere:
    try:
        from homeagent.learning.offload import train_elsewhere  # noqa: PLC0415 - it imports Dask, for this process alone
    except ImportError:
        return NotThere(why=f"Dask is not installed here: {INSTALL}")
    os.dup2(1, 2)  # a stranger may have words printed there
    try:
        return train_elsewhere(request, offload, say)
    except HomeAgentError as error:
        return NotThere(why=plain(error))
    except Exception as error:  # noqa: BLE001 - whatever it was, it is trained here
        return NotThere(why=plain(f"{offload.address} could not be used ({type(error).__name__}: {error})"))
