"""The command line: each command imports what it needs when it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import click

from homeagent.domain.errors import HomeAgentError
from homeagent.domain.thinking import GovernorRules

DIFFERENT = 1
BAD_INPUT = 2
INTERRUPTED = 130
LONGEST_DEMO_DAYS = 366


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn the agent's own errors into a few plain lines and exit code 2, and Ctrl-C into 130."""
    try:
        yield
    except HomeAgentError as error:
        click.echo(f"homeagent: {error}", err=True)
        sys.exit(BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        click.echo("homeagent: stopped; nothing was left half-written", err=True)
        sys.exit(INTERRUPTED)


def _governors(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> list[tuple[str, GovernorRules]]:
    from homeagent.config.governor import governor_rules

    names = [] if text is None else [name.strip() for name in text.split(",")]
    if len({*names}) < len(names):
        raise click.BadParameter("names the same one twice")
    found = []
    for name in names:
        try:
            found.append((name, governor_rules(name)))
        except ValueError as error:
            raise click.BadParameter(f"{name!r} {error}") from error
    return found


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="homeagent")
def main() -> None:
    """Learn one household, plan its energy, prove what it saved."""


@main.command("check-config")
@click.argument("file", type=click.Path(path_type=Path), default=Path("config.yaml"))
@click.option("--offline", is_flag=True, help="Do not ask Home Assistant.")
def check_config(*, file: Path, offline: bool) -> None:
    """Check a configuration FILE: print what was understood, or every problem at once."""
    from homeagent.agent.live.checks import check_online, explain_prices
    from homeagent.config import check_config as understand
    from homeagent.config import load_config

    with _plain_errors():
        for line in understand(file):
            click.echo(line)
        config = load_config(file)
        for line in explain_prices(config):
            click.echo(line)
        if not offline:
            for line in check_online(file, config):
                click.echo(line)


@main.command()
@click.option("--url", help="Address of Home Assistant's page, e.g. http://homeassistant.local:8123.")
@click.option("--token-file", type=click.Path(path_type=Path), help="File with a long-lived token, and nothing else.")
@click.option("--fingerprint", help="SHA-256 of a self-signed certificate that is to be trusted.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("config.yaml"), show_default=True, help="The file to write."
)
@click.option("--yes", is_flag=True, help="Ask nothing: take every suggestion.")
@click.option("--answers", multiple=True, metavar="KEY=VALUE", help="An answer in advance; may be given often.")
@click.option("--print", "only_print", is_flag=True, help="Print the configuration, write nothing.")
def discover(
    *,
    url: str | None,
    token_file: Path | None,
    fingerprint: str | None,
    out: Path,
    yes: bool,
    answers: tuple[str, ...],
    only_print: bool,
) -> None:
    """Find out how a home is wired from its Home Assistant, and write a configuration."""
    from homeagent.agent.discovery.command import Request
    from homeagent.agent.discovery.command import discover as find_out

    request = Request(
        url=url,
        token_file=token_file,
        fingerprint=fingerprint,
        out=out,
        yes=yes,
        answers=answers,
        only_print=only_print,
    )
    with _plain_errors():
        find_out(request)


@main.command()
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The file that is to be written.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8377, show_default=True, help="Port of the page.")
def setup(*, path: Path, port: int) -> None:
    """Set a home up on a page: connect, look, answer, compose the tariff, write, try the devices."""
    from homeagent.agent.setup.command import serve

    with _plain_errors():
        serve(path, port, click.echo)


@main.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("config.yaml"))
@click.option("-v", "--verbose", is_flag=True, help="Log what is done in detail.")
def run(*, file: Path, verbose: bool) -> None:
    """Run beside Home Assistant with a configuration FILE, until SIGTERM or Ctrl-C."""
    import logging

    from homeagent.agent.live.launch import launch
    from homeagent.config import load_config

    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    with _plain_errors():
        launch(file, load_config(file), lambda line: click.echo(line, err=True))


