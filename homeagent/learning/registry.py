"""Which model serves: champion and challenger, the one before for a rollback, and why. A small JSON file.

A running agent and a command by hand may change it at the same time: so each change is made under a lock.
"""

from __future__ import annotations

import fcntl
import json
import math
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from homeagent.domain.errors import InputError, Issue
from homeagent.forecasting.learned import Quantity
from homeagent.learning.model import Model, Skill, Student
from homeagent.learning.model_files import ModelFileError, read_card, read_whole, write_atomically

FLOOR = "floor"
REGISTRY, LOCK = "registry.json", ".lock"
ROLLED_BACK = "serves again"
MOST_EVENTS = 100
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
"""What a model may be called: the name of a folder beside the list, never a way to another one."""
MONEY_MARGIN = 1.02
"""Two weeks of money are a matter of luck, too: a loss that much above the floor's is one that counts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Champion:
    """A student that serves, and how it and the challenger did on the same days."""

    student: Student
    own: Skill
    challenger: Skill


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """What serves after a challenge, quantity by quantity; None where the champion, or the floor, stays. And why."""

    model: Model | None
    why: str


def judge(challenger: Model, champions: Mapping[Quantity, Champion]) -> Verdict:
    """Hold a challenger against the floor and the champion on the same days, in loss and in money.

    `champions` are the students that serve; none while the floor serves. A quantity in which the challenger is not the
    best keeps what it has, so at a tie the champion stays.
    """
    kept: dict[Quantity, Student] = {quantity: champion.student for quantity, champion in champions.items()}
    won, lost = [], []
    for quantity, student in challenger.students.items():
        marks = student.marks
        if marks is None or not math.isfinite(marks.pinball_kw):
            lost.append(f"{quantity}: too few days to judge by")
        elif marks.pinball_kw >= marks.floor_pinball_kw:
            lost.append(f"{quantity}: loss {marks.pinball_kw:.4f} kW, the floor's is {marks.floor_pinball_kw:.4f}")
        elif quantity in champions and champions[quantity].challenger.pinball_kw >= champions[quantity].own.pinball_kw:
            beside = champions[quantity]
            lost.append(
                f"{quantity}: loss {beside.challenger.pinball_kw:.4f} kW, "
                f"the champion's is {beside.own.pinball_kw:.4f} on the same days"
            )
        else:
            kept[quantity] = student
            won.append(f"{quantity}: loss {1 - marks.pinball_kw / marks.floor_pinball_kw:.1%} under the floor's")
    money, bound, other = challenger.regret, challenger.floor_regret, challenger.champion_regret
    if money is not None and bound is not None:
        beside_it = "" if other is None else f", the champion {other:.3f}"
        told = f"in money {money:.3f} a day lost, the floor {bound:.3f}{beside_it}"
        if money > MONEY_MARGIN * (bound if other is None else min(bound, other)):
            return Verdict(model=None, why="; ".join([told, *lost]))
        won.append(told)
    if not any(kept.get(quantity) is student for quantity, student in challenger.students.items()):
        return Verdict(model=None, why="; ".join(lost))
    return Verdict(model=replace(challenger, students=kept), why="; ".join([*won, *lost]))


class Registry:
    """The folder of models with what serves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[str, Any] = {}
        self._read_at: tuple[int, int] = (0, 0)
        self.read()

    def read(self) -> None:
        """Read the list as it is now. A damaged list costs no model: the newest serves again."""
        self._read_at = self._written_at()
        try:
            self._kept = _checked(json.loads(read_whole(self.folder / REGISTRY)))
        except FileNotFoundError:
            self._kept = {"serving": FLOOR, "previous": None, "events": []}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            newest = self.models()
            self._kept = {"serving": newest[-1] if newest else FLOOR, "previous": None, "events": []}

    @property
    def stale(self) -> bool:
        """Whether somebody else has written the list since it was read."""
        return self._written_at() != self._read_at

    def _written_at(self) -> tuple[int, int]:
        try:
            found = (self.folder / REGISTRY).stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_ino

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

    @property
    def rolled_back_at(self) -> datetime | None:
        """When what serves was gone back to by hand, None where it came to serve in another way."""
        for event in reversed(self.events):
            if event["event"] in {"serves", ROLLED_BACK} and event["model"] == self.serving:
                return datetime.fromisoformat(event["at"]) if event["event"] == ROLLED_BACK else None
        return None

    def models(self) -> list[str]:
        """Return the ids of all models with a card, oldest first."""
        found = []
        with suppress(OSError):
            for home in self.folder.iterdir():
                with suppress(ModelFileError, KeyError):
                    found.append((str(read_card(home)["made_at"]), home.name))
        return [name for _, name in sorted(found) if NAME.fullmatch(name)]

    def free_name(self, model_id: str) -> str:
        """Return the id, with a number if there is a model of that name: what is kept is not written over."""
        name, number = model_id, 1
        while (self.folder / name).exists():
            number += 1
            name = f"{model_id}-{number}"
        return name

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Let nobody else change the list meanwhile; it is read anew first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.read()
            yield

    def promote(self, model_id: str, why: str, at: datetime) -> None:
        """Let a model serve; the one before is kept, those before that are not."""
        with self.changing():
            if model_id != self.serving:
                self._kept["previous"] = self.serving
            self._kept["serving"] = model_id
            self._write(model_id, "serves", why, at)
            for name in self.models():
                if name not in {self.serving, self.previous}:
                    shutil.rmtree(self.folder / name, ignore_errors=True)

    def roll_back(self, at: datetime, why: str = "rolled back by hand; what is trained later must beat it") -> str:
        """Let what served before serve again, and return its id.

        Raises:
            InputError: nothing served before.
        """
        with self.changing():
            previous = self.previous
            if previous is None or previous == self.serving:
                issue = Issue(
                    path="models", message="have nothing to roll back to", remedy="homeagent models lists them"
                )
                raise InputError(str(self.folder), (issue,))
            self._kept["serving"], self._kept["previous"] = previous, self.serving
            self._write(previous, ROLLED_BACK, why, at)
            return previous

    def replace_damaged(self, damaged: str, by: str, why: str, at: datetime) -> None:
        """Let another model, or the floor, serve for one that cannot be loaded; nobody goes back to that one."""
        with self.changing():
            if self.serving != damaged:
                return
            self._kept["serving"], self._kept["previous"] = by, FLOOR if by != FLOOR else None
            self._write(damaged, f"is damaged, {by} serves", why, at)

    def note(self, model_id: str, event: str, why: str, at: datetime) -> None:
        """Remember what happened."""
        with self.changing():
            self._write(model_id, event, why, at)

    def _write(self, model_id: str, event: str, why: str, at: datetime) -> None:
        row = {"at": at.isoformat(), "model": model_id, "event": event, "why": why}
        self._kept["events"] = [*self._kept["events"], row][-MOST_EVENTS:]
        for left_over in self.folder.glob(f".{REGISTRY}.*"):  # by one that ended while it wrote
            left_over.unlink(missing_ok=True)
        write_atomically(self.folder / REGISTRY, json.dumps(self._kept, indent=2).encode() + b"\n")
        self._read_at = self._written_at()


def _checked(kept: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the file holds
    """Return what a list holds; anything that it should not raises."""
    events = [{name: str(event[name]) for name in ("at", "model", "event", "why")} for event in kept["events"]]
    for event in events:
        datetime.fromisoformat(event["at"])
    for name in (kept["serving"], kept["previous"]):
        if name is not None and not NAME.fullmatch(name):
            raise ValueError("no model has such a name")
    return {"serving": str(kept["serving"]), "previous": kept["previous"], "events": events}
