"""When something happened, as far as it can be believed. Pure."""

from datetime import datetime, timedelta
from typing import TypeVar

from saath.events import Event

# Whose clock is right within a minute is believed: Meta's, the broker's and the sender's need not agree.
AHEAD_MAX = timedelta(minutes=1)

E = TypeVar("E", bound=Event)


def believed(event: E, written_at: datetime) -> E:
    """
    *event*, which was there when it was *written_at*, and so did not happen later than that.

    By one that is dated a year ahead a person would have the conversation for a year, and all that is
    remembered would be too old to be. What it was dated stays with it.
    """
    latest = (written_at + AHEAD_MAX).replace(microsecond=0)
    if event.time <= latest:
        return event
    return event.model_copy(update={"time": latest, "dated": event.time})
