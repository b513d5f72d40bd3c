"""What the agent keeps at each think, and takes up after a restart: so it need neither plan nor train anew."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import homeagent
from homeagent.agent.thinking import Thought
from homeagent.agent.thought_bytes import digest_of, thought_bytes, thought_of
from homeagent.domain.errors import StoreError
from homeagent.domain.site import SiteSpec
from homeagent.store.kept import KeptState
from homeagent.store.store import Store

_LOGGER = logging.getLogger(__name__)

FORM = 2
"""Raised whenever what is kept gets another form or meaning."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resumed:
    """A plan to go on with. `beside` is what others of the agent's parts have kept, by their names."""

    thought: Thought
    at: datetime
    beside: Mapping[str, Any]


class Keeper:
    """Keeps a thought in the store, and takes it up where it is sound, still valid and of the same configuration.

    `configured` is everything that the agent was set up with: where its text is another, nothing is taken up.
    """

    def __init__(self, store: Store, site: SiteSpec, configured: object) -> None:
        self._store = store
        self._site = site
        self._made_for = hashlib.sha256(repr(configured).encode()).hexdigest()[:16]
        self._version = f"{FORM} {homeagent.__version__}"

    def keep(self, thought: Thought, at: datetime, beside: Mapping[str, object]) -> None:
        """Keep it; it is on disk when this returns."""
        content = thought_bytes(thought, beside)
        self._store.write_kept(KeptState(version=self._version, made_for=self._made_for, at=at, content=content))

    def take_up(self, now: datetime) -> Resumed | None:
        """Return what can be gone on with, None where there is nothing; why not is logged in a line."""
        try:
            kept = self._store.kept()
            if kept is None:
                return None
            refused = self._refused(kept, now)
            resumed = self._read(kept) if refused is None else None
        except StoreError as error:
            refused, resumed = str(error), None
        if resumed is not None and now >= resumed.thought.plan.valid_until:
            refused = "it has ended"
        if refused is not None:
            _LOGGER.info("the plan of the run before is not taken up: %s", refused)
            return None
        return resumed

    def _refused(self, kept: KeptState, now: datetime) -> str | None:
        if kept.version != self._version:
            return "another release has made it"
        if kept.made_for != self._made_for:
            return "the configuration is another"
        if kept.at > now:
            return "it is of a time to come; the clock was set back"
        return None

    def _read(self, kept: KeptState) -> Resumed:
        problem = self._store.problem(digest_of(kept.content))
        if problem is None:
            raise StoreError("what it was made from is not kept")
        if problem.site != self._site:
            raise StoreError("it was made for another home")
        thought, beside = thought_of(kept.content, problem)
        return Resumed(thought=thought, at=kept.at, beside=beside)
