"""``smb_app_state_sync``: the phone's address book. Not a list of consents. Pure."""

from functools import partial

from saath.events import Contact, ContactChanged, JsonObject
from saath.identity import digest_id
from saath.topics import ACCOUNTS
from saath_ingest.fields.change import Change, Placed, Unreadable, number_of
from saath_ingest.fields.contacts import Book, book, contact, nobody
from saath_ingest.fields.unrecognised import each, left_over
from saath_ingest.fields.values import canonical, mapping, moment, text


def read(change: Change) -> tuple[Placed, ...]:
    """Every entry of the address book that was added, edited or removed."""
    number, known = number_of(change), book(change.value.get("contacts"))
    entry = partial(contact_changed, change, number, known)
    return (
        *each(change, change.value.get("state_sync"), ACCOUNTS, entry),
        *left_over(change, "state_sync"),
    )


def contact_changed(change: Change, number: str, known: Book, item: JsonObject) -> ContactChanged:
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
        known, entry.get("phone_number"), entry.get("user_id"), entry.get("parent_user_id")
    )
    if nobody(who):
        raise Unreadable("a contact without phone number and user id")
    if action is None:
        raise Unreadable("a contact without an action")
    timestamp = mapping(item.get("metadata")).get("timestamp")
    return ContactChanged(
        id=digest_id("contact_", number, action, canonical(timestamp), canonical(entry)),
        time=moment(timestamp) or change.received_at,
        number=number,
        contact=_named(who, entry),
        action=action,
        first_name=text(entry.get("first_name")),
    )


def _named(who: Contact, entry: JsonObject) -> Contact:
    """The address book's names first: they are the business's own."""
    return who.model_copy(
        update={
            "name": text(entry.get("full_name")) or text(entry.get("first_name")) or who.name,
            "username": text(entry.get("username")) or who.username,
        }
    )
