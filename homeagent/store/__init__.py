"""The agent's own history, in one SQLite file."""

from homeagent.store.store import Store

__all__ = ["Store"]
