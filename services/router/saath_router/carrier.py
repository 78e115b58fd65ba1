"""What carries a partition's decisions out: its state, its timers, its numbers' policies, its outputs."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from weakref import WeakSet

from prometheus_client import Counter, Gauge

from saath.events import Contact, Event
from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath.tokens import TurnTokens
from saath_router.alarms import Alarms
from saath_router.answering import Around, routed_by
from saath_router.conversation import Conversation
from saath_router.decide import NOTHING_ELSE
from saath_router.evolve import evolve
from saath_router.journal import Journal
from saath_router.numbers import Numbers
from saath_router.ownership import Decision
from saath_router.policy import Policy
from saath_router.publishing import published
from saath_router.retiming import Retiming
from saath_router.silent_bots import after
from saath_router.store import Store
from saath_router.timers import due_at
from saath_router.written import Release

ROUTED = Counter(
    "saath_messages_routed_total", "Messages, by who answers and why.", ["owner", "reason"]
)
DECIDED = Counter("saath_facts_decided_total", "Facts that were logged.", ["type"])
# To look one up takes four times as long as to count.
_decided, _routed = cache(DECIDED.labels), cache(ROUTED.labels)

_stores = WeakSet[Store]()
Gauge("saath_state_conversations", "Conversations in memory.").set_function(
    lambda: sum(map(len, _stores))
)


@dataclass(frozen=True, slots=True)
class Installation:
    """What all partitions of one router share."""

    key: bytes
    tokens: TurnTokens
    numbers: Numbers
    layout: Layout
    release: Release = (0, 0, 0)


class Carrier:
    """One partition's state and timers, and the way from a decision to what is written of it."""

    def __init__(self, installation: Installation) -> None:
        self._at = installation
        self.journal = Journal()
        self.store = Store(installation.key, installation.release, self.journal)
        self.alarms = Alarms(self.journal)
        self.retiming = Retiming(self.store, self.policy)
        _stores.add(self.store)

    def policy(self, number: str) -> Policy:
        """The rules that hold for *number* by now."""
        return self._at.numbers.policy(number, self.store.shelf.policy(number))

    def around(
        self, number: str, contact: Contact, policy: Policy, now: datetime, *, allowed: bool = True
    ) -> Around:
        """What is known beside the conversation with *contact*."""
        if policy.answers != "new_contacts":
            return NOTHING_ELSE if allowed else Around(may_act=False)
        return Around(
            may_act=allowed,
            known_contact=self.store.is_known(number, contact),
            history_pending=self._at.numbers.history_pending(number, now),
        )

    def carry_out(
        self,
        decision: Decision,
        state: Conversation,
        traceparent: str | None,
        *,
        acting: bool = True,
    ) -> list[Output]:
        """What is written of *decision*; the state and its timer are those after it."""
        outputs = []
        for fact in decision:
            state = evolve(state, fact, acts=acting)
            outputs.append(self.said(fact, traceparent))
        if decision:
            self.store.put(state)
            self.set_alarm(state)
        if routed := routed_by(decision):
            _routed(*routed).inc()
        return outputs

    def count_turn(
        self, number: str, bot: str, *, missed: bool, cause: str, now: datetime
    ) -> list[Output]:
        """One more of a bot's turns was answered, or *missed*."""
        record, said = after(
            self.store.shelf.bot(number, bot),
            missed=missed,
            cause=cause,
            policy=self.policy(number),
            now=now,
        )
        self.store.shelf.put_bot(record)
        return [self.said(fact, None) for fact in said]

    def said(self, fact: Event, traceparent: str | None) -> Output:
        """*fact* as it is written, counted."""
        _decided(fact.type).inc()
        return published(fact, self._at.layout, self._at.tokens, traceparent)

    def due(self, state: Conversation) -> datetime | None:
        """When time alone changes *state*."""
        return due_at(state, self.policy(state.number))

    def set_alarm(self, state: Conversation) -> None:
        """Wake up for *state* when it is due."""
        self.retiming.sees(state.number)
        self.alarms.set(state.id, self.due(state))
