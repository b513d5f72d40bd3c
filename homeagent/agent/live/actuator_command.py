"""`homeagent test-device`: the supervised test in a terminal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from homeagent.agent.live.actuator_test import run_test
from homeagent.agent.live.ending import ended_by_signals
from homeagent.config import Config
from homeagent.config.editing import as_yaml
from homeagent.domain import actuator
from homeagent.domain.actuator import ActuatorReport, Verdict

COLOURS: dict[Verdict, str] = {
    "works": "green",
    "too much": "red",
    "no effect": "red",
    "wrong way": "red",
    "too slow": "yellow",
    "not clear": "yellow",
    "not tried": "dim",
}


def test_device(source: Path, config: Config, device: str) -> ActuatorReport:
    """Test a device with a live line on standard error; Ctrl-C and SIGTERM stop it, and the device is left as found."""
    logging.basicConfig(level=logging.ERROR)  # the report says what there is to say

    async def supervised() -> ActuatorReport:
        stop = asyncio.Event()
        ended_by_signals(stop)
        with _line() as show:
            return await run_test(source, config, device, on_progress=show, stop=stop)

    return asyncio.run(supervised())


@contextmanager
def _line() -> Iterator[Callable[[actuator.Progress], None]]:
    """Give a function that shows how far a test is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[seconds]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("connecting", total=None, seconds="")

        def show(now: actuator.Progress) -> None:
            kw = "not known" if now.measured_kw is None else f"{now.measured_kw:+.2f} kW"
            bar.update(
                task,
                description=f"{now.device}: {now.told}; measured {kw}",
                completed=now.seconds,
                total=now.limit_seconds,
                seconds=f"{now.seconds:.0f} of {now.limit_seconds:.0f} s",
            )

        yield show


def print_report(report: ActuatorReport) -> None:
    """Print what a test came to, and the lines for the configuration."""
    console = Console(highlight=False)
    table = Table(title=f"{report.device}: tested for {report.seconds:.0f} s")
    for name in ("told to", "", "measured"):
        table.add_column(name, overflow="fold")
    for one in report.tried:
        table.add_row(one.told, f"[{COLOURS[one.verdict]}]{one.verdict}[/]", one.seen)
    console.print(table)
    if report.ended is not None:
        console.print(f"[yellow]It ended early: {report.ended}[/]")
    for warning in report.warnings:
        console.print(f"[yellow]Note: {warning}[/]")
    if report.not_restored:
        console.print("[red]Not as it was before; set it by hand:[/]")
        for line in report.not_restored:
            console.print(f"  {line}")
    if not report.numbers:
        console.print("There is nothing to write into the configuration.")
        return
    console.print("\nFor the configuration:")
    console.print(as_yaml(report.numbers), markup=False)
    console.print("\nbecause")
    for because in dict.fromkeys(number.because for number in report.numbers):
        names = [".".join(number.key[-2:]) for number in report.numbers if number.because == because]
        console.print(f"  {', '.join(names)}: {because}", markup=False)
