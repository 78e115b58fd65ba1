"""Whose a fact is: the conversation it belongs to, found, named or joined with another."""

from dataclasses import dataclass
from datetime import datetime

from saath.events import Command, Contact, Event, OutcomeEvent, StatusEvent
from saath.identity import contact_at, identities, parse_callback
from saath_router.answering import Around
from saath_router.conversation import REMEMBERED_FOR, Conversation
from saath_router.identities import changed_identity
from saath_router.joining import Joined, join, older_first
from saath_router.policy import Policy
from saath_router.store import Store


@dataclass(frozen=True, slots=True)
class Join:
    """Two conversations that are one: *kept* and *gone*, as they were, and what follows."""

    kept: Conversation
    gone: Conversation
    joined: Joined


def place(store: Store, event: Event, number: str) -> str | None:
    """Whose *event* is: said by itself, by the callback we sent along, or by the address."""
    if event.conversation:
        return store.now_named(event.conversation)
    if isinstance(event, StatusEvent):
        callback = parse_callback(event.callback)
        if callback and callback.conversation:
            return store.now_named(callback.conversation)
        known = store.find(number, event.contact, event.message_id)
        return known or store.find_or_name(number, event.contact)
    change = changed_identity(event)
    if change:
        if known := store.find(number, change.before):
            return known
        # What came by the new one was read first, and has given them a conversation already.
        if store.find(number, change.now):
            return store.find_or_name(number, change.now)
    contact = contact_of(event)
    return store.find_or_name(number, contact) if contact else None


def contact_of(event: Event) -> Contact | None:
    """Whom *event* is about, where it says so."""
    if isinstance(event, OutcomeEvent):
        return contact_at(event.to) if event.to else None
    contact = getattr(event, "contact", None)
    return contact if isinstance(contact, Contact) else None


def named(store: Store, asked: Command) -> Conversation | None:
    """The conversation that a command is about, if there is one on its number."""
    contact = Contact(phone=asked.phone, user_id=asked.user_id)
    said = store.now_named(asked.conversation) if asked.conversation else None
    name = said or store.find(asked.number, contact)
    state = store.get(name) if name else None
    return state if state is not None and state.number == asked.number else None


def is_repeated(store: Store, event: Event, number: str) -> bool:
    """
    Whether *event* is known where its contact leads to: it is asked before anything is learned of it.

    By what it says of the contact it would take back a phone number that is somebody else's by now, or
    begin a conversation with whoever has it next.
    """
    found = [
        name
        for said in _contacts(event)
        for name in (*store.found(number, said), *store.left(number, said))
    ]
    states = (store.get(name) for name in found)
    return any(state is not None and state.has_seen(event.id) for state in states)


def _contacts(event: Event) -> tuple[Contact, ...]:
    """All that *event* says a contact is, or was, known by; nothing where it is a send's fate."""
    contact = None if isinstance(event, StatusEvent | OutcomeEvent) else contact_of(event)
    if contact is None:
        return ()
    change = changed_identity(event)
    return (contact, change.before, change.now) if change else (contact,)


def to_join(
    store: Store, event: Event, number: str, policy: Policy, now: datetime, around: Around
) -> Join | None:
    """
    Two conversations that *event* shows to be one contact's, known by a phone number and a user id.

    A status says where a message went, which need not be who the customer is, so it joins nobody.
    """
    contacts = _contacts(event)
    if not contacts or not _tells_of_now(event, now, around):
        return None
    found = tuple(dict.fromkeys(name for said in contacts for name in store.found(number, said)))
    if len(found) < 2:
        return None
    # Of three, the last follows with the next fact.
    one, other = (store.get_or_new(name, number) for name in found[:2])
    kept, gone = older_first(one, other)
    return Join(kept, gone, join(kept, gone, policy, event.id, now, around))


def _tells_of_now(event: Event, now: datetime, around: Around) -> bool:
    """False for what never acts: who had a number then, need not be who has it now."""
    old = now - event.time > REMEMBERED_FOR
    return around.may_act and not old and event.origin != "history"


def learn_change(
    store: Store, event: Event, number: str, conversation: str, now: datetime, around: Around
) -> None:
    """
    From now on the contact is known by what *event* says, and no longer by what it was.

    Delivered again it moves nobody: by then the old number may be somebody else's.
    """
    change = changed_identity(event)
    if change is None or not _tells_of_now(event, now, around):
        return
    before = store.found(number, change.before)
    if conversation in before or not identities(change.before):
        store.rename(number, change.before, change.now, conversation)
