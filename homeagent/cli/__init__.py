"""The command line: each command imports what it needs when it runs."""

from __future__ import annotations

import click

from homeagent.cli.cars import car_sessions
from homeagent.cli.learning import models, train, worker
from homeagent.cli.live import announce, check_config, discover, profiles, resume, run, setup, test_device
from homeagent.cli.looking import anomalies, footprint, forecasts, habits, ledger, replay
from homeagent.cli.people import satisfaction, tell, thumb
from homeagent.cli.trying import backtest, bench, demo, seasons, simulate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="homeagent")
def main() -> None:
    """Learn one household, plan its energy, prove what it saved."""


for _command in (
    check_config,
    discover,
    setup,
    run,
    test_device,
    profiles,
    ledger,
    footprint,
    bench,
    forecasts,
    anomalies,
    replay,
    resume,
    announce,
    tell,
    thumb,
    satisfaction,
    backtest,
    train,
    habits,
    models,
    simulate,
    car_sessions,
    seasons,
    worker,
    demo,
):
    main.add_command(_command)
