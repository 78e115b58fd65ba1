"""One partition's numbers: restore, count what comes, decide facts, write what has changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from saath.codec import decode
from saath.errors import PoisonRecord
from saath.events import ContactChanged, NumberRecorded
from saath.kafka.layout import Layout
from saath.kafka.records import Output, Record, output
from saath.topics import (
    ACCOUNTS,
    BACKFILL,
    CONTACTS,
    CREDENTIALS,
    HISTORY,
    NUMBERS,
    partition_for,
    state_topic,
)
from saath_sync import metrics, store
from saath_sync.book import AddressBooks
from saath_sync.decide import decide, decide_fact
from saath_sync.facts import (
    ConnectAsked,
    Fact,
    ReplayBegun,
    ReplayFinished,
    ReplayProgressed,
    StepAnswered,
    StepAsked,
    TokenObtained,
)
from saath_sync.ledger import Ledger

log = structlog.get_logger()

STATE = state_topic("sync")

# Whatever else is on ``accounts`` is for people, and may stand in any partition.
CONTACT_CHANGED = ContactChanged.model_fields["type"].default.encode()


@dataclass(frozen=True, slots=True)
class Installation:
    """What all partitions share. ``key`` names the entries of address books, and may never change."""

    key: bytes
    layout: Layout
    history_patience: timedelta


class SyncHandler:
    """
    The ledgers and address books of one partition, and the one writer of what is public of them.

    ``owned_since`` is when this owner began to listen.
    """

    def __init__(self, partition: int, installation: Installation, owned_since: datetime) -> None:
        self.ledgers: dict[str, Ledger] = {}
        self.owned_since = owned_since
        self._partition, self._layout = partition, installation.layout
        self._history_patience = installation.history_patience
        self._books = AddressBooks(installation.key)
        self._stored: dict[str, Ledger] = {}
        self._published: dict[str, NumberRecorded] = {}
        self._touched: set[str] = set()

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take over one number's ledger, or one entry of an address book."""
        if value is not None and self._books.owns(key):
            self._books.restore(key, value)
        elif value is not None:
            ledger = store.restore(value)
            self.ledgers[ledger.number] = self._stored[ledger.number] = ledger

    def handle(self, record: Record, now: datetime) -> Iterable[Output]:
        """Count one record of the history, of which nothing is published, or take over a contact."""
        if record.topic == ACCOUNTS:
            contact = dict(record.headers).get("ce_type") == CONTACT_CHANGED
            return self._contact(record) if contact else ()
        event = decode(record.headers, record.value)
        number = event.number or ""
        self._refuse_stray(number)
        self._keep(decide(event, self.ledgers.get(number), record.offset, now))
        return ()

    def _contact(self, record: Record) -> Iterable[Output]:
        change = decode(record.headers, record.value)
        if not isinstance(change, ContactChanged):
            raise PoisonRecord(f"{change.type} under another type's name")
        self._refuse_stray(change.number or "")
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
        decision = decide_fact(fact, self.ledgers.get(fact.number), now)
        self._keep(decision.ledger)
        _say(fact)

        if decision.credential:
            yield output(CREDENTIALS, decision.credential, self._layout.of(CREDENTIALS))
        for event in decision.backfill:
            yield output(BACKFILL, event, self._layout.of(BACKFILL))

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

    def _keep(self, ledger: Ledger) -> None:
        self.ledgers[ledger.number] = ledger
        self._touched.add(ledger.number)


def _say(fact: Fact) -> None:
    match fact:
        case ConnectAsked():
            log.info("number.connect_asked", number=fact.number)
        case TokenObtained():
            log.info("number.token_obtained", number=fact.number)
        case StepAsked():
            log.info("step.asked", number=fact.number, step=fact.step)
        case StepAnswered():
            outcome = type(fact.result).__name__.lower()
            metrics.STEPS.labels(fact.step, outcome).inc()
            log.info("step.answered", number=fact.number, step=fact.step, outcome=outcome)
        case ReplayBegun():
            due = fact.due
            log.info("replay.begun", number=fact.number, phase=due.phase, only_media=due.only_media)
        case ReplayProgressed():
            metrics.BACKFILLED.inc(len(fact.events))
        case ReplayFinished():
            done = fact.replay.done
            log.info("replay.finished", number=fact.number, phase=fact.replay.phase, events=done)
