"""The steps of compression, each measured on days that were not learned from: what it weighs and what it loses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from homeagent.domain.grid import FloatArray
from homeagent.forecasting.compression import without_units, without_weights
from homeagent.forecasting.features import Rows
from homeagent.forecasting.learned import corrected, corrections_of
from homeagent.forecasting.scores import Score, score
from homeagent.forecasting.student import Lessons, Network, teach
from homeagent.forecasting.tflite_file import Kind, tflite_bytes
from homeagent.learning.runtime import Runtime
from homeagent.learning.serving import ExportError, opened

FINE_TUNING_EPOCHS, FINE_TUNING_RATE = 3, 5e-4
RUNS = 200
LEAST_MEASURED_S, MOST_RUNS = 0.1, 10_000
"""The clock of CPU time is coarse: a hundredth of a second on some machines."""
TOLERANCE = {"small": 0.03, "normal": 0.01, "large": 0.0}
"""How much of the loss a smaller file may cost, by `learning.budget`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step: how it did, what its file weighs, what 10,000 forecasts cost; `bytes` is None without a file."""

    name: str
    score: Score
    bytes: int | None
    cpu_s_per_10000: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """A rung with what would serve from it."""

    rung: Rung
    network: Network
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Test:
    """The days to be measured on, and how far corrections are trusted there."""

    rows: Rows
    truth: FloatArray
    trust: float

    def score(self, corrections: FloatArray) -> Score:
        """Return how corrections do [kW], before any calibration."""
        scale = self.rows.scale_kw[:, None]
        said = corrected(self.rows, corrections, self.trust) * scale[..., None]
        return score(self.truth * scale, said, self.rows.counts)


def cpu_s_per_10000(run: Callable[[], object], runs: int = RUNS) -> float:
    """Return the CPU seconds of ten thousand calls."""
    run()
    done, began, took = 0, time.process_time(), 0.0
    while not done or (took < LEAST_MEASURED_S and done < MOST_RUNS):
        for _ in range(runs):
            run()
        done += runs
        took = time.process_time() - began
    return took / done * 10_000


def climb(network: Network, lessons: Lessons, test: Test, runtime: Runtime, seed: int) -> list[Step]:
    """Return every step from the network as it is to the smallest, those that the runtime cannot run left out."""
    kinds: tuple[Kind, ...] = ("float32", "int8") if runtime.name != "tflite-runtime" else ("float32",)
    found = [_step("float32, numpy", network, None, test, runtime)]
    found += [_step(f"{kind} file", network, kind, test, runtime) for kind in (*kinds, "dynamic")]
    for share in (0.5, 0.8):
        smaller = without_weights(network, share)
        teach(smaller, lessons, FINE_TUNING_EPOCHS, FINE_TUNING_RATE, seed=seed)
        found.append(_step(f"{share:.0%} of weights pruned, {kinds[-1]} file", smaller, kinds[-1], test, runtime))
    for share in (0.5, 0.8):
        smaller = without_units(network, share)
        teach(smaller, lessons, FINE_TUNING_EPOCHS, FINE_TUNING_RATE, seed=seed)
        found.append(_step(f"{share:.0%} of units pruned, {kinds[-1]} file", smaller, kinds[-1], test, runtime))
    return [step for step in found if step is not None]


def _step(name: str, network: Network, kind: Kind | None, test: Test, runtime: Runtime) -> Step | None:
    ahead, width = test.rows.inputs.shape[1:]
    standard = network.standardised(test.rows.inputs.reshape(-1, width))
    one = standard[:ahead]
    if kind is None:
        rung = Rung(
            name=name,
            score=test.score(corrections_of(network, network, test.rows)),
            bytes=None,
            cpu_s_per_10000=cpu_s_per_10000(lambda: network(one)),
        )
        return Step(rung=rung, network=network, kind="float32")
    if runtime.build is None:
        return None
    content = tflite_bytes(network, kind, ahead, standard[:: max(len(standard) // 4096, 1)], name)
    try:
        run = opened(content, network, runtime, ahead, standard)
    except ExportError:
        return None
    rung = Rung(
        name=name,
        score=test.score(corrections_of(run, network, test.rows)),
        bytes=len(content),
        cpu_s_per_10000=cpu_s_per_10000(lambda: run(one)),
    )
    return Step(rung=rung, network=network, kind=kind)


def choose_step(steps: list[Step], budget: str) -> Step:
    """Return the step with the smallest file that costs no more of the loss than the budget allows.

    The dynamic kind is measured, never chosen: a full int8 file is as small and faster.
    """
    best = min(step.rung.score.pinball_kw for step in steps)
    allowed = [
        step
        for step in steps
        if step.kind != "dynamic" and step.rung.score.pinball_kw <= (1 + TOLERANCE[budget]) * best + 1e-9
    ]
    return min(allowed, key=lambda step: (step.rung.bytes or 1 << 30, step.rung.score.pinball_kw))
