"""The teacher: gradient boosting on quantiles. Only the training process imports this module, and then it ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from homeagent.domain.grid import FloatArray
from homeagent.forecasting.features import LEVELS, Float32Array, Rows

TAUGHT_LEVELS = (1, 2, 4, 6, 7)
"""Which of the levels are boosted; those between and beyond follow from their neighbours."""
MOST_ROWS = 20_000
TREES, LEAVES, RATE, LEAST_IN_LEAF = 40, 6, 0.05, 400
"""Small trees and few: a year has few days that are unlike each other, and larger ones learn these by heart."""


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """One booster a level, on the corrections that a student learns, too."""

    boosters: list[HistGradientBoostingRegressor]

    @classmethod
    def of(cls, rows: Rows, truth: FloatArray, seed: int) -> Teacher:
        """Return a teacher fitted on the rows that count and were measured."""
        chosen = (rows.counts > 0) & ~np.isnan(truth)
        inputs, apart = _without_gaps(rows.inputs[chosen]), truth[chosen][:, None] - rows.base[chosen]
        some = np.random.default_rng(seed).permutation(len(inputs))[:MOST_ROWS]
        return cls(
            [
                HistGradientBoostingRegressor(
                    loss="quantile",
                    quantile=LEVELS[level],
                    max_iter=TREES,
                    max_leaf_nodes=LEAVES,
                    learning_rate=RATE,
                    min_samples_leaf=LEAST_IN_LEAF,
                    l2_regularization=1.0,
                    early_stopping=False,
                    random_state=seed,
                ).fit(inputs[some], apart[some, level])
                for level in TAUGHT_LEVELS
            ]
        )

    def corrections(self, rows: Rows) -> FloatArray:
        """Return what the teacher would correct, shape (origins, ahead, levels)."""
        width = rows.inputs.shape[-1]
        inputs = _without_gaps(rows.inputs.reshape(-1, width))
        known = np.stack([booster.predict(inputs) for booster in self.boosters], axis=-1)
        at = np.arange(len(LEVELS))
        taught = np.stack([np.interp(at, TAUGHT_LEVELS, row) for row in known])
        return taught.reshape(*rows.base.shape)


def _without_gaps(inputs: Float32Array) -> Float32Array:
    """Return inputs with nothing for a gap: a column of nothing but gaps is more than the library takes."""
    return np.nan_to_num(inputs)
