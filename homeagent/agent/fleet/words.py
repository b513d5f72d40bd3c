"""How the figures of many homes are told, on the page and in the terminal."""

from __future__ import annotations

from collections.abc import Mapping

NAMES = {
    "saved_against_no_battery": "saved against no battery",
    "saved_less_own_energy": "the same, less its own energy",
    "saved_against_rule": "saved against the rule",
    "share_of_possible_saving_agent": "share of the possible saving",
    "share_of_possible_saving_rule": "the rule's share of it",
}
SHARES = ("share_of_possible_saving_agent", "share_of_possible_saving_rule")


def in_words(name: str, value: float) -> str:
    """Return a figure as it is read: shares with three digits, money with two."""
    return f"{value:.3f}" if name in SHARES else f"{value:.2f}"


def with_interval(name: str, interval: Mapping[str, float | None]) -> str:
    """Return a figure with its interval."""
    value, low, high = interval["value"], interval["low"], interval["high"]
    if value is None or low is None or high is None:
        return "" if value is None else in_words(name, value)
    return f"{in_words(name, value)} [{in_words(name, low)}, {in_words(name, high)}]"
