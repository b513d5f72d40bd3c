"""Without a home: replays of measured homes, simulated ones, and what this machine can do."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import click

from homeagent.cli.common import plain_errors
from homeagent.domain.thinking import GovernorRules

LONGEST_DEMO_DAYS = 366


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


@click.command()
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
        with plain_errors():
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

    with plain_errors():
        if len(governors) > 1:
            with progress_bar("Replaying") as progress:
                runners = race(request, governors, progress, notice)
            print_race(runners)
            return
        with progress_bar("Replaying") as progress:
            summary = replay(request, progress, notice)
        print_summary(summary, out)


@click.command()
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
    with plain_errors():
        if homes is None:
            data, scenario = write_one(seed, start.date(), days, minutes, out)
            click.echo(f"homeagent backtest --data {data} --scenario {scenario} --out result")
        else:
            with progress_bar("Simulating") as progress:
                write_many(range(seed, seed + homes), start.date(), days, minutes, out, progress)
            click.echo(f"{homes} homes, each with a scenario of its own, and a scenario for all, are in {out}")


@click.command()
@click.option("--seeds", type=click.IntRange(1, 999), default=10, show_default=True, help="How many homes.")
@click.option("--first-seed", type=click.IntRange(0), default=1, show_default=True, help="The first of them.")
@click.option("--days", type=click.IntRange(1, 60), default=21, show_default=True, help="Days that are judged.")
@click.option(
    "--past-days", type=click.IntRange(1, 42), default=35, show_default=True, help="Days before, in which it watches."
)
@click.option(
    "--season", type=click.Choice(["heating", "cooling", "both"]), default="both", show_default=True, help="Which."
)
@click.option("--baselines-only", is_flag=True, help="Without the agent: the two programmes alone.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="How many at a time.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for seasons.json.")
def seasons(
    *,
    seeds: int,
    first_seed: int,
    days: int,
    past_days: int,
    season: str,
    baselines_only: bool,
    jobs: int,
    out: Path,
) -> None:
    """Run simulated all-electric homes with the agent and without. Nobody lives in them."""
    from homeagent.agent.seasons import WAYS
    from homeagent.agent.seasons_command import Request, print_seasons, run_seasons
    from homeagent.agent.terminal import progress_bar

    request = Request(
        seeds=tuple(range(first_seed, first_seed + seeds)),
        days=days,
        past_days=past_days,
        seasons=("heating", "cooling") if season == "both" else ("cooling" if season == "cooling" else "heating",),
        ways=WAYS[:2] if baselines_only else WAYS,
        jobs=jobs,
        out=out,
    )
    with plain_errors():
        with progress_bar("Living") as progress:
            found = run_seasons(request, progress)
        print_seasons(found, request)


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


@click.command()
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
@click.option(
    "--home",
    type=click.Choice(["battery", "all-electric"]),
    default="battery",
    show_default=True,
    help="A home with PV and a battery whose habits change, or one with car, heat pump, hot water and appliances too.",
)
@click.option(
    "--season",
    type=click.Choice(["heating", "cooling"]),
    default="heating",
    show_default=True,
    help="Of the all-electric home: winter or summer.",
)
def demo(
    *,
    headless: bool,
    days: int,
    speed: float,
    seed: int,
    port: int,
    change: int | None,
    fault: str,
    home: str,
    season: Literal["heating", "cooling"],
) -> None:
    """Run a simulated home: learned from its past, planned, driven, and shown on a page."""
    if home == "all-electric":
        _electric(season, seed, days if headless else None, speed, port)
        return
    from homeagent.agent.demo import run_through, serve
    from homeagent.agent.learning_terminal import print_following
    from homeagent.agent.terminal import print_savings, progress_bar
    from homeagent.simulation.planted_faults import fault_named

    with plain_errors():
        if headless:
            with progress_bar("Living") as progress:
                result = run_through(seed, days, progress, change)
            print_savings(result.entries, result.currency)
            print_following(result.marks, result.frozen, result.changed_on)
        else:
            serve(seed, speed, port, change, fault_named(fault), click.echo)


def _electric(season: Literal["heating", "cooling"], seed: int, days: int | None, speed: float, port: int) -> None:
    from homeagent.agent.electric_demo import run_electric, serve_electric
    from homeagent.agent.electric_terminal import print_electric
    from homeagent.agent.terminal import progress_bar

    with plain_errors():
        if days is None:
            serve_electric(seed, season, speed, port, click.echo)
            return
        with progress_bar("Living") as progress:
            truth = run_electric(seed, season, days, progress)
        print_electric(truth, "EUR")


@click.command()
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write what was measured to a file as well.")
@click.option("--quick", is_flag=True, help="A home of two months, load alone, one width.")
def bench(*, file: Path | None, quick: bool) -> None:
    """Measure what forecasts, plans and trainings take on this machine. Needs no data."""
    import json

    from homeagent.agent.bench import bench as measured
    from homeagent.agent.bench_terminal import print_bench
    from homeagent.agent.terminal import progress_bar

    with plain_errors():
        with progress_bar("Measuring") as progress:
            found = measured(progress, quick=quick)
        print_bench(found)
        if file is not None:
            file.write_text(json.dumps(found, indent=2, allow_nan=False) + "\n", encoding="utf-8")
            click.echo(f"written to {file}")