@main.command("test-device")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("device")
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option("--write", is_flag=True, help="Write what was measured into FILE; a copy is kept beside it.")
def test_device(*, file: Path, device: str, yes: bool, write: bool) -> None:
    """Test a DEVICE of a configuration FILE for at most two minutes; exit code 1 if not everything works.

    It is told a little of everything it knows, and left as it was found; Ctrl-C stops it at any moment.
    """
    from homeagent.agent.live.actuator_command import print_report
    from homeagent.agent.live.actuator_command import test_device as supervised
    from homeagent.agent.live.actuator_test import announcement
    from homeagent.config import load_config
    from homeagent.config.editing import write_numbers
    from homeagent.domain.actuator import STOPPED

    with _plain_errors():
        config = load_config(file)
        for sentence in announcement(file, config, device):
            click.echo(sentence)
        if not yes and not click.confirm("Begin?", err=True):
            click.echo("nothing was done")
            return
        report = supervised(file, config, device)
        print_report(report)
        if write and report.numbers and report.ended is None:
            click.echo(f"written into {file}; what it was is {write_numbers(file, report.numbers)}")
    if report.ended == STOPPED:
        sys.exit(INTERRUPTED)
    if not report.works:
        sys.exit(DIFFERENT)


@main.command()
@click.argument("name", required=False)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="Your own profiles are in the folder profiles beside it.",
)
@click.option("--measure", is_flag=True, help="Measure what poor inverters cost, on simulated homes.")
@click.option("--homes", type=click.IntRange(1, 100), default=5, show_default=True, help="How many homes to measure.")
@click.option(
    "--days", type=click.IntRange(1, 60), default=7, show_default=True, help="Days of each season to measure."
)
@click.option("--write", type=click.Path(path_type=Path), help="Write what was measured to a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def profiles(
    *, name: str | None, config: Path, measure: bool, homes: int, days: int, write: Path | None, as_json: bool
) -> None:
    """List the devices that homeagent knows, or explain the one of that NAME."""
    from homeagent.agent.profile_terminal import print_profile, print_profiles
    from homeagent.config.profile_costs import as_json as cost_file
    from homeagent.config.profile_costs import shipped_costs
    from homeagent.config.profile_files import folder_beside, load_profile, load_profiles

    with _plain_errors():
        folder = folder_beside(config)
        known = load_profiles(folder) if name is None else [load_profile(name, folder)]
        costs = shipped_costs()
        if measure:
            from homeagent.agent.capability_costs import measure as live_through
            from homeagent.agent.terminal import progress_bar

            with progress_bar("Living") as progress:
                costs = live_through(known, progress, seeds=range(1, homes + 1), days=days)
            if write is not None:
                write.write_text(cost_file(costs), encoding="utf-8")
        if name is None:
            print_profiles(known, costs, as_json=as_json)
        else:
            print_profile(known[0], costs, as_json=as_json)


STORE = click.option(
    "--store",
    type=click.Path(path_type=Path),
    default=Path("homeagent.db"),
    show_default=True,
    help="The agent's store.",
)


