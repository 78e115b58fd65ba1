"""Who holds a customer's thread: Meta's own agent on the number, or we."""

from typing import Annotated, Literal

from saath.events.base import Contact, Event, JsonObject, Private


class ThreadControlChanged(Event):
    """
    Somebody else answers the customer from now on: ``meta`` is Meta's own agent, ``app`` are we.

    ``action`` and ``reason`` are in Meta's words (``control_passed``, …; the reason is what whoever
    asked for the change wrote beside it). ``details`` is what else Meta said of it: the roles, and
    sometimes a summary of the conversation.
    """

    type: Literal["io.saath.thread.control_changed.v1"] = "io.saath.thread.control_changed.v1"
    contact: Contact
    holder: Literal["meta", "app"]
    action: str | None = None
    reason: Annotated[str | None, Private] = None
    details: Annotated[JsonObject | None, Private] = None
