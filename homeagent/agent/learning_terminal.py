"""What the command line shows of learning: the ladder of a training, and the models that are kept."""

from __future__ import annotations

import json
import math
from pathlib import Path

from rich.console import Console
from rich.table import Table

from homeagent.agent.hand_training import HandTraining
from homeagent.agent.starting import may_begin
from homeagent.learning.model_files import ModelFileError, read_card
from homeagent.learning.registry import FLOOR, Registry
from homeagent.learning.starters import starters_folder


def print_training(done: HandTraining) -> None:
    """Print what a training came to, step by step."""
    console, trained = Console(), done.trained
    for quantity, rungs in trained.ladder.items():
        table = Table(title=f"{quantity}: days not learned from, before calibration; CPU s per 10,000 forecasts")
        table.add_column("", no_wrap=True)
        for name in ("pinball kW", "MAE kW", "in band", "bytes", "CPU s"):
            table.add_column(name, justify="right")
        for rung in rungs:
            table.add_row(
                rung.name,
                f"{rung.score.pinball_kw:.4f}",
                f"{rung.score.mae_kw:.4f}",
                f"{rung.score.coverage:.1%}",
                "" if rung.bytes is None else f"{rung.bytes}",
                "" if rung.cpu_s_per_10000 is None else f"{rung.cpu_s_per_10000:.2f}",
            )
        console.print(table)
    for quantity, student in {} if trained.model is None else trained.model.students.items():
        marks = student.marks
        if marks is not None:
            console.print(
                f"{quantity}: served night by night through the held-out days, its loss is {marks.pinball_kw:.4f} kW, "
                f"the floor's {marks.floor_pinball_kw:.4f} kW"
            )
    verdict = "it serves" if done.serves else "it does not serve"
    console.print(f"{verdict}: {done.why} ({trained.cpu_seconds:.1f} CPU seconds)")
    if done.folder is not None and done.serves:
        console.print(f"kept in {done.folder}")


def print_models(folder: Path, *, as_json: bool) -> None:
    """Print which models there are, which one serves and why."""
    registry = Registry(folder)
    rows = []
    for model_id in registry.models():
        try:
            rows.append(read_card(folder / model_id))
        except ModelFileError as error:
            rows.append({"model_id": model_id, "damaged": str(error)})
    if as_json:
        told = {"serving": registry.serving, "previous": registry.previous, "models": rows, "events": registry.events}
        print(json.dumps(told, indent=2))  # noqa: T201 - it is the answer
        return
    console = Console()
    table = Table(title=f"models in {folder}")
    for name in ("model", "", "days learned", "load", "PV"):
        table.add_column(name)
    for card in rows:
        role = {registry.serving: "serves", registry.previous: "served before"}.get(str(card["model_id"]), "")
        students = card.get("students", {})
        marks = [_told(students.get(quantity)) for quantity in ("load", "pv")]
        table.add_row(str(card["model_id"]), role, str(card.get("days_learned", card.get("damaged", ""))), *marks)
    table.add_row(FLOOR, "serves" if registry.serving == FLOOR else "always there", "", "", "")
    console.print(table)
    if may_begin(registry) and starters_folder() is not None:
        console.print("nothing of this home's own yet: a starter serves at first, unless learning.starter is false")
    for event in registry.events[-10:]:
        console.print(f"{event['at'][:16]} {event['model']} {event['event']}: {event['why']}")


def _told(student: dict[str, dict[str, float | None]] | None) -> str:
    marks = None if student is None else student.get("marks")
    own, floor = (None, None) if marks is None else (marks["pinball_kw"], marks["floor_pinball_kw"])
    if own is None or floor is None or not math.isfinite(own) or not floor:
        return "the floor" if student is None else "not judged yet"
    return f"{own:.4f} kW, {own / floor - 1:+.1%} of the floor's loss"
