"""What happened to messages: written, changed, delivered, and found in history."""

from typing import Annotated, Literal

from pydantic import AwareDatetime

from saath.events.base import Contact, Content, Event, JsonObject, Pricing, Private, Problem
from saath.events.conversations import Routed


class MessageReceived(Event):
    """
    A customer wrote. ``routed`` is the router's decision; absent where nothing was decided.

    ``standby`` is true where Meta's own agent holds the thread: we are shown the message, and asked
    for no answer. It is absent everywhere else.
    """

    type: Literal["io.saath.message.received.v1"] = "io.saath.message.received.v1"
    message_id: str
    contact: Contact
    content: Content
    routed: Routed | None = None
    standby: bool | None = None


class MessageUnavailable(Event):
    """
    Meta could not show us a customer's message (error 131060).

    A stub: the real message may follow with the same Meta id within a second, so it is answered by
    nobody and must not make the real one look like a duplicate. ``content`` is what there is of it.
    """

    type: Literal["io.saath.message.unavailable.v1"] = "io.saath.message.unavailable.v1"
    message_id: str
    contact: Contact
    content: Content | None = None


class MessageEchoed(Event):
    """
    Somebody wrote from the WhatsApp Business app: a person, or the app's own greeting.

    ``automatic`` is the router's judgement of which; it is absent where nobody has judged yet. ``rule``
    says what follows from it, in one of a few words.
    ``standby`` is true where it was neither: whoever holds the thread wrote it through the API, as
    Meta's own agent does. It is absent everywhere else.
    """

    type: Literal["io.saath.message.echoed.v1"] = "io.saath.message.echoed.v1"
    message_id: str
    contact: Contact
    content: Content
    automatic: bool | None = None
    standby: bool | None = None
    rule: str | None = None


class MessageEdited(Event):
    """
    A message was changed by its author. It has an id of its own.

    ``details`` is what Meta said beside the new content.
    """

    type: Literal["io.saath.message.edited.v1"] = "io.saath.message.edited.v1"
    message_id: str
    original_message_id: str | None = None
    contact: Contact
    by: Literal["customer", "business"]
    content: Content
    details: Annotated[JsonObject | None, Private] = None


class MessageRevoked(Event):
    """
    A message was deleted by its author. The deletion has an id of its own.

    ``details`` is what else Meta said of it.
    """

    type: Literal["io.saath.message.revoked.v1"] = "io.saath.message.revoked.v1"
    message_id: str
    original_message_id: str | None = None
    contact: Contact
    by: Literal["customer", "business"]
    details: Annotated[JsonObject | None, Private] = None


class StatusEvent(Event):
    """
    A message's fate as Meta reports it. Unordered and repeated on the wire.

    ``callback`` is the ``biz_opaque_callback_data`` we sent along, which says whose message it was
    even before the Graph API's own answer has arrived. ``details`` is what else Meta said of it.
    """

    message_id: str
    contact: Contact
    callback: str | None = None
    pricing: Pricing | None = None
    window_id: str | None = None
    window_expires_at: AwareDatetime | None = None
    errors: tuple[Problem, ...] = ()
    details: Annotated[JsonObject | None, Private] = None


class MessageSent(StatusEvent):
    """The message left WhatsApp's servers."""

    type: Literal["io.saath.message.sent.v1"] = "io.saath.message.sent.v1"


class MessageDelivered(StatusEvent):
    """The message is on a device."""

    type: Literal["io.saath.message.delivered.v1"] = "io.saath.message.delivered.v1"


class MessageRead(StatusEvent):
    """The message was shown to the customer."""

    type: Literal["io.saath.message.read.v1"] = "io.saath.message.read.v1"


class MessagePlayed(StatusEvent):
    """A voice message was played."""

    type: Literal["io.saath.message.played.v1"] = "io.saath.message.played.v1"


class MessageFailed(StatusEvent):
    """The message was accepted and then not delivered."""

    type: Literal["io.saath.message.failed.v1"] = "io.saath.message.failed.v1"


class MessagePriced(Event):
    """
    What Meta counts for one of our messages, exactly as it said: the first time, or ``differs``.

    It may come with several statuses of the message, and is one fact all the same.
    """

    type: Literal["io.saath.message.priced.v1"] = "io.saath.message.priced.v1"
    message_id: str
    pricing: Pricing
    differs: bool | None = None
    window_id: str | None = None
    window_expires_at: AwareDatetime | None = None


class MessageBackfilled(Event):
    """
    A message older than the connection, from the phone's history. It never acts.

    On ``backfill`` and in the log ``status`` is in our words (``pending``, ``sent``, ``delivered``,
    ``read``, ``played``, ``failed``; one of Meta's that we do not know in small letters), ``content`` is
    what the last edit left, and ``edited_at`` and ``revoked_at`` say that its author changed it or took it
    back. ``media`` is there where the content is a placeholder: the media is ``awaited``, or will come
    ``never``, because Meta sends it for the last 14 days only.
    """

    type: Literal["io.saath.message.backfilled.v1"] = "io.saath.message.backfilled.v1"
    message_id: str
    contact: Contact
    content: Content
    author: Literal["customer", "business"]
    status: str | None = None
    phase: int | None = None
    chunk: int | None = None
    media: Literal["awaited", "never"] | None = None
    edited_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None


class HistoryMediaReceived(Event):
    """The media of a message that history first showed as a placeholder."""

    type: Literal["io.saath.history.media_received.v1"] = "io.saath.history.media_received.v1"
    message_id: str
    contact: Contact
    content: Content
    author: Literal["customer", "business"]


class HistoryChunkReceived(Event):
    """One webhook's worth of history has arrived, after its messages. Chunks come in any order."""

    type: Literal["io.saath.history.chunk_received.v1"] = "io.saath.history.chunk_received.v1"
    phase: int | None = None
    chunk: int | None = None
    progress: int | None = None
    messages: int
    details: Annotated[JsonObject | None, Private] = None


class HistoryDeclined(Event):
    """The business chose not to share its history (2593109), or Meta reported another error."""

    type: Literal["io.saath.history.declined.v1"] = "io.saath.history.declined.v1"
    errors: tuple[Problem, ...]
    details: Annotated[JsonObject | None, Private] = None


class HistoryCompleted(Event):
    """Everything that will come of a number's history is in the log."""

    type: Literal["io.saath.history.completed.v1"] = "io.saath.history.completed.v1"
    messages: int
    declined: bool = False


class ContactChanged(Event):
    """An entry of the phone's address book was added, edited or removed."""

    type: Literal["io.saath.contact.changed.v1"] = "io.saath.contact.changed.v1"
    contact: Contact
    action: str
    first_name: Annotated[str | None, Private] = None
    details: Annotated[JsonObject | None, Private] = None
