"""Who the customer is, as far as a webhook says. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from saath.events import Contact, JsonObject
from saath_ingest.fields.remainder import NOTHING, Told, remainder
from saath_ingest.fields.values import address, digits, identifier, mapping, sequence, text

Book = Mapping[str, JsonObject]

# What of an entry its contact says.
ENTRY: Told = {
    "profile": {"name": text, "username": text},
    "wa_id": "address",
    "user_id": "address",
    "parent_user_id": "address",
    "identity_key_hash": text,
}


def book(contacts: Any) -> Book:
    """A change's ``contacts[]``, by each name that a contact goes by."""
    found: dict[str, JsonObject] = {}
    if contacts is None:  # statuses and echoes come without
        return found
    for entry in sequence(contacts):
        for key in ("wa_id", "user_id"):
            if name := identifier(mapping(entry).get(key)):
                found[address(name) or name] = entry
    return found


def contact(known: Book, at: Any, user_id: Any = None, parent_user_id: Any = None) -> Contact:
    """
    The customer *at* an address, with what the book knows of them.

    An address is a phone number, yet a business-scoped user id has been seen in its place; whatever
    is not a phone number is taken for one, so that a shape yet to come still names somebody.
    """
    phone, user = split_address(at)
    user = identifier(user_id) or user
    entry = known.get(phone or "") or known.get(user or "")
    if entry is None:  # statuses and echoes come without a book
        return Contact(phone=phone, user_id=user, parent_user_id=identifier(parent_user_id))
    book_phone, book_user = split_address(entry.get("wa_id"))
    profile = mapping(entry.get("profile"))
    return Contact(
        phone=phone or book_phone,
        user_id=user or identifier(entry.get("user_id")) or book_user,
        parent_user_id=identifier(parent_user_id) or identifier(entry.get("parent_user_id")),
        name=text(profile.get("name")),
        username=text(profile.get("username")),
        identity_key_hash=text(entry.get("identity_key_hash")),
    )


def sole(contacts: Any) -> Contact | None:
    """Whom a change is about that names nobody but in its ``contacts[]``; one of several is a guess."""
    match sequence(contacts):
        case [dict() as entry]:
            who = contact(book([entry]), entry.get("wa_id"), entry.get("user_id"))
            return None if nobody(who) else who
        case _:
            return None


def split_address(at: Any) -> tuple[str | None, str | None]:
    """Tell a phone number from a business-scoped user id (``CC.…``): only one of the two is set."""
    phone = digits(at)
    return (phone, None) if phone else (None, identifier(at))


def addresses(who: Contact) -> Iterator[str]:
    """All that a customer can be named by."""
    return filter(None, (who.phone, who.user_id, who.parent_user_id))


def nobody(who: Contact) -> bool:
    """Whether there is nothing to know them by."""
    return who.phone is None and who.user_id is None


def strangers(contacts: Any, met: set[str]) -> Iterator[Any]:
    """What no event says of ``contacts[]``: entries of nobody who was *met*, and keys nobody knows."""
    for entry in sequence(contacts):
        names = [mapping(entry).get(key) for key in ("wa_id", "user_id")]
        known = any(address(name) in met for name in names if name)
        left = remainder(entry, ENTRY, met) if known else entry
        if left not in NOTHING:
            yield left
