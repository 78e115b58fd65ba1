"""``user_id_update``: customers' new business-scoped user ids. Withdrawn by Meta, tolerated. Pure."""

from functools import partial

from saath.events import ContactIdentityChanged, JsonObject
from saath.identity import digest_id
from saath.topics import INBOUND
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.contacts import contact
from saath_ingest.fields.frame import Frame, frame_of
from saath_ingest.fields.remainder import Told, remainder
from saath_ingest.fields.unrecognised import each, left_over
from saath_ingest.fields.values import canonical, identifier, mapping, moment

TOLD: Told = {
    "wa_id": "address",
    "user_id": {"previous": identifier, "current": identifier},
    "timestamp": moment,
}


def read(change: Change) -> tuple[Placed, ...]:
    """Every change of an id."""
    changed = partial(identity_changed, frame_of(change))
    placed = (*each(change, change.value.get("user_id_update"), INBOUND, changed),)
    return (*placed, *left_over(change, placed, "user_id_update"))


def identity_changed(frame: Frame, item: JsonObject) -> ContactIdentityChanged:
    """
    One customer's new id.

    Raises:
        Unreadable: it says none.
    """
    ids = mapping(item.get("user_id"))
    current = identifier(ids.get("current"))
    if current is None:
        raise Unreadable("no new user id")
    who = contact(frame.known, item.get("wa_id"), current)
    return ContactIdentityChanged(
        id=digest_id("identity_", frame.number, canonical(item)),
        time=moment(item.get("timestamp")) or frame.received_at,
        number=frame.number,
        contact=who,
        previous_user_id=identifier(ids.get("previous")),
        details=remainder(item, TOLD, frame.said(who)),
    )
