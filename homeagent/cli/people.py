"""What people ask of the running agent, and how content they can be with it."""

from __future__ import annotations

from pathlib import Path

import click

from homeagent.cli.common import plain_errors
from homeagent.cli.looking import STORE

PORT = click.option("--port", type=click.IntRange(1, 65535), default=8377, show_default=True, help="Port of the page.")
VERBS = ("pause", "boost", "not-tonight", "ready-by", "target", "resume", "vacation", "back")


@click.command()
@click.argument("device")
@click.argument("verb", type=click.Choice(VERBS))
@click.argument("value", required=False)
@click.option("--for", "lasts", help="How long: 90min, 2h, 3d.")
@click.option("--from", "since", help="When a vacation begins, by the home's clock: 2026-05-01T18:00.")
@click.option("--until", help="When it ends: 18:30 or 2026-05-01T18:30.")
@click.option("--target", type=click.FloatRange(1, 100), help="How full a car is to be by then [%].")
@PORT
def tell(
    *,
    device: str,
    verb: str,
    value: str | None,
    lasts: str | None,
    since: str | None,
    until: str | None,
    target: float | None,
    port: int,
) -> None:
    """Ask the running agent something of a DEVICE, or of the home.

    \b
    homeagent tell car pause --for 2h          leave it alone for two hours
    homeagent tell tank boost                  heat now, for an hour
    homeagent tell washer not-tonight          not before tomorrow morning
    homeagent tell car ready-by 07:00 --target 60
    homeagent tell living target 21.5 --for 3h
    homeagent tell car target 90%
    homeagent tell car resume                  take all of it back
    homeagent tell home vacation --from 2026-05-01T18:00 --until 2026-05-08T12:00
    homeagent tell home back
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from homeagent.agent.live.telling import minutes_of
    from homeagent.agent.live.telling import tell as send
    from homeagent.domain.errors import InputError, Issue

    with plain_errors():
        body: dict[str, object] = {"from": since, "until": until, "target_percent": target}
        body["for_minutes"] = None if lasts is None else minutes_of(lasts)
        if verb == "ready-by":
            body["at"] = value
        elif verb == "target":
            key = "target_percent" if (value or "").endswith("%") else "target_c"
            try:
                body[key] = float((value or "").rstrip("%"))
            except ValueError:
                issue = Issue(path="value", message="is no number", found=value, remedy="as 21.5, or 80% of a car")
                raise InputError("tell", (issue,)) from None
        given = {key: part for key, part in body.items() if part is not None}
        click.echo(send(device, verb.replace("-", "_"), given, port))


@click.command()
@click.argument("decision")
@click.argument("opinion", type=click.Choice(["up", "down"]))
@PORT
def thumb(*, decision: str, opinion: str, port: int) -> None:
    """Say of a DECISION, by its id as `/api/v1/devices` has it, that it was right (up) or wrong (down)."""
    from homeagent.agent.live.telling import thumb as send

    with plain_errors():
        click.echo(send(decision, up=opinion == "up", port=port))


@click.command()
@STORE
@click.option("--days", "last", type=click.IntRange(1, 3660), default=14, show_default=True, help="How many days.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def satisfaction(*, store: Path, last: int, as_json: bool) -> None:
    """Print how content people can have been with each day. May be asked while the agent runs."""
    from homeagent.agent.satisfaction_terminal import print_satisfaction
    from homeagent.store.satisfaction import kept_days

    with plain_errors():
        print_satisfaction(kept_days(store), last, as_json=as_json)
