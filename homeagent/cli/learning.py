"""Teaching by hand, the models that there are, and a machine that trains for others."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from homeagent.cli.common import plain_errors


@click.command()
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

    with plain_errors():
        if starters is not None:
            from homeagent.agent.starter_recipe import make_starters

            make_starters(starters, say)
        elif data is not None and scenario is not None:
            print_training(train_file(data, scenario, models, say))
        else:
            print_training(train_home(file, say))


@click.command()
@click.argument("model", required=False)
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("models"), show_default=True, help="Where they are kept."
)
@click.option("--rollback", is_flag=True, help="Let what served before serve again; a running agent follows.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models(*, model: str | None, folder: Path, rollback: bool, as_json: bool) -> None:
    """List the learned models and say which one serves and why, explain a MODEL, or go back to the one before."""
    from datetime import UTC

    from homeagent.agent.learning_terminal import print_model, print_models
    from homeagent.learning.registry import Registry

    with plain_errors():
        if rollback:
            click.echo(f"{Registry(folder).roll_back(datetime.now(UTC))} serves again", err=True)
        if model is None:
            print_models(folder, as_json=as_json)
        else:
            print_model(folder, model, as_json=as_json)


@click.command()
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

    with plain_errors():
        serve(host, port, workers, (ca, cert, key), click.echo)
