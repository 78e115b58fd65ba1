"""One partition's records: read, decide, do, say so once. No rule lives here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from saath.codec import decode, decode_command, explain, pointer
from saath.errors import PoisonRecord
from saath.events import (
    Command,
    ContactRecorded,
    Event,
    MessageBackfilled,
    MessageEchoed,
    OutcomeEvent,
    policy_by_hand,
)
from saath.kafka.layout import Layout
from saath.kafka.records import Output, Record, may_act, output, traceparent_of
from saath.tokens import TurnTokens
from saath.topics import COMMANDS, CONTACTS, OWNERS, partition_for, state_topic
from saath_router.alarms import Alarms
from saath_router.answering import Around, routed_by
from saath_router.commanding import command, command_id, refused
from saath_router.conversation import Conversation
from saath_router.decide import acts, decide
from saath_router.evolve import evolve, remember
from saath_router.given_up import called_for
from saath_router.greetings import give_back, heard, judged, mistaken, settled
from saath_router.numbers import Numbers
from saath_router.ownership import Decision
from saath_router.placing import (
    Join,
    contact_of,
    is_repeated,
    learn_change,
    named,
    place,
    to_join,
)
from saath_router.policy import Policy
from saath_router.publishing import (
    ownership,
    published,
    redirected,
    same_ownership,
    watermark,
)
from saath_router.silent_bots import after
from saath_router.store import Store
from saath_router.timers import due_at, fire

log = structlog.get_logger()

STATE = state_topic("router")

# What is due in one transaction; the rest comes in the next.
FIRED_MAX = 200

ROUTED = Counter(
    "saath_messages_routed_total", "Messages, by who answers and why.", ["owner", "reason"]
)
DECIDED = Counter("saath_facts_decided_total", "Facts that were logged.", ["type"])


@dataclass(frozen=True, slots=True)
class Installation:
    """What all partitions of one router share."""

    key: bytes
    tokens: TurnTokens
    numbers: Numbers
    layout: Layout


class RouterHandler:
    """Decides the records of one partition; the state it holds is the partition's own."""

    def __init__(self, installation: Installation, partition: int) -> None:
        self._at, self._partition = installation, partition
        self._store = Store(installation.key)
        self._alarms, self._timed = Alarms(), False
        self._joined: list[tuple[Conversation, str]] = []

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take over one record of the changelog."""
        self._store.restore(key, value)

    def handle(self, record: Record, now: datetime) -> Iterable[Output]:
        """Decide one record; its outputs in the order of the facts."""
        if record.topic is COMMANDS:
            return self._command(record, now)
        event = decode(record.headers, record.value)
        if not event.number:
            raise PoisonRecord(f"{event.type} names no number")
        if record.topic is CONTACTS:
            return self._contact(event)
        if is_repeated(self._store, event, event.number):
            return ()
        policy, trace = self._policy(event.number), traceparent_of(record.headers)
        join = to_join(self._store, event, event.number, policy, now)
        outputs = self._join(join, trace) if join else []
        name = place(self._store, event, event.number)
        if name is None:
            # A status of a message nobody here sent, to somebody without an address.
            # Not its id: Meta's message ids hold the customer's phone number, in base64.
            log.info("message.unplaced", event_type=event.type)
            return outputs
        outputs += self._decide(event, name, policy, trace, now, may_act(record.headers))
        learn_change(self._store, event, event.number, name)
        return outputs

    def given_up(self, record: Record, now: datetime) -> Iterable[Output]:
        """A record went to the dead letters; if a customer wrote it, a person is called."""
        called = called_for(record, self._store, now)
        if called is None:
            return ()
        state, decision = called
        if state is None:
            return [self._published(fact, None) for fact in decision]
        return self._carry_out(decision, state, traceparent_of(record.headers))

    def next_due(self) -> datetime | None:
        """When time alone changes a conversation of this partition."""
        if not self._timed:
            self._timed = True
            for name, due in self._store.dues():
                self._alarms.set(name, due)
        return self._alarms.next_due()

    def fire(self, until: datetime, now: datetime) -> Iterable[Output]:
        """What is due by then, a good many conversations at most."""
        outputs: list[Output] = []
        for _ in range(FIRED_MAX):
            name = self._alarms.pop(until)
            state = self._store.get(name) if name else None
            if state is None:
                break
            try:
                outputs += self._fire(state, until, now)
            except Exception:
                # A defect in one conversation's time must not stop the partition's clock.
                log.exception("timer.failed", conversation=state.id)
        return outputs

    def finish(self, positions: Mapping[str, int], now: datetime) -> Iterable[Output]:
        """Changed state, changed ownership; last the watermark: up to here all is decided."""
        changed = [*self._store.take_changed()]
        states, evicted = [after for _, after in changed], self._store.take_evicted()
        yield from self._store.outputs(STATE, self._partition, states, evicted, self._due, now)
        for before, state in changed:
            owned = ownership(state, now)
            if owned and not same_ownership(ownership(before, now) if before else None, owned):
                yield self._owners(owned)
        joined, self._joined = self._joined, []
        for gone, kept in joined:
            yield self._owners(redirected(gone, self._store.get_or_new(kept, gone.number), now))
        yield watermark(self._partition, dict(positions), now)

    def _decide(
        self,
        event: Event,
        name: str,
        policy: Policy,
        trace: str | None,
        now: datetime,
        allowed: bool,
    ) -> list[Output]:
        number = event.number or ""
        state = self._store.get_or_new(name, number)
        greetings = self._store.shelf.greetings(number)
        if isinstance(event, MessageEchoed):
            event = judged(event, state, greetings, policy)
        decision = decide(event, state, policy, now, self._around(event, policy, now, allowed))
        acting = allowed and acts(event, state, now)
        outputs = self._carry_out(decision, state, trace, acting=acting)
        self._store.shelf.put_greetings(heard(greetings, decision, state, policy))
        if decision and isinstance(event, MessageBackfilled):
            self._store.note_history(number, event.contact)
        if decision and isinstance(event, MessageEchoed) and event.automatic and acting:
            outputs += self._give_back(event, number, now, trace)
        if isinstance(event, OutcomeEvent) and event.turn_id in state.watched and event.bot:
            outputs += self._count(number, event.bot, missed=False, cause=event.id, now=now)
        return outputs

    def _around(self, event: Event, policy: Policy, now: datetime, allowed: bool) -> Around:
        number, contact = event.number or "", contact_of(event)
        if policy.answers != "new_contacts":
            return Around(may_act=allowed)
        return Around(
            may_act=allowed,
            known_contact=contact is not None and self._store.is_known(number, contact),
            history_pending=self._at.numbers.history_pending(number, now),
        )

    def _fire(self, state: Conversation, until: datetime, now: datetime) -> list[Output]:
        number, bot = state.number, state.bot
        around = Around(silent_bots=self._store.shelf.silent_bots(number))
        decision = fire(state, self._policy(number), until, now, around)
        outputs = self._carry_out(decision, state, None)
        if not decision:
            self._not_now(state, until)
        missed = any(getattr(fact, "rule", None) == "bot_silent" for fact in decision)
        if missed and bot:
            outputs += self._count(number, bot, missed=True, cause=decision[0].id, now=now)
        return outputs

    def _not_now(self, state: Conversation, until: datetime) -> None:
        """Its time was moved, or the policy is another since: not now, but then."""
        due = self._due(state)
        if due and due <= until:
            # It would come up again and again. Whatever is next in the conversation sets it anew.
            log.error("timer.stuck", conversation=state.id)
            due = None
        self._alarms.set(state.id, due)

    def _count(
        self, number: str, bot: str, *, missed: bool, cause: str, now: datetime
    ) -> list[Output]:
        """One more of a bot's turns was answered, or missed."""
        record, said = after(
            self._store.shelf.bot(number, bot),
            missed=missed,
            cause=cause,
            policy=self._policy(number),
            now=now,
        )
        self._store.shelf.put_bot(record)
        return [self._published(fact, None) for fact in said]

    def _join(self, join: Join, trace: str | None) -> list[Output]:
        """The one that stays gets all that is known of both; the other leads to it from now on."""
        outputs = [self._published(fact, trace) for fact in join.joined.gone]
        outputs += self._carry_out(join.joined.kept, join.joined.before, trace)
        self._store.redirect(join.gone, join.kept.id)
        self._alarms.set(join.gone.id, None)
        self._joined.append((join.gone, join.kept.id))
        return outputs

    def _give_back(
        self, greeting: MessageEchoed, number: str, now: datetime, trace: str | None
    ) -> list[Output]:
        """What this text took over while nobody knew that the app writes it."""
        outputs: list[Output] = []
        greetings, policy = self._store.shelf.greetings(number), self._policy(number)
        names = mistaken(greetings, greeting, now)
        for name in names:
            state = self._store.get_or_new(self._store.now_named(name), number)
            outputs += self._carry_out(give_back(state, greeting, policy, now), state, trace)
        if names:
            self._store.shelf.put_greetings(settled(greetings, greeting))
        return outputs

    def _contact(self, event: Event) -> Iterable[Output]:
        if isinstance(event, ContactRecorded):
            self._store.note_book(event.number or "", event.contact, listed=not event.removed)
        return ()

    def _command(self, record: Record, now: datetime) -> Iterable[Output]:
        asked = decode_command(record.value)
        right = partition_for(asked.number, self._at.layout.of(COMMANDS))
        if right != self._partition:
            # A client whose default hash is not Java's wrote it here; its number's owner decides it.
            key = asked.number.encode()
            return (Output(COMMANDS, right, key, record.value, record.headers),)
        if asked.command == "policy":
            return self._policy_command(asked, now)
        state = named(self._store, asked)
        if state is None:
            reason = "no such conversation on this number"
            return (self._published(refused(asked, reason, now), None),)
        asked_at = record.appended_at
        decision = command(asked, state, self._policy(asked.number), asked_at, now)
        # Also one that changed nothing: written again later, it must not change anything then.
        state = remember(state, command_id(asked), asked_at)
        self._store.put(state)
        return self._carry_out(decision, state, traceparent_of(record.headers))

    def _policy_command(self, asked: Command, now: datetime) -> Iterable[Output]:
        """The number's policy is this one from now on; a bad one is refused, and the last one stays."""
        try:
            policy = None if asked.policy is None else policy_by_hand(asked.policy)
        except ValidationError as error:
            where = f"/policy{pointer(error)}"
            return (self._published(refused(asked, explain(error), now, where), None),)
        self._store.shelf.put_policy(asked.number, policy)
        log.info("policy.changed", number=asked.number, by_command=True)
        return ()

    def _policy(self, number: str) -> Policy:
        return self._at.numbers.policy(number, self._store.shelf.policy(number))

    def _carry_out(
        self,
        decision: Decision,
        state: Conversation,
        traceparent: str | None,
        *,
        acting: bool = True,
    ) -> list[Output]:
        outputs = []
        for fact in decision:
            state = evolve(state, fact, acts=acting)
            outputs.append(self._published(fact, traceparent))
        if decision:
            self._store.put(state)
            self._set_alarm(state)
        if routed := routed_by(decision):
            ROUTED.labels(*routed).inc()
        return outputs

    def _set_alarm(self, state: Conversation) -> None:
        self._alarms.set(state.id, self._due(state))

    def _due(self, state: Conversation) -> datetime | None:
        return due_at(state, self._policy(state.number))

    def _published(self, fact: Event, traceparent: str | None) -> Output:
        DECIDED.labels(fact.type).inc()
        return published(fact, self._at.layout, self._at.tokens, traceparent)

    def _owners(self, owned: Event) -> Output:
        return output(OWNERS, owned, self._at.layout.of(OWNERS))
