"""
The phone's address book: which entry a change is about, and whether it says anything new. Pure.

An entry is named by a keyed hash of the contact's first identity: the phone number, where there is
one. What is kept of it is small, because a number may have thousands of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from saath.errors import PoisonRecord
from saath.events import Contact, ContactChanged, ContactRecorded, Model
from saath.events.base import Private
from saath.identity import alias_key, digest_id, identities

# Meta writes "add" for what was edited too; others have been told of "edit".
ADDED, REMOVED = ("add", "edit"), "remove"

# Meta dates changes by the second. Of one second so many are told from their own repetitions.
SAID_MAX = 8


class Kept(Model):
    """
    What is kept of one entry: when it changed last, and which changes of that second were taken.

    The identities are kept where there are two of them. ``into``: a user id without an entry of its own,
    because it belongs to that one. ``ahead``: the phone's clock was, up to that time; until it is over,
    what was said before is told from its repetitions by name and not by time.
    """

    at: float
    said: tuple[str, ...] = ()
    ahead: float | None = None
    phone: Annotated[str | None, Private] = None
    user_id: Annotated[str | None, Private] = None
    into: str | None = None


Find = Callable[[str], Kept | None]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is kept from now on, by entry, and what everybody is told."""

    kept: Mapping[str, Kept]
    records: tuple[ContactRecorded, ...]


NOTHING_NEW = Learnt({}, ())


def learn(change: ContactChanged, key: bytes, find: Find) -> Learnt:
    """
    Take over one change of the address book, unless it was taken before or is older than what was.

    It must be dated as it can be believed (``saath.dating``), or a clock that is ahead keeps out all
    that is said until then.

    One that shows phone number and user id is the phone number's entry. Whatever shows the user id
    alone from then on is about that entry too; an entry that the user id had had of its own ends. A
    user id goes with the entry that showed it last.

    Raises:
        PoisonRecord: nobody can be told from it, or nobody knows what it does.
    """
    names = _names(change, key)
    at, removed, who = change.time.timestamp(), _is_removal(change), change.contact
    entry, user = names.phone or _link(names.user, find) or names.user or "", names.user
    last, beside = find(entry), find(user) if user and user != entry else None
    own = beside if beside and not beside.into else None
    if any(_is_old(change, kept) for kept in (last, own) if kept):
        return NOTHING_NEW

    if beside and beside.into not in (None, entry) and (removed or beside.at > at):
        who, user = who.model_copy(update={"user_id": None}), None  # another entry's by now
    who = _completed(who, entry, last, change, key, find)
    records = [_record(change, entry, who, removed=removed)]
    kept = {entry: _keep(change, who, last)}
    if user and user != entry:
        kept[user] = Kept(at=at, into=entry)
        if own:
            alone = Contact(user_id=who.user_id)
            records.insert(0, _record(change, user, alone, removed=True))
    return Learnt(kept, tuple(records))


@dataclass(frozen=True, slots=True)
class _Names:
    """The entries that a change may be about."""

    phone: str | None
    user: str | None


def _names(change: ContactChanged, key: bytes) -> _Names:
    number, found = change.number, {}
    for identity in identities(change.contact):
        found[identity.partition(":")[0]] = alias_key(key, number or "", identity)
    if not (number and found):
        raise PoisonRecord("a contact of no number, or without phone number and user id")
    return _Names(found.get("phone"), found.get("user"))


def _is_removal(change: ContactChanged) -> bool:
    if change.action != REMOVED and change.action not in ADDED:
        raise PoisonRecord(f"unknown action {change.action[:40]!r} in the address book")
    return change.action == REMOVED


def _link(user: str | None, find: Find) -> str | None:
    """The entry that a user id belongs to, where it has none of its own."""
    kept = find(user) if user else None
    return kept.into if kept else None


def _is_old(change: ContactChanged, kept: Kept) -> bool:
    """Whether this was said before, or something later was. In one second, as it came."""
    return change.time.timestamp() < kept.at or _short(change) in kept.said


def _short(change: ContactChanged) -> str:
    return digest_id("", change.id)[:12]


def _completed(
    who: Contact, entry: str, last: Kept | None, change: ContactChanged, key: bytes, find: Find
) -> Contact:
    """*who* with the other identity too, where an earlier change showed it and it is still theirs."""
    if last is None:
        return who
    whole = who.model_copy(update={"phone": who.phone or last.phone})
    if who.user_id or not last.user_id:
        return whole
    before = whole.model_copy(update={"user_id": last.user_id})
    theirs = _names(change.model_copy(update={"contact": before}), key).user
    return before if _link(theirs, find) == entry else whole


def _keep(change: ContactChanged, who: Contact, last: Kept | None) -> Kept:
    at, both = change.time.timestamp(), bool(who.phone and who.user_id)
    ahead = _ahead(change, last)
    before = last.said if last and (last.at == at or ahead) else ()
    return Kept(
        at=at,
        said=(*before, _short(change))[-SAID_MAX:],
        ahead=ahead,
        phone=who.phone if both else None,
        user_id=who.user_id if both else None,
    )


def _ahead(change: ContactChanged, last: Kept | None) -> float | None:
    """The latest time that a clock which was ahead has said, while it is not yet."""
    said = [change.dated.timestamp()] if change.dated else []
    before = [last.ahead] if last and last.ahead else []
    return max((at for at in (*said, *before) if at >= change.time.timestamp()), default=None)


def _record(change: ContactChanged, entry: str, who: Contact, *, removed: bool) -> ContactRecorded:
    return ContactRecorded(
        id=digest_id("entry_", entry, change.id),
        time=change.time,
        dated=change.dated,
        number=change.number,
        causation=change.id,
        entry=entry,
        contact=who,
        first_name=None if removed else change.first_name,
        removed=removed,
    )
