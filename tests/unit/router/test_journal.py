"""Whatever is kept of a partition is as it was, where the record that changed it is broken off."""

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from tests.unit.router.build import CONVERSATION, NUMBER, accepted, at
from tests.unit.router.test_store import BOTH, KEY, PHONE, named, written

from saath.events import Contact, NumberPolicy
from saath_router.alarms import Alarms
from saath_router.conversation import Conversation
from saath_router.evolve import evolve
from saath_router.journal import Journal
from saath_router.silent_bots import BotRecord
from saath_router.store import Store

OTHER, GONE, NEW = (Contact(phone=f"491510000000{n}") for n in (2, 3, 4))


class Kept:
    """A partition's memory: a conversation, one changed since it was written, one let go; alarms."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.store, self.alarms = Store(KEY, journal=self.journal), Alarms(self.journal)
        self.one, self.other, self.gone = map(self.begun, (PHONE, OTHER, GONE))
        self.store.shelf.put_policy(NUMBER, NumberPolicy(bot="orders"))
        self.store.shelf.put_bot(BotRecord(number=NUMBER, bot="orders"))
        written(self.store)
        self.store.put(self.state(self.other).model_copy(update={"passes": 1}))
        self.store.evict(self.gone)
        self.alarms.set("soon", at(1))
        self.alarms.set("later", at(5))
        self.alarms.set("later", at(9))

    def begun(self, contact: Contact) -> str:
        name = named(self.store, contact)
        new = Conversation(id=name, number=NUMBER, contact=contact)
        self.store.put(evolve(new, accepted(f"w-{name}", 0)))
        return name

    def state(self, name: str) -> Conversation:
        return self.store.get_or_new(name, NUMBER)

    def all(self) -> dict[str, Any]:
        """Every table there is; of the heap only what it means."""
        of_alarms = {k: v for k, v in vars(self.alarms).items() if k != "_heap"}
        parts = (self.store, self.store._aliases, self.store.shelf)
        tables = [{k: v for k, v in vars(part).items() if isinstance(v, dict)} for part in parts]
        return deepcopy({"alarms": of_alarms | {"_journal": None}, "tables": tables})


def puts(kept: Kept) -> None:
    kept.store.put(evolve(kept.state(kept.one), accepted("w3", 1)))


def puts_what_knows_less(kept: Kept) -> None:
    kept.store.put(kept.state(kept.one).model_copy(update={"statuses": b""}))


def returns(kept: Kept) -> None:
    kept.store.put(kept.state(kept.gone))


CHANGES: dict[str, Callable[[Kept], object]] = {
    "a state": puts,
    "a state with a message less": puts_what_knows_less,
    "a new conversation": lambda k: k.store.put(Conversation(id="c_9", number=NUMBER)),
    "one is evicted": lambda k: k.store.evict(k.one),
    "one that was changed is evicted": lambda k: k.store.evict(k.other),
    "one that was evicted returns": returns,
    "two are joined": lambda k: k.store.redirect(k.state(k.other), k.one),
    "another address": lambda k: k.store.rename(NUMBER, PHONE, NEW, k.one),
    "a new name": lambda k: named(k.store, BOTH),
    "history": lambda k: k.store.note_history(NUMBER, PHONE),
    "the address book": lambda k: k.store.note_book(NUMBER, PHONE, listed=True),
    "a policy": lambda k: k.store.shelf.put_policy(NUMBER, NumberPolicy(bot="sales")),
    "a policy less": lambda k: k.store.shelf.put_policy(NUMBER, None),
    "a bot": lambda k: k.store.shelf.put_bot(BotRecord(number=NUMBER, bot="orders", silent=True)),
    "a command": lambda k: k.store.shelf.note_carried_out(NUMBER, "x1", at(0)),
    "an earlier alarm": lambda k: k.alarms.set("later", at(2)),
    "a later alarm": lambda k: k.alarms.set("soon", at(2)),
    "an alarm as it was": lambda k: k.alarms.set("later", at(5)),
    "no alarm": lambda k: k.alarms.set("later", None),
    "a new alarm": lambda k: k.alarms.set(CONVERSATION, at(3)),
}


def broken_off(kept: Kept, *changes: Callable[[Kept], object]) -> bool:
    """Whether the *changes* changed anything, before a defect stopped them."""
    before, changed = kept.all(), False
    with suppress(ZeroDivisionError), kept.journal.whole():
        for change in changes:
            change(kept)
        changed = kept.all() != before
        raise ZeroDivisionError
    return changed


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_taken_back(change: str) -> None:
    kept = Kept()
    before = kept.all()

    changed = broken_off(kept, CHANGES[change])

    assert (changed, kept.all()) == (True, before)


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_stays_where_nothing_breaks(change: str) -> None:
    kept, other = Kept(), Kept()
    with kept.journal.whole():
        CHANGES[change](kept)
    broken_off(kept)
    CHANGES[change](other)

    assert kept.all() == other.all()


def test_alarms_that_were_taken_back_come_up_when_they_were_due() -> None:
    kept = Kept()
    broken_off(
        kept,
        lambda k: k.alarms.set("soon", None),
        lambda k: k.alarms.set("later", at(0)),
        lambda k: k.alarms.set("new", at(0)),
    )

    due = [(kept.alarms.next_due(), kept.alarms.pop(at(99))) for _ in range(3)]

    assert due == [(at(1), "soon"), (at(9), "later"), (None, None)]
