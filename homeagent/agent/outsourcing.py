"""Where a training is done: by a stronger machine; here, some hours later, once that one has failed."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from homeagent.domain.learning import Offload
from homeagent.learning.child import NotThere, train_by
from homeagent.learning.lesson import Say
from homeagent.learning.training import Request, Trained

_LOGGER = logging.getLogger(__name__)

LATER = timedelta(hours=6)
"""What the other machine did not do is done here after so long: it is no hurry, and by then this one may have time."""


class Outsourcing:
    """Remembers whether the other machine has failed, and says so once. Without `offload` all is done here."""

    def __init__(self, offload: Offload | None) -> None:
        self.trouble: str | None = None
        """Why the other machine did not do the last training that it was asked for, None if it did."""
        self._news: list[str] = []
        self._offload = offload
        self._failed_at: datetime | None = None

    @property
    def takes(self) -> bool:
        """Whether the next training goes to the other machine."""
        return self._offload is not None and self._failed_at is None

    def waits_for(self, now: datetime) -> str | None:
        """Return why a training here should wait, None where it need not."""
        if self._failed_at is None or not timedelta(0) <= now - self._failed_at < LATER:
            return None
        return f"{self.trouble}; it is trained here from {self._failed_at + LATER:%H:%M} UTC on"

    def take_news(self) -> list[str]:
        """Return the failures that were not written down yet."""
        news, self._news = self._news, []
        return news

    def train(self, request: Request, say: Say) -> Trained | NotThere:
        """Let the other machine train; where it does not, say so at once."""
        if self._offload is None:
            return NotThere(why="there is no other machine")
        done = train_by(self._offload, request, say)
        if isinstance(done, Trained):
            self.trouble = None
            return done
        trouble = f"learning.offload: {done.why}"
        if trouble != self.trouble:
            _LOGGER.warning("%s; it is trained here, later", trouble)
            self._news.append(done.why)
        self.trouble = trouble
        return done

    def fail(self, at: datetime) -> None:
        """Take note that the other machine did not do what it was asked for at that time."""
        self._failed_at = at

    def done_here(self) -> None:
        """Take note that the training is done here: the next one is the other machine's again."""
        self._failed_at = None
