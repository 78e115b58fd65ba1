"""``user_preferences``: what customers want to be sent. The only opt-out there is. Pure."""

from functools import partial

from saath.events import ContactPreferenceChanged, JsonObject
from saath.identity import digest_id
from saath.topics import INBOUND
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.contacts import contact, nobody
from saath_ingest.fields.frame import Frame, frame_of
from saath_ingest.fields.remainder import Told, remainder
from saath_ingest.fields.unrecognised import each, left_over
from saath_ingest.fields.values import canonical, moment, text

TOLD: Told = {
    "wa_id": "address",
    "user_id": "address",
    "parent_user_id": "address",
    "category": text,
    "value": text,
    "detail": text,
    "timestamp": moment,
}


def read(change: Change) -> tuple[Placed, ...]:
    """Every preference of the change."""
    changed = partial(preference_changed, frame_of(change))
    placed = (*each(change, change.value.get("user_preferences"), INBOUND, changed),)
    return (*placed, *left_over(change, placed, "user_preferences"))


def preference_changed(frame: Frame, item: JsonObject) -> ContactPreferenceChanged:
    """
    One choice. It is taken as Meta words it: a value nobody has heard of may be an opt-out too.

    Raises:
        Unreadable: nobody chose, or nothing was chosen.
    """
    category, value = text(item.get("category")), text(item.get("value"))
    who = contact(frame.known, item.get("wa_id"), item.get("user_id"), item.get("parent_user_id"))
    if nobody(who):
        raise Unreadable("a preference of nobody")
    if category is None or value is None:
        raise Unreadable("a preference without category or value")
    return ContactPreferenceChanged(
        id=digest_id("preference_", frame.number, canonical(item)),
        time=moment(item.get("timestamp")) or frame.received_at,
        number=frame.number,
        contact=who,
        category=category,
        value=value,
        detail=text(item.get("detail")),
        details=remainder(item, TOLD, frame.said(who)),
    )
