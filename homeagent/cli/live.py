"""Running beside Home Assistant: set-up, checks, the run itself, and what a person says to it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from homeagent.cli.common import DIFFERENT, INTERRUPTED, plain_errors


@click.command("check-config")
@click.argument("file", type=click.Path(path_type=Path), default=Path("config.yaml"))
@click.option("--offline", is_flag=True, help="Do not ask Home Assistant.")
def check_config(*, file: Path, offline: bool) -> None:
    """Check a configuration FILE: print what was understood, or every problem at once."""
    from homeagent.agent.live.checks import check_online, explain_prices
    from homeagent.config import check_config as understand
    from homeagent.config import load_config

    with plain_errors():
        for line in understand(file):
            click.echo(line)
        config = load_config(file)
        for line in explain_prices(config):
            click.echo(line)
        if not offline:
            for line in check_online(file, config):
                click.echo(line)


@click.command()
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
    with plain_errors():
        find_out(request)


@click.command()
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

    with plain_errors():
        serve(path, port, click.echo)


@click.command()
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
    with plain_errors():
        launch(file, load_config(file), lambda line: click.echo(line, err=True))


@click.command("test-device")
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

    with plain_errors():
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


@click.command()
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

    with plain_errors():
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


@click.command()
@click.argument("device")
@click.option("--port", type=click.IntRange(1, 65535), default=8377, show_default=True, help="Port of the page.")
def resume(*, device: str, port: int) -> None:
    """Tell the running agent to steer DEVICE again, which it had left to a person."""
    from homeagent.agent.live.resume import resume as tell

    with plain_errors():
        click.echo(tell(device, port))


@click.command()
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
    with plain_errors():
        click.echo(tell(body, port))
