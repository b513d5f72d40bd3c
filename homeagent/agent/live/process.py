"""The process of a run, as `launch` leaves it behind. Trainings import this module, too: by itself it loads nothing."""

from __future__ import annotations

import sys


def main() -> int:
    """Take up what was handed over, and run until a signal; return the exit code."""
    import asyncio  # noqa: PLC0415 - as the module says, all of these
    import logging  # noqa: PLC0415
    import os  # noqa: PLC0415
    import pickle  # noqa: PLC0415

    from homeagent.agent.live.run import run  # noqa: PLC0415
    from homeagent.domain.errors import HomeAgentError  # noqa: PLC0415

    with os.fdopen(int(sys.argv[1]), "rb") as file:
        config, level = pickle.load(file)  # noqa: S301 - written by this very process a moment ago
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(run(config, lambda line: print(line, file=sys.stderr, flush=True)))  # noqa: T201 - for its user
    except HomeAgentError as error:
        print(f"homeagent: {error}", file=sys.stderr)  # noqa: T201 - for its user
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
