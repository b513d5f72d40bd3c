"""The command line."""

from __future__ import annotations

import click


@click.group()
@click.version_option(package_name="homeagent")
def main() -> None:
    """Learn one household, plan its energy, prove what it saved."""
