"""What the command line shows of learning: the ladder of a training, and the models that are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from homeagent.agent.frozen import Frozen
from homeagent.agent.hand_training import HandTraining
from homeagent.agent.starting import may_begin
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.learning import NightMark
from homeagent.forecasting.learned import Quantity
from homeagent.learning.ladder import Rung
from homeagent.learning.model_files import ModelFileError, read_card
from homeagent.learning.registry import FLOOR, Registry
from homeagent.learning.starters import starters_folder

NAMES: Mapping[Quantity, str] = {"load": "load", "pv": "PV"}


def print_training(done: HandTraining) -> None:
    """Print what a training came to, step by step."""
    console, trained = Console(), done.trained
    for quantity, rungs in trained.ladder.items():
        console.print(_ladder(NAMES[quantity], rungs))
    if trained.ladder:
        console.print("Measured on days not learned from, before calibration; CPU seconds are of 10,000 forecasts.")
    for quantity, student in {} if trained.model is None else trained.model.students.items():
        marks = student.marks
        if marks is not None:
            apart = marks.pinball_kw / marks.floor_pinball_kw - 1
            console.print(
                f"{NAMES[quantity]}, asked night by night through those days: loss {marks.pinball_kw:.4f} kW, "
                f"{apart:+.1%} of the floor's {marks.floor_pinball_kw:.4f}; {marks.coverage:.0%} in the 80 % band"
            )
    verdict = "It serves" if done.serves else "It does not serve"
    console.print(f"{verdict}: {done.why}. Training took {trained.cpu_seconds:.1f} CPU seconds.")
    if done.serves:
        kept = "Kept nowhere: name a folder with --models" if done.folder is None else f"Kept in {done.folder}"
        console.print(kept)


def _ladder(name: str, rungs: Iterable[Rung]) -> Table:
    table = Table(title=f"The ladder of {name}")
    table.add_column("step", no_wrap=True)
    for column in ("loss, kW", "MAE, kW", "in 80 %", "bytes", "CPU s"):
        table.add_column(column, justify="right", no_wrap=True)
    for rung in rungs:
        table.add_row(
            rung.name.replace("%", " %"),
            f"{rung.score.pinball_kw:.4f}",
            f"{rung.score.mae_kw:.3f}",
            f"{rung.score.coverage:.1%}",
            "" if rung.bytes is None else f"{rung.bytes:,}",
            "" if rung.cpu_s_per_10000 is None else f"{rung.cpu_s_per_10000:.2f}",
        )
    return table


def print_following(marks: Sequence[NightMark], frozen: Frozen | None, changed_on: date | None) -> None:
    """Print how the load's student did day by day, beside the floor and beside itself without further lessons."""
    chosen = [mark for mark in marks if mark.quantity == "load"]
    if not chosen:
        return
    table = Table(title="Forecast of the load, loss by day, in kW; simulated")
    table.add_column("day", no_wrap=True)
    for name in ("floor", "frozen", "student", "80 % band held"):
        table.add_column(name, justify="right")
    table.add_column("")
    for mark in chosen:
        stopped = None if frozen is None else frozen.loss_kw.get(mark.day)
        table.add_row(
            mark.day.isoformat(),
            f"{mark.floor_pinball_kw:.4f}",
            "" if stopped is None else f"{stopped:.4f}",
            f"{mark.pinball_kw:.4f}",
            f"{mark.coverage:.0%}",
            "habits change" if mark.day == changed_on else "",
        )
    console = Console()
    console.print(table)
    if frozen is not None:
        console.print("frozen: the student that knows nothing of the days since habits changed")


