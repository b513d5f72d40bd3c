"""Reads the ledger of a database that a running agent may be writing: what was decided, told, proved."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from homeagent.domain.errors import InputError, Issue, StoreError
from homeagent.domain.plan import PlanningProblem
from homeagent.store.problems import problem_of
from homeagent.store.rows import instant

_ENTRIES = """
SELECT c.at_s, c.device, c.content, d.id, d.content,
  (SELECT content FROM forecasts WHERE kind = 'load_kw' AND issued_at_s <= c.at_s ORDER BY id DESC LIMIT 1),
  (SELECT content FROM forecasts WHERE kind = 'pv_kw' AND issued_at_s <= c.at_s ORDER BY id DESC LIMIT 1)
FROM commands c
LEFT JOIN decisions d ON d.id = (SELECT max(id) FROM decisions WHERE device = c.device AND at_s = c.at_s)
ORDER BY c.id DESC LIMIT ?
"""
_OUTCOMES = "SELECT at_s, kind, content FROM outcomes WHERE device = ? AND issued_at_s = ? ORDER BY id"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One command with what it came from and what became of it; `decision` can be replayed, None for a timetable's."""

    at: datetime
    device: str
    told: str
    why: str
    forecast: str | None
    """What was expected of the slot that the command was given in."""
    decision: int | None
    plan: str | None
    outcome: str | None
    proof: str | None
    proved_after_s: float | None
    ended_by: str | None = None
    """What ended a proved command before its lease did, such as a person."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredDecision:
    """A decision with all that its plan was made from, and the plan as it was kept."""

    at: datetime
    device: str
    why: str
    digest: str
    problem: PlanningProblem
    plan: dict[str, Any]


def ledger(path: Path, last: int) -> list[LedgerEntry]:
    """Return the newest commands, oldest first.

    Raises:
        StoreError: there is no database, or it is none of this release.
    """
    with reading_only(path) as connection:
        rows = connection.execute(_ENTRIES, (last,)).fetchall()
        outcomes = [connection.execute(_OUTCOMES, (device, at_s)).fetchall() for at_s, device, *_ in rows]
    return [_entry(*both) for both in reversed(list(zip(rows, outcomes, strict=True)))]


def stored_decision(path: Path, number: int) -> StoredDecision:
    """Return decision `number` as it was kept.

    Raises:
        InputError: there is none of this number, or its inputs are no longer kept.
        StoreError: as `ledger`.
    """
    with reading_only(path) as connection:
        row = connection.execute("SELECT at_s, device, content FROM decisions WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise _no_decision(path, number, "does not exist", "see homeagent ledger for the numbers")
        content = json.loads(row[2])
        digest = content["plan"]
        problem = connection.execute("SELECT content FROM problems WHERE digest = ?", (digest,)).fetchone()
        plans = connection.execute("SELECT kind, content FROM plans WHERE issued_at_s <= ? ORDER BY id DESC", (row[0],))
        found = (json.loads(text) | {"outcome": kind} for kind, text in plans)
        plan = next((plan for plan in found if plan["problem"] == digest), None)
    if problem is None or plan is None:
        raise _no_decision(path, number, "has its inputs no longer kept", "they are kept for ten days")
    return StoredDecision(
        at=instant(row[0]),
        device=row[1],
        why=content["why"],
        digest=digest,
        problem=problem_of(problem[0]),
        plan=plan,
    )


def _no_decision(path: Path, number: int, message: str, remedy: str) -> InputError:
    return InputError(str(path), (Issue(path=f"decision {number}", message=message, remedy=remedy),))


@contextmanager
def reading_only(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that writes nothing.

    Raises:
        StoreError: there is no database, or it is none of this release.
    """
    if not path.exists():
        raise StoreError(f"{path}: does not exist; name the store that homeagent run writes")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: cannot be read ({error})") from error


def _entry(row: tuple[Any, ...], outcomes: Sequence[tuple[int, str, str]]) -> LedgerEntry:
    """Return a command with its proof, else with the last that was heard of it."""
    at_s, device, content, number, decided, load, pv = row
    command, decision = json.loads(content), None if decided is None else json.loads(decided)
    proofs = [outcome for outcome in outcomes if outcome[1] == "Confirmed"]
    heard = next(iter([*proofs, *reversed(outcomes)]), None)
    last = outcomes[-1] if outcomes and outcomes[-1] != heard else None
    words = None if heard is None else json.loads(heard[2])
    return LedgerEntry(
        at=instant(at_s),
        device=device,
        told=_told(command["instruction"]),
        why=command["why"],
        forecast=_expected(at_s, {"load": load, "PV": pv}),
        decision=number,
        plan=None if decision is None else decision["plan"],
        outcome=None if heard is None else heard[1],
        proof=None if words is None else words["proof"] or words["reason"],
        proved_after_s=None if heard is None else float(heard[0] - at_s),
        ended_by=None if last is None else json.loads(last[2])["reason"],
    )


def _expected(at_s: int, forecasts: dict[str, str | None]) -> str | None:
    """Return the forecasts of one instant in words, None where there are none."""
    words = []
    for name, content in forecasts.items():
        if content is None:
            return None
        values = json.loads(content)
        since = instant(at_s) - datetime.fromisoformat(values["start"])
        slot = int(since / timedelta(minutes=values["step_minutes"]))
        if not 0 <= slot < len(values["mean_kw"]):
            return None
        mean, low, high = (values[key][slot] for key in ("mean_kw", "low_kw", "high_kw"))
        words.append(f"{name} {mean:.2f} kW ({low:.2f} to {high:.2f})")
    return ", ".join(words)


def _told(instruction: dict[str, Any]) -> str:
    """Return an instruction in words."""
    match instruction["kind"]:
        case "SetMode":
            power_kw = instruction["power_kw"]
            mode = str(instruction["mode"]).replace("_", "-")
            return mode if power_kw is None else f"{mode} at {power_kw:.2f} kW"
        case "SetReserve":
            return f"reserve {instruction['reserve_kwh']:.1f} kWh"
        case "SetSwitch":
            return "on" if instruction["on"] else "off"
        case "SetTemperature":
            return f"{instruction['target_c']:g} degC"
        case "SetCharge":
            more = ", more from surplus" if instruction["surplus"] else ""
            return f"{instruction['power_kw']:.2f} kW on {instruction['phases']} phase(s){more}"
        case "Suggest":
            return f"told: start at {instruction['start']}"
        case "FollowPolicy":
            return "follow the policy"
        case _:
            return "safe state"
