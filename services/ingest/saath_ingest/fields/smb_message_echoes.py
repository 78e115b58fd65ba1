"""``smb_message_echoes``: what was written in the WhatsApp Business app. Pure."""

from datetime import datetime
from functools import partial

from saath.events import Event, JsonObject, MessageEchoed
from saath.identity import event_id
from saath.topics import INBOUND
from saath_ingest.fields.change import Change, Placed, Unreadable, number_of
from saath_ingest.fields.contacts import Book, book, nobody
from saath_ingest.fields.messages import changed, content, message_id_of, recipient
from saath_ingest.fields.unrecognised import each, left_over
from saath_ingest.fields.values import moment


def read(change: Change) -> tuple[Placed, ...]:
    """Every echo of the change. Only ``message_echoes`` is Meta's shape."""
    number, known = number_of(change), book(change.value.get("contacts"))
    echoed = partial(echo, number, known, change.received_at)
    return (
        *each(change, change.value.get("message_echoes"), INBOUND, echoed),
        *left_over(change, "message_echoes"),
    )


def echo(number: str, known: Book, received_at: datetime, item: JsonObject) -> Event:
    """
    What the business did in the app. Nothing says whether a person or a greeting wrote it.

    Raises:
        Unreadable: it has no id, or was written to nobody.
    """
    message_id, who = message_id_of(item), recipient(known, item)
    if nobody(who):
        raise Unreadable("an echo to nobody")
    time = moment(item.get("timestamp")) or received_at
    return changed(item, number, time, who, "business") or MessageEchoed(
        id=event_id(message_id, "echoed"),
        time=time,
        number=number,
        message_id=message_id,
        contact=who,
        content=content(item),
    )
