"""One partition's numbers: restore, count what comes, decide facts, write what has changed."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from saath.codec import decode
from saath.dating import believed
from saath.errors import PoisonRecord
from saath.events import (
    EVENTS,
    AccountUpdated,
    ContactChanged,
    MessageBackfilled,
    MessageEchoed,
    NumberRecorded,
    StatusEvent,
)
from saath.identity import digest_id
from saath.kafka.layout import Layout
from saath.kafka.records import Output, Record, output
from saath.topics import (
    ACCOUNTS,
    BACKFILL,
    CONTACTS,
    COSTS,
    CREDENTIALS,
    HISTORY,
    INBOUND,
    NUMBER_EVENTS,
    NUMBERS,
    partition_for,
    state_topic,
)
from saath_sync import living, metrics, store, telling
from saath_sync.account_words import numbers_meant, word_of
from saath_sync.book import AddressBooks
from saath_sync.costs import CostBooks
from saath_sync.decide import Decision, decide, decide_fact
from saath_sync.facts import Fact
from saath_sync.ledger import Ledger
from saath_sync.living import Lived, Rules
from saath_sync.ready import as_outputs
from saath_sync.templates import status_of

log = structlog.get_logger()

STATE = state_topic("sync")

CONTACT_CHANGED, ACCOUNT_UPDATED, MESSAGE_ECHOED = (
    model.model_fields["type"].default.encode()
    for model in (ContactChanged, AccountUpdated, MessageEchoed)
)
# What says something of a message's price or fate.
COUNTED = frozenset(
    name.encode()
    for name, model in EVENTS.items()
    if issubclass(model, StatusEvent | MessageEchoed)
)


@dataclass(frozen=True, slots=True)
class Installation:
    """
    What all partitions share. ``key`` names the entries of address books, and may never change.

    ``known`` are the numbers of all partitions: what Meta says of an account is for all of its own.
    """

    key: bytes
    layout: Layout
    history_patience: timedelta
    rules: Rules = field(default_factory=Rules)
    known: Callable[[], Iterable[NumberRecorded]] = tuple


class SyncHandler:
    """The ledgers and address books of one partition, and the one writer of what is public of them."""

    def __init__(self, partition: int, installation: Installation) -> None:
        self.ledgers: dict[str, Ledger] = {}
        self._partition, self._layout = partition, installation.layout
        self._history_patience = installation.history_patience
        self._rules, self._known = installation.rules, installation.known
        self._due: dict[str, datetime] = {}
        self._books = AddressBooks(installation.key)
        self._costs = CostBooks()
        self._stored: dict[str, Ledger] = {}
        self._published: dict[str, NumberRecorded] = {}
        self._touched: set[str] = set()

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take over one number's ledger, one entry of an address book, or some of the costs."""
        if self._costs.owns(key):
            self._costs.restore(key, value)
        elif value is not None and self._books.owns(key):
            self._books.restore(key, value)
        elif value is not None:
            ledger = store.restore(value)
            self.ledgers[ledger.number] = self._stored[ledger.number] = ledger
            self._set_alarm(ledger)

    def handle(self, record: Record, now: datetime) -> Iterable[Output]:
        """Count a record of the history, take over a contact, or what Meta and the app say of a number."""
        said = dict(record.headers).get("ce_type")
        match record.topic.name, said:
            case (ACCOUNTS.name, _) if said == CONTACT_CHANGED:
                return self._contact(record, now)
            case (ACCOUNTS.name, _) if said == ACCOUNT_UPDATED:
                return self._account(record, now)
            case (INBOUND.name, _) if said in COUNTED:
                self._count(record, now)
                return self._echo(record, now) if said == MESSAGE_ECHOED else ()
            case (ACCOUNTS.name | INBOUND.name, _):
                return ()  # for others
            case _:
                return self._history(record, now)

    def next_due(self) -> datetime | None:
        """When something follows from time alone."""
        dues = [*self._due.values(), self._costs.next_due()]
        return min((due for due in dues if due), default=None)

    def fire(self, until: datetime, now: datetime) -> Iterable[Output]:
        """What is due by then, of all numbers."""
        for number in [number for number, due in self._due.items() if due <= until]:
            lived = living.passed(self.ledgers[number], until, self._rules)
            yield from self._live(lived, now)
        yield from self._costs_due(now)

    def _history(self, record: Record, now: datetime) -> Iterable[Output]:
        event = decode(record.headers, record.value)
        number = event.number or ""
        self._refuse_stray(number)
        before = self.ledgers.get(number)
        ledger = decide(event, before, record.offset, now)
        telling.count(event, before, ledger)
        if before is not None and isinstance(event, MessageBackfilled):
            # Nothing follows from one more message, and there may be a million of them.
            self.ledgers[number] = ledger
            self._touched.add(number)
            return ()
        return self._live(Lived(ledger), now)

    def _account(self, record: Record, now: datetime) -> Iterable[Output]:
        """
        Act on what Meta says of an account.

        It names no number, and stands where its account is hashed to, so it is handed on to each number
        that is meant, and acted on where that is.
        """
        update = decode(record.headers, record.value)
        if not isinstance(update, AccountUpdated):
            raise PoisonRecord(f"{update.type} under another type's name")
        if word_of(update) is None and status_of(update) is None:
            return
        if update.number:
            self._refuse_stray(update.number)
            if ledger := self.ledgers.get(update.number):
                yield from self._live(living.account_said(ledger, update, now), now)
            return
        meant = numbers_meant(update, self._known())
        if not meant:
            metrics.UNRESOLVED.inc()
            log.warning("account.without_number", account=update.account, said=update.event)
        for number in meant:
            name = digest_id("account_", update.id, number)
            handed = update.model_copy(
                update={"id": name, "number": number, "causation": update.id}
            )
            yield output(ACCOUNTS, handed, self._layout.of(ACCOUNTS))

    def _count(self, record: Record, now: datetime) -> None:
        """Count what the record says of a message's price or fate."""
        # What cannot be read is the router's to give up on.
        with contextlib.suppress(PoisonRecord):
            self._costs.hear(decode(record.headers, record.value), now)

    def _costs_due(self, now: datetime) -> Iterable[Output]:
        return [output(COSTS, fact, self._layout.of(COSTS)) for fact in self._costs.due(now)]

    def _echo(self, record: Record, now: datetime) -> Iterable[Output]:
        """Somebody wrote in the app, so it lives. Nothing else of the message is looked at."""
        ledger = self.ledgers.get((record.key or b"").decode(errors="replace"))
        at = _moment(dict(record.headers).get("ce_time"))
        return self._seen(ledger, at, now) if ledger and at else ()

    def _seen(self, ledger: Ledger, at: datetime, now: datetime) -> Iterable[Output]:
        seen = living.app_seen(ledger, at, now, self._rules)
        return self._live(Lived(seen), now) if seen is not ledger else ()

    def _contact(self, record: Record, now: datetime) -> Iterable[Output]:
        change = decode(record.headers, record.value)
        if not isinstance(change, ContactChanged):
            raise PoisonRecord(f"{change.type} under another type's name")
        self._refuse_stray(change.number or "")
        change = believed(change, record.appended_at)
        if ledger := self.ledgers.get(change.number or ""):
            yield from self._seen(ledger, change.time, now)
        state, records = self._books.learn(change)
        for key, value in state.items():
            yield Output(STATE, self._partition, key, value)
        for recorded in records:
            yield output(CONTACTS, recorded, self._layout.of(CONTACTS))

    def _refuse_stray(self, number: str) -> None:
        if partition_for(number, self._layout.of(HISTORY)) != self._partition:
            raise PoisonRecord("the record stands outside its number's partition")

    def handle_fact(self, fact: object, now: datetime) -> Iterable[Output]:
        """Decide what happened inside; a refusal changes nothing."""
        if not isinstance(fact, Fact):
            raise TypeError(f"{type(fact).__name__} is no fact of sync")
        decision = decide_fact(fact, self.ledgers.get(fact.number), now, self._rules)
        # Written first: what cannot be must not be counted as out.
        outputs = [*self._said(decision, fact.number)]
        yield from self._live(Lived(decision.ledger), now)
        telling.say(fact)
        yield from outputs

    def _said(self, decision: Decision, number: str) -> Iterable[Output]:
        """What is published of a decision beside the number's own record."""
        if decision.credential:
            yield output(CREDENTIALS, decision.credential, self._layout.of(CREDENTIALS))
        for event in decision.history:
            yield output(HISTORY, event, self._layout.of(HISTORY))
        yield from as_outputs(decision.backfill, number, self._layout.of(BACKFILL))

    def finish(self, positions: Mapping[str, int], now: datetime) -> Iterable[Output]:
        """The ledgers that changed, and what everybody may know of them."""
        changed = [n for n in sorted(self._touched) if self.ledgers[n] != self._stored.get(n)]
        self._touched.clear()
        for number in changed:
            ledger = self._stored[number] = self.ledgers[number]
            yield Output(STATE, self._partition, number.encode(), store.snapshot(ledger))
        for number in changed:
            recorded = store.recorded(self.ledgers[number], now, self._history_patience)
            if store.differs(recorded, self._published.get(number)):
                self._published[number] = recorded
                yield output(NUMBERS, recorded, self._layout.of(NUMBERS))
        for key, value in self._costs.changed(now):
            yield Output(STATE, self._partition, key, value)
        yield from self._costs_due(now)

    def _live(self, lived: Lived, now: datetime) -> Iterable[Output]:
        """Keep what a number is from now on, and publish what is said of it."""
        number = lived.ledger.number
        settled = living.settled(self.ledgers.get(number), lived.ledger, now)
        self.ledgers[number] = settled.ledger
        self._touched.add(number)
        self._set_alarm(settled.ledger)
        events = (*lived.events, *settled.events)
        for event in events:
            telling.tell(event)
        return [output(NUMBER_EVENTS, event, self._layout.of(NUMBER_EVENTS)) for event in events]

    def _set_alarm(self, ledger: Ledger) -> None:
        due = living.next_due(ledger, self._rules)
        if due is None:
            self._due.pop(ledger.number, None)
        else:
            self._due[ledger.number] = due


def _moment(said: bytes | None) -> datetime | None:
    """A time as a header says it."""
    try:
        at = datetime.fromisoformat((said or b"").decode())
    except ValueError:
        return None
    return at if at.tzinfo else None
