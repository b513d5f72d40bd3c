"""When to think: only when something that a plan was made from has changed."""

from __future__ import annotations

from datetime import datetime, timedelta

THINK_EVERY = timedelta(hours=1)
"""The last hours tell which recent days today is like, so a forecast is worth making anew about this often."""


def wake_reason(
    now: datetime,
    *,
    last_think: datetime | None,
    valid_until: datetime | None,
    new_prices: bool,
    history_grew: bool = False,
    asked: str | None = None,
) -> str | None:
    """Return why to think now, None to sleep on."""
    if last_think is None or valid_until is None:
        return "there is no plan yet"
    if now >= valid_until:
        return "the plan has ended"
    if now < last_think:
        return "the clock went back"
    if new_prices:
        return "new prices were published"
    if asked is not None:
        return asked
    if history_grew:
        return "more of the home's past is known"
    if now - last_think >= THINK_EVERY:
        return "the forecast is an hour old"
    return None
