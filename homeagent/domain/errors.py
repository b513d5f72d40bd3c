"""One error base, with branches by what the caller can do."""

from __future__ import annotations

from dataclasses import dataclass


class HomeAgentError(Exception):
    """Base of every error that homeagent raises on purpose."""


class TransientError(HomeAgentError):
    """It may go well the next time: retry with backoff."""


class PermanentError(HomeAgentError):
    """Retrying does not help: tell the user."""


class StoreError(PermanentError):
    """The database cannot be used: corrupt, read-only, or made by a newer release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One problem of an input, said so that its owner can mend it.

    `path` is the key (`battery.capacity_kwh`), column or row; `line` counts from 1, None where a line means nothing;
    `found` is the value as it stands there; `remedy` says what would be right.
    """

    path: str
    message: str
    line: int | None = None
    found: str | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        """One line: where, what is wrong, what was found, what would be right."""
        where = f"line {self.line}: {self.path}" if self.line is not None else self.path
        found = f" (found {self.found})" if self.found is not None else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{where}: {self.message}{found}{remedy}"


class InputError(PermanentError):
    """A file, key or argument that its owner must mend. Carries every issue found, not only the first."""

    def __init__(self, source: str, issues: tuple[Issue, ...]) -> None:
        self.source = source
        self.issues = issues
        super().__init__("\n".join(f"{source}: {issue}" for issue in issues))