def print_models(folder: Path, *, as_json: bool) -> None:
    """Print which models there are, which one serves and why."""
    registry = Registry(folder)
    rows = [_card(registry, model_id) for model_id in registry.models()]
    if as_json:
        told = {"serving": registry.serving, "previous": registry.previous, "models": rows, "events": registry.events}
        print(json.dumps(told, indent=2))  # noqa: T201 - it is the answer
        return
    console = Console()
    table = Table(title="Models; loss of the last week it was judged on, against the floor's")
    table.add_column("model", no_wrap=True)
    for name in ("", "days learned", "load", "PV"):
        table.add_column(name)
    for card in rows:
        students = card.get("students", {})
        losses = [_against(students.get(quantity)) for quantity in NAMES]
        table.add_row(
            str(card["model_id"]),
            _role(registry, str(card["model_id"])),
            "damaged" if "damaged" in card else f"{card['days_learned']:.0f}",
            *losses,
        )
    table.add_row(FLOOR, "serves" if registry.serving == FLOOR else "always there", "", "", "")
    console.print(table)
    if may_begin(registry) and starters_folder() is not None:
        console.print("nothing of this home's own yet: a starter serves at first, unless learning.starter is false")
    _print_events(console, registry, registry.events[-10:])


def print_model(folder: Path, model_id: str, *, as_json: bool) -> None:
    """Explain one model.

    Raises:
        InputError: there is none of that name.
    """
    registry = Registry(folder)
    if model_id not in registry.models():
        known = ", ".join(registry.models()) or "none"
        issue = Issue(path=model_id, message="is no model here", remedy=f"there are: {known}")
        raise InputError(str(folder), (issue,))
    card = _card(registry, model_id)
    if as_json:
        print(json.dumps(card, indent=2))  # noqa: T201 - it is the answer
        return
    console = Console()
    role = _role(registry, model_id) or "does not serve"
    if "damaged" in card:
        console.print(f"{model_id} {role}; it is damaged: {card['damaged']}")
        return
    console.print(
        f"{model_id} {role}. Made {card['made_at'][:16].replace('T', ' ')} UTC from {card['days_learned']:.0f} days, "
        f"in slots of {card['step_minutes']} minutes."
    )
    for quantity, name in NAMES.items():
        student = card["students"].get(quantity)
        console.print(f"{name}: {'the floor serves' if student is None else _explained(student)}")
    if card["regret_per_day"] is not None and card["floor_regret_per_day"] is not None:
        console.print(
            f"Money lost a day against perfect knowledge when it was made: {card['regret_per_day']:.3f}, "
            f"with the floor {card['floor_regret_per_day']:.3f}"
        )
    for note in card["notes"]:
        console.print(note)
    _print_events(console, registry, [event for event in registry.events if event["model"] == model_id])


def _card(registry: Registry, model_id: str) -> dict[str, Any]:
    try:
        return read_card(registry.folder / model_id)
    except ModelFileError as error:
        return {"model_id": model_id, "damaged": str(error)}


def _role(registry: Registry, model_id: str) -> str:
    return {registry.serving: "serves", registry.previous: "served before"}.get(model_id, "")


def _print_events(console: Console, registry: Registry, events: Iterable[Mapping[str, str]]) -> None:
    for event in events:
        at = event["at"][:16].replace("T", " ")
        console.print(f"{at} {event['model']} {event['event']}: {event['why']}", highlight=False)
    if registry.previous is not None and registry.previous != registry.serving:
        console.print(f"Back to {registry.previous}: homeagent models --rollback", highlight=False)


def _against(student: Mapping[str, Any] | None) -> str:
    if student is None:
        return "the floor"
    own, floor = _losses(student)
    return "not judged yet" if own is None or not floor else f"{own / floor - 1:+.1%}"


def _losses(student: Mapping[str, Any]) -> tuple[float | None, float | None]:
    marks = student["marks"]
    return (None, None) if marks is None else (marks["pinball_kw"], marks["floor_pinball_kw"])


def _explained(student: Mapping[str, Any]) -> str:
    widths = " x ".join(str(width) for width in student["widths"])
    made = f"a network of {widths} units, {student['kind']}, trusted {student['trust']:.0%}"
    own, floor = _losses(student)
    if own is None or floor is None:
        return f"{made}; not judged yet"
    marks = student["marks"]
    band = "" if marks["coverage"] is None else f"; {marks['coverage']:.0%} in the 80 % band"
    return f"{made}; of late its loss is {own:.4f} kW, the floor's {floor:.4f}{band}"
