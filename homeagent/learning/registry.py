"""Which model serves: champion and challenger, the one before for a rollback, and why. A small JSON file."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from homeagent.domain.errors import InputError, Issue
from homeagent.forecasting.learned import Quantity
from homeagent.learning.model import Model, Skill, Student
from homeagent.learning.model_files import ModelFileError, read_card, write_atomically

FLOOR = "floor"
REGISTRY = "registry.json"
MOST_EVENTS = 100
MONEY_MARGIN = 1.02
"""Two weeks of money are a matter of luck, too: a loss that much above the floor's is one that counts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """What serves after a challenge, quantity by quantity; None where the champion, or the floor, stays. And why."""

    model: Model | None
    why: str


def judge(challenger: Model, champions: Mapping[Quantity, tuple[Student, Skill]]) -> Verdict:
    """Hold a challenger against the floor and the champion on the same days, in loss and in money.

    `champions` are the students that serve with how they did on these days; none while the floor serves. A quantity in
    which the challenger is not the best keeps what it has.
    """
    kept: dict[Quantity, Student] = {quantity: student for quantity, (student, _) in champions.items()}
    won, lost = [], []
    for quantity, student in challenger.students.items():
        marks = student.marks
        if marks is None or not math.isfinite(marks.pinball_kw):
            lost.append(f"{quantity}: too few days to judge by")
        elif marks.pinball_kw >= marks.floor_pinball_kw:
            lost.append(f"{quantity}: loss {marks.pinball_kw:.4f} kW, the floor's is {marks.floor_pinball_kw:.4f}")
        elif quantity in champions and marks.pinball_kw >= champions[quantity][1].pinball_kw:
            lost.append(
                f"{quantity}: loss {marks.pinball_kw:.4f} kW, the champion's is {champions[quantity][1].pinball_kw:.4f}"
            )
        else:
            kept[quantity] = student
            won.append(f"{quantity}: loss {1 - marks.pinball_kw / marks.floor_pinball_kw:.1%} under the floor's")
    own, floor = challenger.regret, challenger.floor_regret
    if own is not None and floor is not None:
        told = f"in money {own:.3f} a day lost, the floor {floor:.3f}"
        if own > MONEY_MARGIN * floor:
            return Verdict(model=None, why="; ".join([told, *lost]))
        won.append(told)
    if not any(kept.get(quantity) is student for quantity, student in challenger.students.items()):
        return Verdict(model=None, why="; ".join(lost))
    return Verdict(model=replace(challenger, students=kept), why="; ".join([*won, *lost]))


class Registry:
    """The folder of models with what serves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[str, Any] = {"serving": FLOOR, "previous": None, "events": []}
        try:
            kept = json.loads((folder / REGISTRY).read_text(encoding="utf-8"))
            self._kept = {
                "serving": str(kept["serving"]),
                "previous": None if kept["previous"] is None else str(kept["previous"]),
                "events": [dict(event) for event in kept["events"]],
            }
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError):  # a damaged list costs no model: the newest serves again
            newest = self.models()
            self._kept["serving"] = newest[-1] if newest else FLOOR

    def changed_at(self) -> int:
        """Return when the list was last written [ns], 0 if never: so that a running agent notices."""
        try:
            return (self.folder / REGISTRY).stat().st_mtime_ns
        except OSError:
            return 0

    @property
    def serving(self) -> str:
        """The id of the model that serves, `floor` where none does."""
        return str(self._kept["serving"])

    @property
    def previous(self) -> str | None:
        """What served before it."""
        previous = self._kept["previous"]
        return None if previous is None else str(previous)

    @property
    def events(self) -> list[dict[str, str]]:
        """What happened, oldest first."""
        return list(self._kept["events"])

    def models(self) -> list[str]:
        """Return the ids of all models with a card, oldest first."""
        found = []
        for home in self.folder.iterdir() if self.folder.is_dir() else ():
            try:
                found.append((str(read_card(home)["made_at"]), home.name))
            except (ModelFileError, KeyError, NotADirectoryError):
                continue
        return [name for _, name in sorted(found)]

    def promote(self, model_id: str, why: str, at: datetime) -> None:
        """Let a model serve; the one before is kept, those before that are not."""
        if model_id != self.serving:
            self._kept["previous"] = self.serving
        self._kept["serving"] = model_id
        self.note(model_id, "serves", why, at)
        for name in self.models():
            if name not in {self.serving, self.previous}:
                shutil.rmtree(self.folder / name, ignore_errors=True)

    def roll_back(self, at: datetime, why: str = "rolled back by hand") -> str:
        """Let what served before serve again, and return its id.

        Raises:
            InputError: nothing served before.
        """
        previous = self.previous
        if previous is None or previous == self.serving:
            issue = Issue(path="models", message="have nothing to roll back to", remedy="homeagent models lists them")
            raise InputError(str(self.folder), (issue,))
        self._kept["serving"], self._kept["previous"] = previous, self.serving
        self.note(previous, "serves again", why, at)
        return previous

    def note(self, model_id: str, event: str, why: str, at: datetime) -> None:
        """Remember what happened."""
        row = {"at": at.isoformat(), "model": model_id, "event": event, "why": why}
        self._kept["events"] = [*self._kept["events"], row][-MOST_EVENTS:]
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / REGISTRY, json.dumps(self._kept, indent=2).encode() + b"\n")
