"""``calls``: calls through the API. Those of the app are never reported. Pure."""

from functools import partial

from saath.events import CallReported, JsonObject
from saath.identity import event_id
from saath.topics import INBOUND
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.contacts import nobody
from saath_ingest.fields.frame import Frame, frame_of
from saath_ingest.fields.messages import recipient, sender
from saath_ingest.fields.remainder import ADDRESSES, Told, remainder
from saath_ingest.fields.unrecognised import each, left_over
from saath_ingest.fields.values import address, identifier, moment, text

TOLD: Told = {
    **ADDRESSES,
    "id": identifier,
    "event": identifier,
    "direction": text,
    "timestamp": moment,
}


def read(change: Change) -> tuple[Placed, ...]:
    """Every step of every call."""
    reported = partial(call_reported, frame_of(change))
    placed = (*each(change, change.value.get("calls"), INBOUND, reported),)
    return (*placed, *left_over(change, placed, "calls"))


def call_reported(frame: Frame, item: JsonObject) -> CallReported:
    """
    One step of a call; a call has an id, and its steps have names.

    Raises:
        Unreadable: it has no id, or nobody is at the other end.
    """
    call_id, event = identifier(item.get("id")), identifier(item.get("event"))
    if call_id is None:
        raise Unreadable("a call without an id")
    ours = item.get("direction") == "BUSINESS_INITIATED" or address(item.get("from")) in frame.ours
    who = recipient(frame.known, item) if ours else sender(frame.known, item)
    if nobody(who):
        raise Unreadable("a call with nobody")
    return CallReported(
        id=event_id(call_id, event or "reported"),
        time=moment(item.get("timestamp")) or frame.received_at,
        number=frame.number,
        call_id=call_id,
        event=event,
        direction=text(item.get("direction")),
        contact=who,
        details=remainder(item, TOLD, frame.said(who)),
    )
