"""The student: a small network that says by how much the home differs from what its recent days alone would say.

Its outputs are corrections to the quantiles of the recent days, so an untaught student says what these say. It learns
by pinball loss on what was measured, and on a teacher's quantiles where there are any (Koenker and Bassett, "Regression
quantiles", 1978; Hinton et al., "Distilling the knowledge in a neural network", 2015). Adam, by hand: no library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Float32Array: TypeAlias = npt.NDArray[np.float32]

CLIP = 5.0
"""Inputs further from their mean than so many standard deviations say no more than that."""
PRACTICE_ROWS = 1024
DECAY = 1.0
"""How fast weights fall towards nothing, where the student is the floor; times the rate, at every step."""


@dataclass(slots=True, eq=False)
class Network:
    """Weights (inputs, outputs) and biases by layer, ReLU between them; Adam's memory; masks of pruned weights."""

    weights: list[Float32Array]
    biases: list[Float32Array]
    mean: Float32Array
    deviation: Float32Array
    masks: list[Float32Array] | None = None
    _moments: list[tuple[Float32Array, Float32Array]] = field(default_factory=list)
    _steps: int = 0

    @classmethod
    def untaught(cls, sizes: Sequence[int], mean: Float32Array, deviation: Float32Array, seed: int = 0) -> Network:
        """Return a network whose last layer says nothing yet."""
        rng = np.random.default_rng(seed)
        shapes = list(pairwise(sizes))
        weights = [rng.normal(0, np.sqrt(2 / n), (n, m)).astype(np.float32) for n, m in shapes]
        weights[-1] *= np.float32(0.0)
        return cls(weights, [np.zeros(m, np.float32) for _, m in shapes], mean, deviation)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of the hidden layers."""
        return tuple(weight.shape[1] for weight in self.weights[:-1])

    @property
    def multiplications(self) -> int:
        """How many a row costs: the budget of the width search."""
        return sum(weight.size for weight in self.weights)

    def standardised(self, inputs: Float32Array) -> Float32Array:
        """Return inputs as the network takes them: gaps say nothing, absurd ones no more than the clip."""
        scaled = np.clip((inputs - self.mean) / self.deviation, -CLIP, CLIP)
        return np.where(np.isnan(scaled), 0.0, scaled).astype(np.float32)

    def activations(self, rows: Float32Array) -> list[Float32Array]:
        """Return the input and each layer's output."""
        found = [rows]
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            out = found[-1] @ weight + bias
            found.append(np.maximum(out, 0) if number < len(self.weights) - 1 else out)
        return found

    def __call__(self, rows: Float32Array) -> Float32Array:
        """Return corrections for standardised rows, shape (rows, levels)."""
        return self.activations(rows)[-1]

    def step(self, found: list[Float32Array], gradient: Float32Array, rate: float) -> None:
        """Do one step of Adam against the outputs' gradient; `found` is what the layers said."""
        if not self._moments:
            self._moments = [(np.zeros_like(array), np.zeros_like(array)) for array in (*self.weights, *self.biases)]
        self._steps += 1
        gradients: list[Float32Array] = [np.empty(0, np.float32)] * (2 * len(self.weights))
        for layer in range(len(self.weights) - 1, -1, -1):
            gradients[layer] = found[layer].T @ gradient
            gradients[len(self.weights) + layer] = gradient.sum(axis=0)
            if layer:
                gradient = (gradient @ self.weights[layer].T) * (found[layer] > 0)
        quick, slow = (np.float32(1 - share**self._steps) for share in (0.9, 0.999))
        for number, array in enumerate((*self.weights, *self.biases)):
            first, second = self._moments[number]
            first[:] = first + np.float32(0.1) * (gradients[number] - first)
            second[:] = second + np.float32(0.001) * (gradients[number] ** 2 - second)
            array[:] = array * np.float32(1 - rate * DECAY)
            array[:] = array - np.float32(rate) * (first / quick) / (np.sqrt(second / slow) + np.float32(1e-8))
        for weight, mask in zip(self.weights, self.masks or (), strict=bool(self.masks)):
            weight[:] = weight * mask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lessons:
    """Standardised rows with what was measured less each level's base, and the teacher's quantiles less the same."""

    rows: Float32Array
    measured: Float32Array
    taught: Float32Array | None
    levels: Float32Array
    weight: Float32Array

    def some(self, chosen: npt.NDArray[np.intp]) -> Lessons:
        """Return the chosen rows."""
        return Lessons(
            rows=self.rows[chosen],
            measured=self.measured[chosen],
            taught=None if self.taught is None else self.taught[chosen],
            levels=self.levels,
            weight=self.weight[chosen],
        )


def slope(lessons: Lessons, said: Float32Array) -> Float32Array:
    """Return the gradient of the loss: pinball on what was measured, half of it taken over by the teacher's word."""
    wrong = np.where(lessons.measured > said, -lessons.levels, 1 - lessons.levels)
    if lessons.taught is not None:
        wrong = 0.5 * wrong + (said - lessons.taught)
    return np.asarray(wrong * (lessons.weight / len(said))[:, None], dtype=np.float32)


def teach(network: Network, lessons: Lessons, epochs: int, rate: float, batch: int = 256, seed: int = 0) -> None:
    """Teach in so many passes, at a rate that falls along a half cosine; what stays is the mean of the last half.

    The mean of many steps forgets each one's noise (Polyak and Juditsky, SIAM J. Control and Optimization 30, 1992).
    """
    rng = np.random.default_rng(seed)
    sums = [np.zeros_like(array) for array in (*network.weights, *network.biases)]
    summed = 0
    for epoch in range(epochs):
        order = rng.permutation(len(lessons.rows))
        falling = rate * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        for first in range(0, len(order), batch):
            part = lessons.some(order[first : first + batch])
            found = network.activations(part.rows)
            network.step(found, slope(part, found[-1]), falling)
            if 2 * epoch >= epochs:
                summed += 1
                for total, array in zip(sums, (*network.weights, *network.biases), strict=True):
                    total[:] = total + array
    if summed:
        for total, array in zip(sums, (*network.weights, *network.biases), strict=True):
            array[:] = total / np.float32(summed)


def practise(network: Network, lessons: Lessons, steps: int, rate: float, seed: int) -> None:
    """Do a few steps at an even rate on rows drawn at random: the nightly lesson."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        part = lessons.some(rng.integers(0, len(lessons.rows), min(PRACTICE_ROWS, len(lessons.rows))))
        found = network.activations(part.rows)
        network.step(found, slope(part, found[-1]), rate)


def merged(members: Sequence[Network]) -> Network:
    """Return one network that says the mean of what its members say; each of them has one hidden layer.

    A committee errs less than its members do, and this one costs no more than a network of as many units.
    """
    first = members[0]
    if any(len(member.weights) != 2 for member in members):  # noqa: PLR2004 - the hidden layer and the output
        raise ValueError("members of a committee have one hidden layer each")
    share = np.float32(1 / len(members))
    return Network(
        weights=[
            np.concatenate([member.weights[0] for member in members], axis=1),
            share * np.concatenate([member.weights[1] for member in members], axis=0),
        ],
        biases=[
            np.concatenate([member.biases[0] for member in members]),
            np.stack([member.biases[1] for member in members]).mean(axis=0, dtype=np.float32),
        ],
        mean=first.mean,
        deviation=first.deviation,
    )
