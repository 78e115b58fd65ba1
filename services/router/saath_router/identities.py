"""What a contact is known by, and when that becomes another phone number, or user id. Pure."""

from dataclasses import dataclass, field

from saath.events import (
    Contact,
    ContactIdentityChanged,
    Event,
    MessageAccepted,
    MessageReceived,
    StatusEvent,
)
from saath.identity import contact_at, identities
from saath_router.conversation import merged

NOWHERE = {"phone": None, "user_id": None, "parent_user_id": None}


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """What a contact was known by ``before``, and is no longer; and what it is known by ``now``."""

    before: Contact = field(repr=False)
    now: Contact = field(repr=False)


def learned(known: Contact, event: Event, *, acts: bool) -> Contact:
    """
    What is known of a contact after *event*.

    The address a status names, or we sent to, may differ from the customer's own (Brazil, Mexico:
    an extra digit), and what does not act is of then: those only fill what is not known. What does not
    act says no more of somebody's address than is known: by another they may have another conversation.
    """
    if isinstance(event, MessageAccepted):
        return merged(contact_at(event.to), known) if event.to else known
    said = getattr(event, "contact", None)
    if not isinstance(said, Contact):
        return known
    if isinstance(event, StatusEvent):
        return merged(said, known)
    if event.origin == "history" or not acts:
        return merged(said.model_copy(update=NOWHERE) if identities(known) else said, known)
    change = changed_identity(event)
    return merged(known, change.now if change else said)


def changed_identity(event: Event) -> IdentityChange | None:
    """
    The change that *event* tells of, if it tells of one.

    Meta tells it by a message of type ``system``, which is written by the old identity and names the
    new one, and told it by a webhook field of its own for half a year of 2026.
    """
    match event:
        case ContactIdentityChanged(previous_user_id=str() as previous, contact=contact) if (
            previous != contact.user_id
        ):
            return IdentityChange(Contact(user_id=previous), contact)
        case MessageReceived(contact=contact) if event.content.type == "system":
            return _by_system(contact, (event.content.model_extra or {}).get("system"))
        case _:
            return None


def _by_system(contact: Contact, said: object) -> IdentityChange | None:
    match said:
        case {"type": "user_changed_number" | "user_changed_user_id", **more}:
            phone, user = _text(more.get("wa_id")), _text(more.get("user_id"))
            previous = _text(more.get("previous_user_id")) or contact.user_id
            before = Contact(
                phone=contact.phone if phone and phone != contact.phone else None,
                user_id=previous if user and user != previous else None,
            )
            now = contact.model_copy(
                update={
                    "phone": phone or contact.phone,
                    "user_id": user or (None if before.user_id else contact.user_id),
                }
            )
            return IdentityChange(before, now)
        case _:
            return None


def _text(said: object) -> str | None:
    return said if isinstance(said, str) and said else None
