"""What the agent keeps to go on with after a sleep, a stop or a crash: one row, replaced as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from homeagent.domain.errors import StoreError
from homeagent.store import rows

INSERT = "INSERT OR REPLACE INTO kept_state VALUES ('agent', ?, ?, ?, ?, ?)"
QUERY = "SELECT version, made_for, at_s, checksum, content FROM kept_state WHERE name = 'agent'"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptState:
    """`version` is of the content's form; `made_for` names the configuration that it was made with."""

    version: str
    made_for: str
    at: datetime
    content: bytes

    def row(self) -> rows.Row:
        """Return it as a row."""
        return (self.version, self.made_for, rows.epoch_s(self.at), _checksum(self.content), self.content)


def kept_of(version: str, made_for: str, at_s: int, checksum: str, content: bytes) -> KeptState:
    """Return what a row holds.

    Raises:
        StoreError: it is damaged.
    """
    if checksum != _checksum(content):
        raise StoreError("what was kept to go on with is damaged")
    return KeptState(version=version, made_for=made_for, at=rows.instant(at_s), content=content)


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
