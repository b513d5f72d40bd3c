"""The findings and questions of `homeagent discover` on a terminal."""

from __future__ import annotations

from collections.abc import Mapping

import click
from rich.console import Console
from rich.table import Table

from homeagent.agent.discovery.run import parsed
from homeagent.domain.discovery import Answer, Question, Understanding

MARKS = {"found": "[green]found[/]", "warning": "[yellow]look[/]", "missing": "[red]not found[/]"}


def print_findings(understanding: Understanding) -> None:
    """Print what was understood."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in understanding.findings:
        remedy = f"\n[dim]{finding.remedy}[/]" if finding.remedy else ""
        table.add_row(MARKS[finding.kind], f"{_plain(finding.text)}{remedy}")
    Console().print(table)


def _plain(text: str) -> str:
    """Return a text that rich takes for no markup."""
    return text.replace("[", r"\[")


def ask(understanding: Understanding, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Ask every question that has no answer yet, and return all answers."""
    given = dict(answers)
    for question in understanding.questions:
        if question.key not in given:
            given[question.key] = _asked(question)
    return given


def _asked(question: Question) -> Answer:
    text = question.text + (f" [{question.unit}]" if question.unit else "")
    if question.because:
        text += f" ({question.because})"
    if question.choices:
        text += f" ({', '.join(question.choices)})"
    while True:
        shown = f"{question.suggestion:g}" if isinstance(question.suggestion, float) else question.suggestion
        reply = click.prompt(text, default=shown, type=str)
        try:
            return parsed(question, str(reply))
        except ValueError as error:
            click.echo(f"That {error.args[0]}.")
