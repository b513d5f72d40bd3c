"""What runs a .tflite file: ai-edge-litert, tflite-runtime, or numpy. Chosen by building an interpreter, not by import.

An import proves nothing: one runtime imports beside a numpy that it cannot work with, and fails only when it is used.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from homeagent.forecasting.learned import Runner
from homeagent.forecasting.student import Float32Array, Network
from homeagent.forecasting.tflite_file import Kind, tflite_bytes

_LOGGER = logging.getLogger(__name__)

MODULES = {"ai-edge-litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}
KINDS: dict[str, Kind] = {"ai-edge-litert": "int8", "tflite-runtime": "float32"}
"""The older runtime does not speed up int8, so there float32 is the fast one, and the safe one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A way to run a file. `build` is None for numpy, which runs the network itself; `note` says what did not work."""

    name: str
    kind: Kind
    build: Callable[[bytes], Runner] | None
    note: str | None = None


NUMPY = Runtime(name="numpy", kind="float32", build=None)
"""No library: 15 MB less, and half as quick; a forecast takes a few thousandths of a second either way."""


def _builder(module: Any, delegates: list[Any]) -> Callable[[bytes], Runner]:  # noqa: ANN401 - a foreign module
    def build(content: bytes) -> Runner:
        options: dict[str, Any] = {"experimental_delegates": delegates} if delegates else {}
        interpreter = module.Interpreter(model_content=content, num_threads=1, **options)
        interpreter.allocate_tensors()
        source = interpreter.get_input_details()[0]
        result = interpreter.get_output_details()[0]["index"]
        batch = int(source["shape"][0])

        def run(rows: Float32Array) -> Float32Array:
            given = rows
            if len(rows) < batch:
                given = np.concatenate([rows, np.zeros((batch - len(rows), rows.shape[1]), np.float32)])
            interpreter.set_tensor(source["index"], given)
            interpreter.invoke()
            said: Float32Array = interpreter.get_tensor(result)[: len(rows)]
            return said

        return run

    return build


def _tiny() -> tuple[bytes, Float32Array, Float32Array]:
    """Return a file, an input and what must come out of it."""
    network = Network.untaught((2, 4, 1), np.zeros(2, np.float32), np.ones(2, np.float32), seed=3)
    network.weights[-1][:] = 0.5
    rows = np.array([[0.5, -0.25]], np.float32)
    return tflite_bytes(network, "float32", 1, rows, "a test"), rows, network(rows)


def _works(build: Callable[[bytes], Runner]) -> None:
    content, rows, wanted = _tiny()
    with _silence():
        said = build(content)(rows)
    if not np.allclose(said, wanted, atol=1e-4):
        raise ValueError("computes wrongly")


@contextmanager
def _silence() -> Iterator[None]:
    """Close standard error for a moment: the library greets on it, below Python, the first time it is used."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def every() -> list[Runtime]:
    """Return all that really work here, numpy first."""
    found = [NUMPY]
    for name, path in MODULES.items():
        with suppress(ImportError, SystemError, OSError, ValueError, RuntimeError, AttributeError):
            build = _builder(importlib.import_module(path), [])
            _works(build)
            found.append(Runtime(name=name, kind=KINDS[name], build=build))
    return found


@lru_cache(maxsize=4)
def choose(delegate: Path | None = None) -> Runtime:
    """Return the first runtime that really works here; with a delegate (an accelerator's library) if that does, too."""
    note = None
    for name, path in MODULES.items():
        try:
            module = importlib.import_module(path)
            _works(_builder(module, []))
        except (ImportError, SystemError, OSError, ValueError, RuntimeError, AttributeError) as error:
            _LOGGER.debug("%s: %s", name, error)
            continue
        if delegate is not None:
            try:
                build = _builder(module, [module.load_delegate(str(delegate))])
                _works(build)
            except (OSError, AttributeError, ValueError, RuntimeError) as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                note = f"learning.delegate {delegate} cannot be used ({reason}); the CPU is"
                _LOGGER.warning("%s", note)
            else:
                return Runtime(name=f"{name} with {delegate.name}", kind="int8", build=build)
        return Runtime(name=name, kind=KINDS[name], build=_builder(module, []), note=note)
    if delegate is not None:
        note = f"learning.delegate {delegate} cannot be used: no TFLite runtime works here; numpy is used"
        _LOGGER.warning("%s", note)
    return replace(NUMPY, note=note)
