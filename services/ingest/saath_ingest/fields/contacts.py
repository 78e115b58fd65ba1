"""Who the customer is, as far as a webhook says. Pure."""

from collections.abc import Mapping
from typing import Any

from saath.events import Contact, JsonObject
from saath_ingest.fields.values import digits, identifier, mapping, sequence, text

Book = Mapping[str, JsonObject]


def book(contacts: Any) -> Book:
    """A change's ``contacts[]``, by each name that a contact goes by."""
    found: dict[str, JsonObject] = {}
    for entry in sequence(contacts):
        for key in ("wa_id", "user_id"):
            if name := identifier(mapping(entry).get(key)):
                found[_normal(name)] = entry
    return found


def contact(known: Book, address: Any, user_id: Any = None, parent_user_id: Any = None) -> Contact:
    """
    The customer at *address*, with what the book knows of them.

    An address is a phone number, yet a business-scoped user id has been seen in its place; whatever
    is not a phone number is taken for one, so that a shape yet to come still names somebody.
    """
    phone, user = split_address(address)
    user = identifier(user_id) or user
    entry = known.get(phone or "") or known.get(user or "") or {}
    book_phone, book_user = split_address(entry.get("wa_id"))
    profile = mapping(entry.get("profile"))
    return Contact(
        phone=phone or book_phone,
        user_id=user or identifier(entry.get("user_id")) or book_user,
        parent_user_id=identifier(parent_user_id) or identifier(entry.get("parent_user_id")),
        name=text(profile.get("name")),
        username=text(profile.get("username")),
    )


def split_address(address: Any) -> tuple[str | None, str | None]:
    """Tell a phone number from a business-scoped user id (``CC.…``): only one of the two is set."""
    phone = digits(address)
    return (phone, None) if phone else (None, identifier(address))


def nobody(who: Contact) -> bool:
    """Whether there is nothing to know them by."""
    return who.phone is None and who.user_id is None


def _normal(name: str) -> str:
    return digits(name) or name
