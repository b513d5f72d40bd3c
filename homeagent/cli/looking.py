"""What was decided, forecast, found and used."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from homeagent.cli.common import DIFFERENT, plain_errors

STORE = click.option(
    "--store",
    type=click.Path(path_type=Path),
    default=Path("homeagent.db"),
    show_default=True,
    help="The agent's store.",
)


@click.command()
@STORE
@click.option("--last", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many entries.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, an entry a line.")
def ledger(*, store: Path, last: int, as_json: bool) -> None:
    """Print what devices were told, why, and what proved it. May be asked while the agent runs."""
    from homeagent.agent.terminal import print_ledger
    from homeagent.store.ledger import ledger as entries_of

    with plain_errors():
        print_ledger(entries_of(store, last), as_json=as_json)


@click.command()
@STORE
@click.option("--days", "last", type=click.IntRange(1, 366), default=7, show_default=True, help="How many days.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def footprint(*, store: Path, last: int, as_json: bool) -> None:
    """Print what the agent itself takes: CPU, wakeups, disk, energy, carbon. May be asked while the agent runs."""
    from homeagent.agent.footprint_terminal import print_footprint
    from homeagent.store.footprints import kept

    with plain_errors():
        days, savings = kept(store)
        print_footprint(days, savings, last, as_json=as_json)


@click.command()
@STORE
@click.option("--export", type=click.Path(path_type=Path), help="Write every forecast as issued to a CSV file (.gz).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a provider a line.")
def forecasts(*, store: Path, export: Path | None, as_json: bool) -> None:
    """Print what each forecast is worth on this roof, or export all as issued. May be asked while the agent runs."""
    from homeagent.agent.forecast_report import export_forecasts, judged
    from homeagent.agent.terminal import print_forecasts

    with plain_errors():
        if export is not None:
            click.echo(f"{export_forecasts(store, export)} forecasts written to {export}")
        else:
            print_forecasts(judged(store), as_json=as_json)


@click.command()
@STORE
@click.option("--dismiss", type=click.IntRange(1), help="Tell the running agent to leave this one alone.")
@click.option("--port", type=click.IntRange(1, 65535), default=8377, show_default=True, help="Port of the page.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def anomalies(*, store: Path, dismiss: int | None, port: int, as_json: bool) -> None:
    """Tell what is odd in the home, since when, and what it costs a year. May be asked while the agent runs."""
    from homeagent.agent.anomaly_view import anomalies_told, print_anomalies
    from homeagent.agent.anomaly_view import dismiss as tell
    from homeagent.store.anomalies import kept_anomalies

    with plain_errors():
        if dismiss is not None:
            click.echo(tell(dismiss, port))
        else:
            print_anomalies(anomalies_told(kept_anomalies(store), ""), as_json=as_json)


@click.command()
@click.argument("decision", type=int)
@STORE
def replay(*, decision: int, store: Path) -> None:
    """Make the plan of a stored DECISION again from its inputs; exit code 1 if it comes out otherwise."""
    from homeagent.agent.replay import replay as again
    from homeagent.agent.terminal import print_replay

    with plain_errors():
        result = again(store, decision)
        print_replay(result)
    if result.differences:
        sys.exit(DIFFERENT)


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("config.yaml"))
@click.option("--data", type=click.Path(path_type=Path), help="A measured home instead: CSV, plain or gzip.")
@click.option("--timezone", default="UTC", show_default=True, help="Where that home is, as Europe/Berlin.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def habits(*, file: Path, data: Path | None, timezone: str, as_json: bool) -> None:
    """Tell the habits of the home that a configuration FILE names: when it wakes and sleeps, what never stops."""
    from homeagent.agent.habit_files import habits_of_file, habits_of_home
    from homeagent.agent.habit_terminal import print_habits
    from homeagent.config.places import zone_named

    with plain_errors():
        told = habits_of_home(file) if data is None else habits_of_file(data, zone_named(timezone))
        print_habits(told, as_json=as_json)
