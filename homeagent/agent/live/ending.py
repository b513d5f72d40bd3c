"""What ends a command that must leave everything tidy behind."""

from __future__ import annotations

import asyncio
import signal


def ended_by_signals(stop: asyncio.Event) -> None:
    """Have `stop` set on Ctrl-C, on SIGTERM, and when the terminal is closed, unless that is to be survived (nohup)."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
