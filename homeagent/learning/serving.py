"""From a student to what runs it: exported, opened by the runtime, and held against numpy before it may serve."""

from __future__ import annotations

import logging

import numpy as np

from homeagent.forecasting.learned import Runner
from homeagent.forecasting.student import Float32Array, Network
from homeagent.forecasting.tflite_file import Kind, tflite_bytes
from homeagent.learning.pupil import Pupil
from homeagent.learning.runtime import Runtime

_LOGGER = logging.getLogger(__name__)

CHECKED_ROWS = 64
TOLERANCE = 0.06
"""How far a file may be from the network itself at the median of its worst rows, in parts of the home's scale."""


class ExportError(ValueError):
    """A file that does not compute what its network does."""


def exported(network: Network, kind: Kind, batch: int, sample: Float32Array, description: str) -> bytes:
    """Return the file of a network; `sample` holds standardised rows as they really come."""
    return tflite_bytes(network, kind, batch, sample, description)


def opened(content: bytes, network: Network, runtime: Runtime, batch: int, sample: Float32Array) -> Runner:
    """Return what runs a file, once it has computed the same as the network on real rows.

    Raises:
        ExportError: it computes something else, or nothing.
    """
    if runtime.build is None:
        return network
    rows = sample[:CHECKED_ROWS]
    try:
        run = runtime.build(content)
        said = np.concatenate([run(rows[at : at + batch]) for at in range(0, len(rows), batch)])
    except Exception as error:  # whatever a foreign library raises
        raise ExportError(f"{runtime.name} does not run it: {error}") from error
    wanted = network(rows)
    if not np.isfinite(said).all() or not np.isfinite(wanted).all():
        raise ExportError("it gives what is no number")
    worst = float(np.quantile(np.abs(said - wanted).max(axis=1), 0.9)) if len(rows) else 0.0
    if worst > TOLERANCE:
        raise ExportError(f"{runtime.name} is off by {worst:.3f} of the home's scale")
    return run


def equip(pupil: Pupil, runtime: Runtime, batch: int) -> None:
    """Let the runtime run the student's file; numpy where that does not compute the same."""
    network, sample = pupil.student.network, pupil.student.network.standardised(pupil.sample)
    pupil.run, pupil.file = network, None
    if runtime.build is None or not len(sample):
        return
    try:
        content = exported(network, pupil.student.kind, batch, sample, f"homeagent {pupil.quantity}")
        pupil.run = opened(content, network, runtime, batch, sample)
        pupil.file = content
    except ExportError as error:
        reason = str(error)
        if reason != pupil.not_run:  # once, not each night
            _LOGGER.warning("the student of %s is run by numpy: %s", pupil.quantity, reason)
        pupil.not_run = reason
