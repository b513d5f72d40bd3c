"""How every command fails: in a few plain lines, and with a number that scripts can tell apart."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from homeagent.domain.errors import HomeAgentError

DIFFERENT = 1
BAD_INPUT = 2
INTERRUPTED = 130


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the agent's own errors into a few plain lines and exit code 2, and Ctrl-C into 130."""
    try:
        yield
    except HomeAgentError as error:
        click.echo(f"homeagent: {error}", err=True)
        sys.exit(BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        click.echo("homeagent: stopped; nothing was left half-written", err=True)
        sys.exit(INTERRUPTED)
