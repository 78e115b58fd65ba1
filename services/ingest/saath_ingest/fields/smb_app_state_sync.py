"""``smb_app_state_sync``: the phone's address book. Not a list of consents. Pure."""

from functools import partial

from saath.events import Contact, ContactChanged, JsonObject
from saath.identity import digest_id
from saath.topics import ACCOUNTS
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.contacts import contact, nobody
from saath_ingest.fields.frame import Frame, frame_of
from saath_ingest.fields.remainder import Told, remainder
from saath_ingest.fields.unrecognised import each, left_over
from saath_ingest.fields.values import canonical, mapping, moment, text

TOLD: Told = {
    "type": text,
    "action": text,
    "contact": {
        "full_name": text,
        "first_name": text,
        "phone_number": "address",
        "user_id": "address",
        "parent_user_id": "address",
        "username": text,
    },
    "metadata": {"timestamp": moment},
}


def read(change: Change) -> tuple[Placed, ...]:
    """Every entry of the address book that was added, edited or removed."""
    entry = partial(contact_changed, frame_of(change))
    placed = (*each(change, change.value.get("state_sync"), ACCOUNTS, entry),)
    return (*placed, *left_over(change, placed, "state_sync"))


def contact_changed(frame: Frame, item: JsonObject) -> ContactChanged:
    """
    One entry. ``add`` means added or edited.

    Meta gives it no id. Two edits may fall into one second, so the id is made of what they say.

    Raises:
        Unreadable: not a contact, or nobody can be told from it.
    """
    if item.get("type", "contact") != "contact":
        raise Unreadable("an unknown kind of state")
    entry, action = mapping(item.get("contact")), text(item.get("action"))
    who = contact(
        frame.known, entry.get("phone_number"), entry.get("user_id"), entry.get("parent_user_id")
    )
    if nobody(who):
        raise Unreadable("a contact without phone number and user id")
    if action is None:
        raise Unreadable("a contact without an action")
    named, timestamp = _named(who, entry), mapping(item.get("metadata")).get("timestamp")
    # What they call themselves is said nowhere else, where the business calls them otherwise.
    profile = {"profile": {"name": who.name}} if who.name not in (None, named.name) else {}
    return ContactChanged(
        id=digest_id("contact_", frame.number, action, canonical(timestamp), canonical(entry)),
        time=moment(timestamp) or frame.received_at,
        number=frame.number,
        contact=named,
        action=action,
        first_name=text(entry.get("first_name")),
        details=(profile | (remainder(item, TOLD, frame.said(who)) or {})) or None,
    )


def _named(who: Contact, entry: JsonObject) -> Contact:
    """The address book's names first: they are the business's own."""
    return who.model_copy(
        update={
            "name": text(entry.get("full_name")) or text(entry.get("first_name")) or who.name,
            "username": text(entry.get("username")) or who.username,
        }
    )
