"""The edges of the agent as it sees them: a clock, a way to the home, and what the page may ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from homeagent.domain.command import Command, CommandResult
from homeagent.domain.devices import DeviceState
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading


class Clock(Protocol):
    """Where the time comes from; tests, demo and backtest bring their own."""

    def now(self) -> datetime:
        """Return the time, aware UTC."""


class HomeLink(Protocol):
    """The way to a home: Home Assistant, a replayed home or a simulated one. The agent cannot tell which."""

    def readings(self) -> Sequence[Reading]:
        """Return what was measured since the last call, oldest first."""

    async def send(self, command: Command) -> CommandResult:
        """Tell a device, and say what became of it: `Sent` where that takes longer."""

    def outcomes(self) -> Sequence[CommandResult]:
        """Return what became since the last call of commands that were only `Sent`."""


@runtime_checkable
class DeviceLink(Protocol):
    """The part of a home's link that knows devices beside the battery; a home without any does not have it."""

    def device_states(self) -> Sequence[DeviceState]:
        """Return how each device stands now, one for each that is configured."""


class PriceSource(Protocol):
    """Where prices come from."""

    async def published(self) -> PublishedPrices | None:
        """Return what has been published since the last call, None if nothing has."""


class ForecastSource(Protocol):
    """Where others' forecasts come from."""

    def issued(self) -> Sequence[IssuedForecast]:
        """Return what has been issued since the last call, oldest first."""


class AgentView(Protocol):
    """What the page and the API may ask of a running agent: JSON-ready answers with units in the names."""

    def state(self) -> Mapping[str, object]:
        """Return the present flows, state of charge and mode."""

    def plan(self) -> Mapping[str, object]:
        """Return the plan in force with prices and expected course."""

    def forecast(self) -> Mapping[str, object]:
        """Return load and PV as they are expected."""

    def decisions(self, limit: int) -> Sequence[Mapping[str, object]]:
        """Return the newest decisions, newest first, with their reasons."""

    def thinks(self, day: date | None) -> Mapping[str, object]:
        """Return one local day's looks, thinks and sleep, None for the newest, with what they were about."""

    def savings(self) -> Mapping[str, object]:
        """Return what was saved, by day and in all."""

    def footprint(self) -> Mapping[str, object]:
        """Return what the agent itself used."""

    def models(self) -> Mapping[str, object]:
        """Return which forecaster serves, and how it does."""

    def habits(self) -> Mapping[str, object]:
        """Return what is known of the home's habits, in numbers and in sentences."""

    def health(self) -> Mapping[str, object]:
        """Return whether all is well, and each degraded step by name."""

    def anomalies(self) -> Mapping[str, object]:
        """Return what is odd in the home, in sentences: open, dismissed, past."""

    def dismiss(self, number: int) -> bool:
        """Leave an open anomaly alone from now on; return whether there is one of this number."""

    def devices(self) -> Mapping[str, object]:
        """Return each device beside the battery: how it stands, what it does and why, what is asked of it."""

    def ask(self, device: str, kind: str, body: object) -> Mapping[str, object] | None:
        """Ask something of a device, and answer as `devices`; None if there is no such device. Raises InputError."""

    def go_away(self, body: object) -> Mapping[str, object]:
        """Take a vacation of the whole home, and answer as `devices`; raises InputError."""

    def come_back(self) -> bool:
        """Take a vacation back; return whether there was one."""

    def thumb(self, decision: str, body: object) -> bool:
        """Take what somebody says of a decision; return whether there is such a decision. Raises InputError."""

    def satisfaction(self) -> Mapping[str, object]:
        """Return how content people can have been with each day, and what was taken off for what."""

    def announced_loads(self) -> Mapping[str, object]:
        """Return the announced loads to come, and in sentences what is expected beside habits."""

    def announce(self, body: object) -> Mapping[str, object]:
        """Expect a load that a request tells, and answer as `announced_loads`; raises InputError."""

    def cancel_load(self, name: str) -> bool:
        """Expect a load no longer; return whether it was expected."""

    def resume(self, device: str) -> bool | None:
        """Stop leaving a device to a person, and take back what was asked of it.

        Return whether there was anything to stop, None if there is no such device.
        """

    async def changed(self) -> None:
        """Wait until anything above has changed."""


class SetupView(Protocol):
    """What the guided set-up page may ask for and do. Each act raises a HomeAgentError whose text says what to mend."""

    def state(self) -> Mapping[str, object]:
        """Return how far the set-up is, and all that is known by now. Never the token."""

    async def connect(self, url: str, token: str) -> None:
        """Look at a Home Assistant and understand its home."""

    async def answer(self, answers: Mapping[str, str]) -> None:
        """Take answers by the key of their question; an empty one takes the suggestion again."""

    async def tariff(self, parts: Mapping[str, str]) -> None:
        """Take what is added to the market's price."""

    async def write(self) -> None:
        """Write the configuration and check it."""

    async def test(self, device: str) -> None:
        """Begin to try what a device answers to; the state tells how it goes."""

    async def stop(self) -> None:
        """End a trial, and bring the device back to where it was."""

    async def keep(self) -> None:
        """Write what the trial has measured into the configuration."""

    async def changed(self) -> None:
        """Wait until the state has changed."""
