"""One partition's records: read, decide, do, say so once. No rule lives here."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import structlog

from saath.codec import decode
from saath.dating import believed
from saath.errors import PoisonRecord
from saath.events import (
    Contact,
    ContactRecorded,
    Event,
    MessageBackfilled,
    MessageEchoed,
    OutcomeEvent,
)
from saath.kafka.records import Output, Record, may_act, output, traceparent_of
from saath.topics import COMMANDS, CONTACTS, OWNERS, state_topic
from saath_router.answering import Around
from saath_router.carrier import Carrier, Installation
from saath_router.commands import carried_out
from saath_router.conversation import Conversation
from saath_router.decide import acts, decide
from saath_router.eviction import UNUSED_FOR
from saath_router.given_up import called_for
from saath_router.greetings import give_back, heard, judged, mistaken, settled
from saath_router.placing import (
    Join,
    contact_of,
    is_repeated,
    learn_change,
    place,
    to_join,
)
from saath_router.policy import Policy
from saath_router.publishing import (
    owner_changed,
    ownership,
    redirected,
    watermark,
)
from saath_router.retiming import AT_ONCE, RETIME
from saath_router.sweep import SWEEP, sweep
from saath_router.timers import fire

log = structlog.get_logger()

STATE = state_topic("router")

# What is due in one transaction; the rest comes in the next.
FIRED_MAX = 200
# Not a conversation: the alarm at which those are looked for that are due within this time.
AHEAD, AHEAD_FOR = "~ahead", timedelta(hours=1)


class RouterHandler:
    """Decides the records of one partition; the state it holds is the partition's own."""

    def __init__(self, installation: Installation, partition: int) -> None:
        self._layout, self._partition = installation.layout, partition
        self._do = Carrier(installation)
        self._store, self._alarms = self._do.store, self._do.alarms
        self._timed = False
        self._joined: dict[str, tuple[Conversation, str]] = {}

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take over one record of the changelog."""
        self._store.restore(key, value)

    def handle(self, record: Record, now: datetime) -> Iterable[Output]:
        """Decide one record, wholly or not at all; its outputs in the order of the facts."""
        with self._do.journal.whole():
            return self._handled(record, now)

    def _handled(self, record: Record, now: datetime) -> Iterable[Output]:
        if record.topic is COMMANDS:
            return carried_out(record, self._do, self._layout.of(COMMANDS), now)
        event = believed(decode(record.headers, record.value), min(record.appended_at, now))
        if not event.number:
            raise PoisonRecord(f"{event.type} names no number")
        if record.topic is CONTACTS:
            return self._contact(event)
        if is_repeated(self._store, event, event.number):
            return ()
        policy, trace = self._do.policy(event.number), traceparent_of(record.headers)
        contact = contact_of(event) or Contact()
        around = self._do.around(
            event.number, contact, policy, now, allowed=may_act(record.headers)
        )
        join = to_join(self._store, event, event.number, policy, now, around)
        outputs = self._join(join, trace) if join else []
        name = place(self._store, event, event.number)
        if name is None:
            # A status of a message nobody here sent, to somebody without an address.
            # Not its id: Meta's message ids hold the customer's phone number, in base64.
            log.info("message.unplaced", event_type=event.type)
            return outputs
        outputs += self._decide(event, name, policy, trace, now, around)
        learn_change(self._store, event, event.number, name, now, around)
        return outputs

    def given_up(self, record: Record, now: datetime) -> Iterable[Output]:
        """A record went to the dead letters; if a customer wrote it, a person is called."""
        called = called_for(record, self._store, now)
        if called is None:
            return ()
        state, decision = called
        if state is None:
            return [self._do.said(fact, None) for fact in decision]
        with self._do.journal.whole():
            return self._do.carry_out(decision, state, traceparent_of(record.headers))

    def next_due(self) -> datetime | None:
        """When time alone changes a conversation of this partition."""
        if not self._timed:
            self._timed = True
            # Whatever is due about then is looked for by then, and not while the partition waits.
            self._alarms.set(AHEAD, self._store.first_due())
            self._alarms.set(SWEEP, self._store.unused_at())
        if self._do.retiming.wanted():
            self._alarms.set(RETIME, AT_ONCE)
        return self._alarms.next_due()

    def fire(self, until: datetime, now: datetime) -> Iterable[Output]:
        """What is due by then, a good many conversations at most."""
        outputs: list[Output] = []
        for _ in range(FIRED_MAX):
            name = self._alarms.pop(until)
            if name == AHEAD:
                self._look_ahead(until)
                continue
            if name == SWEEP:
                self._alarms.set(SWEEP, sweep(self._store, self._do.due, until))
                break
            if name == RETIME:
                self._retime()
                continue
            state = self._store.get(name) if name else None
            if state is None:
                break
            try:
                with self._do.journal.whole():
                    outputs += self._fire(state, until, now)
            except Exception:
                # A defect in one conversation's time must not stop the partition's clock.
                log.exception("timer.failed", conversation=state.id)
        return outputs

    def _retime(self) -> None:
        """A few conversations whose number's policy is another; those due otherwise are written anew."""
        for name in self._do.retiming.timed_anew(self._do.due):
            state = self._store.get(name)
            if state is not None:
                self._store.put(state)
                self._do.set_alarm(state)

    def _look_ahead(self, until: datetime) -> None:
        """Set what is due soon. The rest stays as it was written, where it takes 8 bytes, not 250."""
        soon, later = self._store.dues(until + AHEAD_FOR)
        for name, due in soon:
            self._alarms.set(name, due)
        self._alarms.set(AHEAD, later)

    def finish(self, positions: Mapping[str, int], now: datetime) -> Iterable[Output]:
        """Changed state, changed ownership; last the watermark: up to here all is decided."""
        changed = [*self._store.take_changed()]
        states, evicted = [after for _, after in changed], self._store.take_evicted()
        yield from self._store.outputs(STATE, self._partition, states, evicted, self._do.due, now)
        for before, state in changed:
            if owner_changed(before, state) and (owned := ownership(state, now)):
                yield self._owners(owned)
        joined, self._joined = [*self._joined.values()], {}
        if changed and len(self._store) == len(changed):
            self._alarms.set(SWEEP, now + UNUSED_FOR)  # the first there are
        # No owner means the same as one who is out of date: superseded, and templates only.
        for name in set(evicted) - {gone.id for gone, _ in joined}:
            yield Output(OWNERS, self._partition, name.encode(), None)
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
        around: Around,
    ) -> list[Output]:
        number = event.number or ""
        state = self._store.get_or_new(name, number)
        greetings = self._store.shelf.greetings(number)
        if isinstance(event, MessageEchoed):
            event = judged(event, state, greetings, policy)
        decision = decide(event, state, policy, now, around)
        acting = around.may_act and acts(event, state, now)
        outputs = self._do.carry_out(decision, state, trace, acting=acting)
        self._store.shelf.put_greetings(heard(greetings, decision, state, policy))
        if decision and isinstance(event, MessageBackfilled):
            self._store.note_history(number, event.contact)
        if decision and isinstance(event, MessageEchoed) and event.automatic and acting:
            outputs += self._give_back(event, number, now, trace)
        if isinstance(event, OutcomeEvent) and _ends_a_watch(event, state) and event.bot:
            outputs += self._do.count_turn(number, event.bot, missed=False, cause=event.id, now=now)
        return outputs

    def _fire(self, state: Conversation, until: datetime, now: datetime) -> list[Output]:
        number, bot = state.number, state.bot
        around = Around(silent_bots=self._store.shelf.silent_bots(number))
        decision = fire(state, self._do.policy(number), until, now, around)
        outputs = self._do.carry_out(decision, state, None)
        if not decision:
            self._not_now(state, until)
        missed = any(getattr(fact, "rule", None) == "bot_silent" for fact in decision)
        if missed and bot:
            outputs += self._do.count_turn(number, bot, missed=True, cause=decision[0].id, now=now)
        return outputs

    def _not_now(self, state: Conversation, until: datetime) -> None:
        """Its time was moved, or the policy is another since: not now, but then."""
        due = self._do.due(state)
        if due and due <= until:
            # It would come up again and again. Whatever is next in the conversation sets it anew.
            log.error("timer.stuck", conversation=state.id)
            due = None
        self._alarms.set(state.id, due)

    def _join(self, join: Join, trace: str | None) -> list[Output]:
        """The one that stays gets all that is known of both; the other leads to it from now on."""
        outputs = [self._do.said(fact, trace) for fact in join.joined.gone]
        outputs += self._do.carry_out(join.joined.kept, join.joined.before, trace)
        self._store.redirect(join.gone, join.kept.id)
        self._alarms.set(join.gone.id, None)
        self._do.journal.will_change(self._joined, join.gone.id)
        self._joined[join.gone.id] = (join.gone, join.kept.id)
        return outputs

    def _give_back(
        self, greeting: MessageEchoed, number: str, now: datetime, trace: str | None
    ) -> list[Output]:
        """What this text took over while nobody knew that the app writes it."""
        outputs: list[Output] = []
        greetings, policy = self._store.shelf.greetings(number), self._do.policy(number)
        names = mistaken(greetings, greeting, now)
        for name in names:
            state = self._store.get_or_new(self._store.now_named(name), number)
            around = self._do.around(number, state.contact, policy, now)
            given_back = give_back(state, greeting, policy, now, around)
            outputs += self._do.carry_out(given_back, state, trace)
        if names:
            self._store.shelf.put_greetings(settled(greetings, greeting))
        return outputs

    def _contact(self, event: Event) -> Iterable[Output]:
        if isinstance(event, ContactRecorded):
            self._store.note_book(event.number or "", event.contact, listed=not event.removed)
        return ()

    def _owners(self, owned: Event) -> Output:
        return output(OWNERS, owned, self._layout.of(OWNERS))


def _ends_a_watch(event: OutcomeEvent, state: Conversation) -> bool:
    return event.is_answer and event.turn_id in state.watched
