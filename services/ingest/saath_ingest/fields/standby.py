"""``standby``: what is said in a thread that Meta's own agent holds. We look on. Pure."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from saath.events import Contact, Content, Event, JsonObject, MessageEchoed, MessageReceived
from saath.identity import event_id
from saath.topics import INBOUND
from saath_ingest.fields import smb_message_echoes
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.contacts import contact, nobody, split_address
from saath_ingest.fields.frame import Frame, frame_of
from saath_ingest.fields.messages import content, message, message_id_of
from saath_ingest.fields.remainder import ADDRESSES, MESSAGE, Told, an_object, remainder
from saath_ingest.fields.statuses import status
from saath_ingest.fields.unrecognised import each, left_over, product, unrecognised
from saath_ingest.fields.values import moment

Reader = Callable[[Frame, Any], Event]

# A message of the agent's is the request that sent it; its id and its time stand around it.
REQUEST: Told = {**ADDRESSES, "recipient": "address", "messaging_product": product}
ECHO: Told = {**MESSAGE, "message": an_object}


def read(change: Change) -> tuple[Placed, ...]:
    """Every message, echo and status. Meta puts the lists into one object more than elsewhere."""
    inner, beside = change.value.get("standby"), {**change.value}
    if isinstance(inner, dict):
        del beside["standby"]
    else:
        inner = {}
    flat = replace(change, value={**inner, **beside})
    frame = frame_of(flat)
    placed = tuple(
        item
        for name, reader in LISTS
        if name in flat.value
        for item in each(flat, flat.value[name], INBOUND, partial(looked_on, reader, frame))
    )
    hidden = {k: v for k, v in inner.items() if k in beside and beside[k] != v}
    if hidden:
        placed += (unrecognised(change, "said twice, and not the same", hidden),)
    return (*placed, *left_over(flat, placed, *(name for name, _ in LISTS)))


def looked_on(reader: Reader, frame: Frame, item: JsonObject) -> Event:
    """What *reader* makes of an item, marked where it matters: nobody asks us to answer, none of us wrote."""
    event = reader(frame, item)
    if isinstance(event, MessageReceived | MessageEchoed):
        return event.model_copy(update={"standby": True})
    return event


def echo(frame: Frame, item: JsonObject) -> Event:
    """
    What the thread's holder wrote. Were it shaped as an echo of the app, it would be read as one.

    Raises:
        Unreadable: it has no id, or was written to nobody.
    """
    if not isinstance(item.get("message"), dict):
        return smb_message_echoes.echo(frame, item)
    message_id, who = message_id_of(item), addressee(frame, item["message"])
    if nobody(who):
        raise Unreadable("an echo to nobody")
    return MessageEchoed(
        id=event_id(message_id, "echoed"),
        time=moment(item.get("timestamp")) or frame.received_at,
        number=frame.number,
        message_id=message_id,
        contact=who,
        content=sent(frame, item, who),
    )


def addressee(frame: Frame, request: JsonObject) -> Contact:
    """Whom a request names: ``to`` is a phone number; ``recipient`` has been seen as either."""
    phone, user = split_address(request.get("recipient"))
    return contact(frame.known, request.get("to") or phone, user)


def sent(frame: Frame, item: JsonObject, who: Contact) -> Content:
    """The message as it was sent. ``beside`` is what Meta added: a template's or a flow's definition."""
    said = frame.said(who)
    request: JsonObject = {**item["message"]}
    if beside := remainder(item, ECHO, said):
        request["beside"] = beside
    return content(request, said, REQUEST)


LISTS: tuple[tuple[str, Reader], ...] = (
    ("messages", message),
    ("message_echoes", echo),
    ("statuses", status),
)
