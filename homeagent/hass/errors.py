"""What can go wrong on the way to Home Assistant."""

from __future__ import annotations

from homeagent.domain.errors import PermanentError, TransientError


class LinkLostError(TransientError):
    """The connection is not there, or ended before the answer came."""


class NoAnswerError(TransientError):
    """Home Assistant did not answer in time."""


class NotReadyError(TransientError):
    """Home Assistant answers, but has not started fully, or stands in recovery mode."""


class ActionFailedError(TransientError):
    """Home Assistant refused a command. `code` is its own name of the reason, which it words in `reason`."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.reason = code, message
        super().__init__(f"{message} [{code}]")


class StepRefusedError(TransientError):
    """A step cannot be done as things stand: the entity is not there, or does not take the value."""


class TokenRefusedError(PermanentError):
    """Home Assistant does not know the token."""


class WrongAddressError(PermanentError):
    """What answers there is no Home Assistant that the agent can talk to."""
