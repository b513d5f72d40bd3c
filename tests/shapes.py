"""The shape of JSON answers, as contract files hold it."""

from __future__ import annotations


def shape(value: object) -> object:
    """Return names and types of an answer, of a list only the first element's."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
