"""Champion and challenger asked for the same days: a loss of other days says nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from homeagent.forecasting.learned import Quantity
from homeagent.learning.model import Model
from homeagent.learning.pupil import Pupil
from homeagent.learning.registry import Champion


def champions_of(pupils: Mapping[Quantity, Pupil], challenger: Model, ahead: int) -> dict[Quantity, Champion]:
    """Return each student that serves, beside the challenger on the days that both were asked for.

    One that was asked for none of them stays only where there is no challenger.
    """
    found: dict[Quantity, Champion] = {}
    for quantity, pupil in pupils.items():
        rival = challenger.students.get(quantity)
        if pupil.notes is None:
            continue
        if rival is None or rival.notes is None:
            own = pupil.score(len(pupil.notes.origins), calibrated=False)
            found[quantity] = Champion(student=pupil.now, own=own, challenger=own)
            continue
        both = np.intersect1d(pupil.notes.origins, rival.notes.origins)
        if len(both):
            found[quantity] = Champion(
                student=pupil.now,
                own=pupil.score_on(np.isin(pupil.notes.origins, both), calibrated=False),
                challenger=Pupil(quantity, rival, ahead).score_on(np.isin(rival.notes.origins, both), calibrated=False),
            )
    return found
