"""Since when a training is due: kept in the store, so that restarts put none off for ever."""

from __future__ import annotations

from datetime import datetime

from homeagent.domain.grid import require_utc
from homeagent.store import Store

FACT = "training_due_since"


class DueBook:
    """`since` is None while no training is due. Without a store it lasts as long as the process."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self.since = None if store is None else _moment(store.fact(FACT))

    def note(self, since: datetime | None) -> None:
        """Remember it; writes only what changes."""
        if since == self.since:
            return
        self.since = since
        if self._store is not None:
            self._store.write_fact(FACT, "" if since is None else since.isoformat())


def _moment(text: str | None) -> datetime | None:
    try:
        return require_utc(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None
