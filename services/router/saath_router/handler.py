"""One partition's records: read, decide, do, say so once. No rule lives here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from prometheus_client import Counter

from saath.codec import decode, decode_command, encode
from saath.errors import PoisonRecord
from saath.events import (
    Command,
    CommandRefused,
    Contact,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    MessageEchoed,
    NumberPolicy,
    OutcomeEvent,
    OwnershipRecorded,
    StatusEvent,
    TurnOffered,
    TurnWithdrawn,
    WatermarkRecorded,
)
from saath.identity import contact_at, digest_id, parse_callback
from saath.kafka.layout import Layout
from saath.kafka.records import Output, Record, may_act, output, traceparent_of
from saath.tokens import TurnToken, TurnTokens
from saath.topics import (
    COMMANDS,
    CONVERSATIONS,
    HANDOFFS,
    OWNERS,
    TURNS,
    Topic,
    partition_for,
    state_topic,
)
from saath_router.alarms import Alarms
from saath_router.conversation import Conversation, evolve, remember
from saath_router.decide import Decision, acts, command, command_id, decide
from saath_router.greetings import give_back, heard, judged, mistaken, settled
from saath_router.policy import Policy, overlay
from saath_router.store import Store
from saath_router.timers import due_at, fire

log = structlog.get_logger()

STATE = state_topic("router")
WATERMARK_KEY = b"~watermark"

# What is due in one transaction; the rest comes in the next.
FIRED_MAX = 200

ROUTED = Counter("saath_messages_routed_total", "Facts decided.", ["type"])

PolicyOf = Callable[[str], NumberPolicy | None]


@dataclass(frozen=True, slots=True)
class Installation:
    """What all partitions of one router share."""

    key: bytes
    tokens: TurnTokens
    policy: Policy
    policy_of: PolicyOf
    layout: Layout


class RouterHandler:
    """Decides the records of one partition; the state it holds is the partition's own."""

    def __init__(self, installation: Installation, partition: int) -> None:
        self._at, self._partition = installation, partition
        self._store = Store(installation.key)
        self._alarms, self._timed = Alarms(), False

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take over one record of the changelog."""
        self._store.restore(key, value)

    def handle(self, record: Record, now: datetime) -> Iterable[Output]:
        """Decide one record; its outputs in the order of the facts."""
        if record.topic is COMMANDS:
            return self._command(record, now)
        event = decode(record.headers, record.value)
        number = self._number(event)
        name = self._conversation_of(event, number)
        if name is None:
            # A status of a message nobody here sent, to somebody without an address.
            # Not its id: Meta's message ids hold the customer's phone number, in base64.
            log.info("message.unplaced", event_type=event.type)
            return ()
        state = self._store.get_or_new(name, number)
        greetings, policy = self._store.greetings(number), self._policy(number)
        if isinstance(event, MessageEchoed):
            event = judged(event, state, greetings, policy)
        allowed = may_act(record.headers)
        decision = decide(event, state, policy, now, may_act=allowed)
        trace = traceparent_of(record.headers)
        acting = allowed and acts(event, state, now)
        outputs = self._carry_out(decision, state, trace, acting=acting)
        self._store.put_greetings(heard(greetings, decision, state, policy))
        if decision and isinstance(event, MessageEchoed) and event.automatic and acting:
            outputs += self._give_back(event, number, now, trace)
        return outputs

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
                decision = fire(state, self._policy(state.number), until, now)
                outputs += self._carry_out(decision, state, None)
                if not decision:
                    # It was moved, or the policy is another since: not now, but then.
                    self._set_alarm(state)
            except Exception:
                # A defect in one conversation's time must not stop the partition's clock.
                log.exception("timer.failed", conversation=state.id)
        return outputs

    def finish(self, positions: Mapping[str, int], now: datetime) -> Iterable[Output]:
        """Changed state, changed ownership; last the watermark: up to here all is decided."""
        changed = list(self._store.take_changed())
        states = [after for _, after in changed]
        yield from self._store.outputs(STATE, self._partition, states, (), self._due, now)
        for before, after in changed:
            owned = _ownership(after, now)
            if owned and (before is None or _facts(_ownership(before, now)) != _facts(owned)):
                yield self._output(OWNERS, owned, None)
        watermark = WatermarkRecorded(
            id=digest_id("mark_", str(self._partition), str(sorted(positions.items()))),
            time=now,
            positions=dict(positions),
        )
        headers, value = encode(watermark)
        yield Output(OWNERS, self._partition, WATERMARK_KEY, value, tuple(headers))

    def _give_back(
        self, greeting: MessageEchoed, number: str, now: datetime, trace: str | None
    ) -> list[Output]:
        """What this text took over while nobody knew that the app writes it."""
        outputs: list[Output] = []
        greetings, policy = self._store.greetings(number), self._policy(number)
        names = mistaken(greetings, greeting, now)
        for name in names:
            state = self._store.get_or_new(name, number)
            outputs += self._carry_out(give_back(state, greeting, policy, now), state, trace)
        if names:
            self._store.put_greetings(settled(greetings, greeting))
        return outputs

    def _number(self, event: Event) -> str:
        if not event.number:
            raise PoisonRecord(f"{event.type} names no number")
        return event.number

    def _conversation_of(self, event: Event, number: str) -> str | None:
        """Whose fact this is: said by itself, by the callback we sent along, or by the address."""
        if event.conversation:
            return event.conversation
        if isinstance(event, StatusEvent):
            callback = parse_callback(event.callback)
            if callback and callback.conversation:
                return callback.conversation
            known = self._store.find(number, event.contact, event.message_id)
            return known or self._store.find_or_name(number, event.contact)
        if isinstance(event, OutcomeEvent):
            return self._store.find_or_name(number, contact_at(event.to)) if event.to else None
        contact = getattr(event, "contact", None)
        return self._store.find_or_name(number, contact) if contact else None

    def _command(self, record: Record, now: datetime) -> Iterable[Output]:
        asked = decode_command(record.value)
        right = partition_for(asked.number, self._at.layout.of(COMMANDS))
        if right != self._partition:
            # A client whose default hash is not Java's wrote it here; its number's owner decides it.
            key = asked.number.encode()
            return (Output(COMMANDS, right, key, record.value, record.headers),)
        state = self._named(asked)
        if state is None:
            return (self._output(CONVERSATIONS, _refused(asked, now), None),)
        asked_at = record.appended_at
        decision = command(asked, state, self._policy(asked.number), asked_at, now)
        # Also one that changed nothing: written again later, it must not change anything then.
        state = remember(state, command_id(asked), asked_at)
        self._store.put(state)
        return self._carry_out(decision, state, traceparent_of(record.headers))

    def _named(self, asked: Command) -> Conversation | None:
        contact = Contact(phone=asked.phone, user_id=asked.user_id)
        name = asked.conversation or self._store.find(asked.number, contact)
        state = self._store.get(name) if name else None
        return state if state is not None and state.number == asked.number else None

    def _policy(self, number: str) -> Policy:
        return overlay(self._at.policy, self._at.policy_of(number))

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
            ROUTED.labels(fact.type).inc()
            published = self._signed(fact) if isinstance(fact, TurnOffered) else fact
            outputs.append(self._output(_topic_of(fact), published, traceparent))
        if decision:
            self._store.put(state)
            self._set_alarm(state)
        return outputs

    def _set_alarm(self, state: Conversation) -> None:
        self._alarms.set(state.id, self._due(state))

    def _due(self, state: Conversation) -> datetime | None:
        return due_at(state, self._policy(state.number))

    def _signed(self, turn: TurnOffered) -> TurnOffered:
        token = TurnToken(
            turn=turn.id,
            number=turn.number or "",
            conversation=turn.conversation or "",
            epoch=turn.epoch,
            bot=turn.bot,
            deadline=int(turn.deadline.timestamp()),
        )
        return turn.model_copy(update={"turn": self._at.tokens.sign(token)})

    def _output(self, topic: Topic, event: Event, traceparent: str | None) -> Output:
        return output(topic, event, self._at.layout.of(topic), traceparent)


def _refused(asked: Command, now: datetime) -> CommandRefused:
    return CommandRefused(
        id=digest_id("refused_", asked.number, asked.id),
        time=now,
        number=asked.number,
        conversation=asked.conversation or "unknown",
        causation=asked.id,
        reason="no such conversation on this number",
    )


def _topic_of(fact: Event) -> Topic:
    match fact:
        case TurnOffered() | TurnWithdrawn():
            return TURNS
        case HandoffRequested() | HandoffWithdrawn():
            return HANDOFFS
        case _:
            return CONVERSATIONS


def _ownership(state: Conversation, now: datetime) -> OwnershipRecorded | None:
    """What the sender must know of a conversation; nothing while only its history is known."""
    if not state.epoch and state.window_until is None:
        return None
    return OwnershipRecorded(
        id=f"{state.id}:{state.epoch}",
        time=now,
        number=state.number,
        conversation=state.id,
        owner=state.owner,
        epoch=state.epoch,
        bot=state.bot,
        addresses=Contact(phone=state.contact.phone, user_id=state.contact.user_id),
        window_until=state.window_until,
        lease_until=state.lease_until,
    )


def _facts(owned: OwnershipRecorded | None) -> object:
    return owned and owned.model_dump(exclude={"time"})