@main.command()
@STORE
@click.option("--last", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many entries.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, an entry a line.")
def ledger(*, store: Path, last: int, as_json: bool) -> None:
    """Print what devices were told, why, and what proved it. May be asked while the agent runs."""
    from homeagent.agent.terminal import print_ledger
    from homeagent.store.ledger import ledger as entries_of

    with _plain_errors():
        print_ledger(entries_of(store, last), as_json=as_json)


@main.command()
@STORE
@click.option("--days", "last", type=click.IntRange(1, 366), default=7, show_default=True, help="How many days.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def footprint(*, store: Path, last: int, as_json: bool) -> None:
    """Print what the agent itself takes: CPU, wakeups, disk, energy, carbon. May be asked while the agent runs."""
    from homeagent.agent.footprint_terminal import print_footprint
    from homeagent.store.footprints import kept

    with _plain_errors():
        days, savings = kept(store)
        print_footprint(days, savings, last, as_json=as_json)


@main.command()
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write what was measured to a file as well.")
@click.option("--quick", is_flag=True, help="A home of two months, load alone, one width.")
def bench(*, file: Path | None, quick: bool) -> None:
    """Measure what forecasts, plans and trainings take on this machine. Needs no data."""
    import json

    from homeagent.agent.bench import bench as measured
    from homeagent.agent.bench_terminal import print_bench
    from homeagent.agent.terminal import progress_bar

    with _plain_errors():
        with progress_bar("Measuring") as progress:
            found = measured(progress, quick=quick)
        print_bench(found)
        if file is not None:
            file.write_text(json.dumps(found, indent=2, allow_nan=False) + "\n", encoding="utf-8")
            click.echo(f"written to {file}")


@main.command()
@STORE
@click.option("--export", type=click.Path(path_type=Path), help="Write every forecast as issued to a CSV file (.gz).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a provider a line.")
def forecasts(*, store: Path, export: Path | None, as_json: bool) -> None:
    """Print what each forecast is worth on this roof, or export all as issued. May be asked while the agent runs."""
    from homeagent.agent.forecast_report import export_forecasts, judged
    from homeagent.agent.terminal import print_forecasts

    with _plain_errors():
        if export is not None:
            click.echo(f"{export_forecasts(store, export)} forecasts written to {export}")
        else:
            print_forecasts(judged(store), as_json=as_json)


@main.command()
@STORE
@click.option("--dismiss", type=click.IntRange(1), help="Tell the running agent to leave this one alone.")
@click.option("--port", type=click.IntRange(1, 65535), default=8377, show_default=True, help="Port of the page.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def anomalies(*, store: Path, dismiss: int | None, port: int, as_json: bool) -> None:
    """Tell what is odd in the home, since when, and what it costs a year. May be asked while the agent runs."""
    from homeagent.agent.anomaly_view import anomalies_told, print_anomalies
    from homeagent.agent.anomaly_view import dismiss as tell
    from homeagent.store.anomalies import kept_anomalies

    with _plain_errors():
        if dismiss is not None:
            click.echo(tell(dismiss, port))
        else:
            print_anomalies(anomalies_told(kept_anomalies(store), ""), as_json=as_json)


@main.command()
@click.argument("decision", type=int)
@STORE
def replay(*, decision: int, store: Path) -> None:
    """Make the plan of a stored DECISION again from its inputs; exit code 1 if it comes out otherwise."""
    from homeagent.agent.replay import replay as again
    from homeagent.agent.terminal import print_replay

    with _plain_errors():
        result = again(store, decision)
        print_replay(result)
    if result.differences:
        sys.exit(DIFFERENT)


@main.command()
@click.argument("device")
@click.option("--port", type=click.IntRange(1, 65535), default=8377, show_default=True, help="Port of the page.")
def resume(*, device: str, port: int) -> None:
    """Tell the running agent to steer DEVICE again, which it had left to a person."""
    from homeagent.agent.live.resume import resume as tell

    with _plain_errors():
        click.echo(tell(device, port))


@main.command()
@click.argument("energy_kwh", type=click.FloatRange(0, min_open=True))
@click.option("--at", "start", required=True, help="When it begins, by the home's clock: 2026-05-01T18:00.")
@click.option(
    "--over", "over_minutes", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, help="Minutes."
)
@click.option("--name", default="load", show_default=True, help="What it is; the same name replaces it.")
@click.option("--port", type=click.IntRange(1, 65535), default=8377, show_default=True, help="Port of the page.")
def announce(*, energy_kwh: float, start: str, over_minutes: float, name: str, port: int) -> None:
    """Tell the running agent of ENERGY_KWH that will be used beside the home's habits."""
    from homeagent.agent.announcing import announce as tell

    body: dict[str, object] = {"name": name, "energy_kwh": energy_kwh, "start": start, "over_minutes": over_minutes}
    with _plain_errors():
        click.echo(tell(body, port))


@main.command()
@click.option("--data", type=click.Path(path_type=Path), help="The measured home: CSV, plain or gzip.")
@click.option("--homes", metavar="PATTERN", help="Many homes instead: a pattern in quotes, as 'homes/*.csv.gz'.")
@click.option("--scenario", type=click.Path(path_type=Path), required=True, help="Battery, tariff and limits: YAML.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--start", help="First step of the window: a date (the home's midnight) or an ISO 8601 time.")
@click.option("--end", help="End of the window, exclusive.")
@click.option("--forecasts", type=click.Path(path_type=Path), help="Forecasts as they were issued: CSV, plain or gzip.")
@click.option(
    "--governor",
    "governors",
    callback=_governors,
    help="When to think: adaptive, adaptive:SHARE, fixed:5m, fixed:1h. Several, with commas, are compared.",
)
@click.option("--future-weather", is_flag=True, help="Take measured weather for a forecast; counts for nothing.")
@click.option("--no-bound", is_flag=True, help="Skip the bound of perfect foresight.")
@click.option("--no-report", is_flag=True, help="Skip report.html.")
@click.option("--history-days", type=click.IntRange(0), default=0, help="Of many homes: begin so long after the start.")
@click.option("--dask", metavar="ADDRESS|local", help="Of many homes: spread them over a Dask scheduler's workers.")
@click.option("--workers", type=click.IntRange(1), help="With --dask local: how many; default: one for each core.")
def backtest(  # noqa: PLR0913 - one for each option
    *,
    data: Path | None,
    homes: str | None,
    scenario: Path,
    out: Path,
    start: str | None,
    end: str | None,
    forecasts: Path | None,
    governors: list[tuple[str, GovernorRules]],
    future_weather: bool,
    no_bound: bool,
    no_report: bool,
    history_days: int,
    dask: str | None,
    workers: int | None,
) -> None:
    """Replay a measured home, or many, with the real agent, before it is given any control."""
    if homes is not None:
        if data is not None or forecasts is not None:
            raise click.UsageError("--homes stands alone: without --data and --forecasts")
        if len(governors) > 1:
            raise click.UsageError("--homes takes one --governor")
        if workers is not None and dask != "local":
            raise click.UsageError("--workers is for --dask local")
        from homeagent.agent.fleet.command import Request as ManyHomes
        from homeagent.agent.fleet.command import replay_homes
        from homeagent.agent.fleet.home import Options

        options = Options(
            start=start,
            end=end,
            history_days=history_days,
            bound=not no_bound,
            future_weather=future_weather,
            governor=governors[0][0] if governors else None,
        )
        many = ManyHomes(homes=homes, scenario=scenario, out=out, options=options, dask=dask, workers=workers)
        with _plain_errors():
            replay_homes(many)
        return
    if data is None or history_days or dask is not None:
        raise click.UsageError("name a home with --data, or many with --homes, --history-days and --dask")
    from homeagent.agent.backtest import Request
    from homeagent.agent.backtest import backtest as replay
    from homeagent.agent.governor_race import print_race, race
    from homeagent.agent.terminal import print_summary, progress_bar

    request = Request(
        future_weather=future_weather,
        data=data,
        scenario=scenario,
        out=out,
        start=start,
        end=end,
        bound=not no_bound,
        report=not no_report,
        forecasts=forecasts,
        governor=governors[0][1] if governors else None,
    )

    def notice(text: str) -> None:
        click.echo(f"note: {text}", err=True)

    with _plain_errors():
        if len(governors) > 1:
            with progress_bar("Replaying") as progress:
                runners = race(request, governors, progress, notice)
            print_race(runners)
            return
        with progress_bar("Replaying") as progress:
            summary = replay(request, progress, notice)
        print_summary(summary, out)


@main.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("config.yaml"))
@click.option("--data", type=click.Path(path_type=Path), help="A measured home instead: CSV, plain or gzip.")
@click.option("--scenario", type=click.Path(path_type=Path), help="Its battery, tariff and place: YAML.")
@click.option("--models", type=click.Path(path_type=Path), help="Folder to keep its model in; default: nowhere.")
@click.option("--starters", type=click.Path(path_type=Path), help="Make the starters, of simulated homes, in a folder.")
def train(*, file: Path, data: Path | None, scenario: Path | None, models: Path | None, starters: Path | None) -> None:
    """Train the students of the home that a configuration FILE names, and show each step."""
    from homeagent.agent.hand_training import train_file, train_home
    from homeagent.agent.learning_terminal import print_training

    if (data is None) != (scenario is None):
        raise click.UsageError("--data and --scenario belong together")

    def say(line: str) -> None:
        click.echo(line, err=True)

    with _plain_errors():
        if starters is not None:
            from homeagent.agent.starter_recipe import make_starters

            make_starters(starters, say)
        elif data is not None and scenario is not None:
            print_training(train_file(data, scenario, models, say))
        else:
            print_training(train_home(file, say))


@main.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("config.yaml"))
@click.option("--data", type=click.Path(path_type=Path), help="A measured home instead: CSV, plain or gzip.")
@click.option("--timezone", default="UTC", show_default=True, help="Where that home is, as Europe/Berlin.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def habits(*, file: Path, data: Path | None, timezone: str, as_json: bool) -> None:
    """Tell the habits of the home that a configuration FILE names: when it wakes and sleeps, what never stops."""
    from homeagent.agent.habit_files import habits_of_file, habits_of_home
    from homeagent.agent.habit_terminal import print_habits
    from homeagent.config.places import zone_named

    with _plain_errors():
        told = habits_of_home(file) if data is None else habits_of_file(data, zone_named(timezone))
        print_habits(told, as_json=as_json)


@main.command()
@click.argument("model", required=False)
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("models"), show_default=True, help="Where they are kept."
)
@click.option("--rollback", is_flag=True, help="Let what served before serve again; a running agent follows.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models(*, model: str | None, folder: Path, rollback: bool, as_json: bool) -> None:
    """List the learned models and say which one serves and why, explain a MODEL, or go back to the one before."""
    from datetime import UTC, datetime

    from homeagent.agent.learning_terminal import print_model, print_models
    from homeagent.learning.registry import Registry

    with _plain_errors():
        if rollback:
            click.echo(f"{Registry(folder).roll_back(datetime.now(UTC))} serves again", err=True)
        if model is None:
            print_models(folder, as_json=as_json)
        else:
            print_model(folder, model, as_json=as_json)


@main.command()
@click.option("--days", type=click.IntRange(1, 732), default=60, show_default=True, help="How many days.")
@click.option(
    "--step",
    type=click.Choice(["1m", "5m", "15m", "30m", "60m"]),
    default="1m",
    show_default=True,
    help="The same home in any step: means of minutes.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which home, or the first of many.")
@click.option("--homes", type=click.IntRange(1, 9999), help="So many homes into the folder --out, one a seed.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2025-03-01",
    show_default=True,
    help="The first day, from the home's midnight.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("home.csv.gz"), show_default=True)
def simulate(*, days: int, step: str, seed: int, homes: int | None, start: datetime, out: Path) -> None:
    """Write a simulated home, or many, as files for a backtest. Nothing in them was measured."""
    from homeagent.agent.terminal import progress_bar
    from homeagent.simulation.simulated_files import write_many, write_one

    minutes = timedelta(minutes=int(step.removesuffix("m")))
    with _plain_errors():
        if homes is None:
            data, scenario = write_one(seed, start.date(), days, minutes, out)
            click.echo(f"homeagent backtest --data {data} --scenario {scenario} --out result")
        else:
            with progress_bar("Simulating") as progress:
                write_many(range(seed, seed + homes), start.date(), days, minutes, out, progress)
            click.echo(f"{homes} homes, each with a scenario of its own, and a scenario for all, are in {out}")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of this machine to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8786, show_default=True, help="Port to listen on.")
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Trainings at a time; default: a core less than there are."
)
@click.option("--ca", type=click.Path(path_type=Path), help="TLS: who signs certificates, in PEM.")
@click.option("--cert", type=click.Path(path_type=Path), help="TLS: this machine's certificate.")
@click.option("--key", type=click.Path(path_type=Path), help="TLS: its key.")
def worker(*, host: str, port: int, workers: int | None, ca: Path | None, cert: Path | None, key: Path | None) -> None:
    """Train for homeagents on weaker machines that name this one under learning.offload, until stopped."""
    from homeagent.agent.training_server import serve

    with _plain_errors():
        serve(host, port, workers, (ca, cert, key), click.echo)


class _ChangeDay(click.ParamType[int | None]):
    """A day of the demo, counted from 1, or never."""

    name = "DAY|never"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Return the day, None for never."""
        if value == "never":
            return None
        text = str(value)
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= LONGEST_DEMO_DAYS:
            self.fail(f"{text} is neither a day from 1 to {LONGEST_DEMO_DAYS} nor never", param, ctx)
        return int(text)


@main.command()
@click.option("--headless", is_flag=True, help="No page: run through and print a savings table.")
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_DEMO_DAYS),
    default=14,
    show_default=True,
    help="Days to run when headless.",
)
@click.option(
    "--speed", type=click.FloatRange(1, 100_000), default=600.0, show_default=True, help="Simulated seconds per second."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which home: the same seed, the same home.")
@click.option("--port", type=click.IntRange(1, 65535), default=8377, show_default=True, help="Port of the page.")
@click.option(
    "--habits-change",
    "change",
    type=_ChangeDay(),
    default="8",
    show_default=True,
    help="The day of the demo from which on the home lives otherwise, or never.",
)
@click.option(
    "--fault",
    default="fridge runs on",
    show_default=True,
    help="What breaks on the page's home on its 12th day, or none; docs/anomalies.md lists what can.",
)
def demo(*, headless: bool, days: int, speed: float, seed: int, port: int, change: int | None, fault: str) -> None:
    """Run a simulated home: learned from its past, planned, driven, and shown on a page."""
    from homeagent.agent.demo import run_through, serve
    from homeagent.agent.learning_terminal import print_following
    from homeagent.agent.terminal import print_savings, progress_bar
    from homeagent.simulation.planted_faults import fault_named

    with _plain_errors():
        if headless:
            with progress_bar("Living") as progress:
                result = run_through(seed, days, progress, change)
            print_savings(result.entries, result.currency)
            print_following(result.marks, result.frozen, result.changed_on)
        else:
            serve(seed, speed, port, change, fault_named(fault), click.echo)
