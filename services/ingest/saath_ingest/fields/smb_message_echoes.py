"""``smb_message_echoes``: what was written in the WhatsApp Business app. Pure."""

from functools import partial

from saath.events import Event, JsonObject, MessageEchoed
from saath.identity import event_id
from saath.topics import INBOUND
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.contacts import nobody
from saath_ingest.fields.frame import Frame, frame_of
from saath_ingest.fields.messages import changed, content, message_id_of, recipient
from saath_ingest.fields.unrecognised import each, left_over
from saath_ingest.fields.values import moment


def read(change: Change) -> tuple[Placed, ...]:
    """Every echo of the change. Only ``message_echoes`` is Meta's shape."""
    echoed = partial(echo, frame_of(change))
    placed = (*each(change, change.value.get("message_echoes"), INBOUND, echoed),)
    return (*placed, *left_over(change, placed, "message_echoes"))


def echo(frame: Frame, item: JsonObject) -> Event:
    """
    What the business did in the app. Nothing says whether a person or a greeting wrote it.

    Raises:
        Unreadable: it has no id, or was written to nobody.
    """
    message_id, who = message_id_of(item), recipient(frame.known, item)
    if nobody(who):
        raise Unreadable("an echo to nobody")
    time = moment(item.get("timestamp")) or frame.received_at
    return changed(frame, item, time, who, "business") or MessageEchoed(
        id=event_id(message_id, "echoed"),
        time=time,
        number=frame.number,
        message_id=message_id,
        contact=who,
        content=content(item, frame.said(who)),
    )
