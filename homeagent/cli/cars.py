"""Cars: real charging sessions, charged as the agent would have."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from homeagent.cli.common import plain_errors
from homeagent.planning.car_confidence import DEFAULT_CONFIDENCE, SUREST


@click.command("car-sessions")
@click.option("--sessions", type=click.Path(path_type=Path), required=True, help="The sessions: CSV, plain or gzip.")
@click.option("--prices", type=click.Path(path_type=Path), required=True, help="Spot prices: CSV, plain or gzip.")
@click.option("--weeks", type=int, default=0, show_default=True, help="The prices are of so many weeks later.")
@click.option("--timezone", default="Europe/Oslo", show_default=True, help="Where the chargers are.")
@click.option("--power", type=click.FloatRange(0.1, 50), default=7.2, show_default=True, help="Of a charger [kW].")
@click.option(
    "--known",
    type=click.Choice(["announced", "learned"]),
    default="learned",
    show_default=True,
    help="Whether departures are told at the plug-in, or learned from the user's earlier sessions.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, SUREST),
    default=DEFAULT_CONFIDENCE,
    show_default=True,
    help="How surely a learned departure is met.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The schedule: CSV, gzip where its name ends in .gz.")
@click.option("--curve", is_flag=True, help="Instead: what each of several confidences comes to.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    default=Path("car-curve.svg"),
    show_default=True,
    help="With --curve: the drawing.",
)
def car_sessions(  # noqa: PLR0913 - one for each option
    *,
    sessions: Path,
    prices: Path,
    weeks: int,
    timezone: str,
    power: float,
    known: Literal["announced", "learned"],
    confidence: float,
    out: Path | None,
    curve: bool,
    picture: Path,
) -> None:
    """Charge real sessions hour by hour with what was known then, and write the schedule."""
    from rich.console import Console

    from homeagent.agent.car_sessions.command import CarSessionsOrder, draw_curve, write_sessions

    if out is None and not curve:
        raise click.UsageError("name a file for the schedule with --out, or ask for the --curve")
    order = CarSessionsOrder(
        sessions=sessions,
        prices=prices,
        weeks=weeks,
        timezone=timezone,
        power_kw=power,
        known=known,
        confidence=confidence,
    )
    with plain_errors():
        if out is not None:
            click.echo(write_sessions(order, out))
        if curve:
            draw_curve(order, picture, Console())
