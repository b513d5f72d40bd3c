"""The command line: each command imports what it needs when it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from homeagent.domain.errors import HomeAgentError

BAD_INPUT = 2
INTERRUPTED = 130


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn the agent's own errors into a few plain lines and exit code 2, and Ctrl-C into 130."""
    try:
        yield
    except HomeAgentError as error:
        click.echo(f"homeagent: {error}", err=True)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        click.echo("homeagent: stopped; nothing was left half-written", err=True)
        sys.exit(INTERRUPTED)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="homeagent")
def main() -> None:
    """Learn one household, plan its energy, prove what it saved."""


@main.command("check-config")
@click.argument("file", type=click.Path(path_type=Path), default=Path("config.yaml"))
def check_config(file: Path) -> None:
    """Check a configuration FILE: print what was understood, or every problem at once."""
    from homeagent.config import check_config as understand

    with _plain_errors():
        for line in understand(file):
            click.echo(line)


@main.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The measured home: CSV, plain or gzip.")
@click.option("--scenario", type=click.Path(path_type=Path), required=True, help="Battery, tariff and limits: YAML.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--start", help="First step of the window: a date (the home's midnight) or an ISO 8601 time.")
@click.option("--end", help="End of the window, exclusive.")
@click.option("--no-bound", is_flag=True, help="Skip the bound of perfect foresight.")
@click.option("--no-report", is_flag=True, help="Skip report.html.")
def backtest(
    *, data: Path, scenario: Path, out: Path, start: str | None, end: str | None, no_bound: bool, no_report: bool
) -> None:
    """Replay a measured home with the real agent, before it is given any control."""
    from homeagent.agent.backtest import Request
    from homeagent.agent.backtest import backtest as replay
    from homeagent.agent.terminal import print_summary, progress_bar

    request = Request(
        data=data, scenario=scenario, out=out, start=start, end=end, bound=not no_bound, report=not no_report
    )
    with _plain_errors():
        with progress_bar("Replaying") as progress:
            summary = replay(request, progress, lambda text: click.echo(f"note: {text}", err=True))
        print_summary(summary, out)


@main.command()
@click.option("--headless", is_flag=True, help="No page: run through and print a savings table.")
@click.option("--days", type=click.IntRange(1, 366), default=14, show_default=True, help="Days to run when headless.")
@click.option(
    "--speed", type=click.FloatRange(1, 100_000), default=600.0, show_default=True, help="Simulated seconds per second."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which home: the same seed, the same home.")
@click.option("--port", type=click.IntRange(1, 65535), default=8377, show_default=True, help="Port of the page.")
def demo(*, headless: bool, days: int, speed: float, seed: int, port: int) -> None:
    """Run a simulated home: learned from its past, planned, driven, and shown on a page."""
    from homeagent.agent.demo import run_through, serve
    from homeagent.agent.terminal import print_savings, progress_bar

    with _plain_errors():
        if headless:
            with progress_bar("Living") as progress:
                result = run_through(seed, days, progress)
            print_savings(result.entries, result.currency)
        else:
            serve(seed, speed, port, click.echo)
