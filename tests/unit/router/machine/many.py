"""One partition and all its customers: the ground on which the second machine's rules stand."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine
from tests.unit.router.build import NUMBER, at
from tests.unit.router.defects import Defect, OfOurs, broken_by
from tests.unit.router.machine.reader import Reader
from tests.unit.router.partition import PARTITION, Partition

from saath.codec import decode, encode
from saath.errors import PoisonRecord
from saath.events import ConversationMerged, Event, OwnershipRecorded, TurnOffered
from saath.kafka.records import Output, Record
from saath.kafka.timers import fire
from saath.topics import COMMANDS, INBOUND, Topic, state_topic
from saath_router.conversation import Conversation
from saath_router.handler import RouterHandler
from saath_router.publishing import WATERMARK_KEY, ownership
from saath_router.store import Store

STATE = state_topic("router")
FIRED_MAX = 50
# What a call for a person changes, where a customer's message was given up on.
OF_A_CALL = ("handoff_open", "waiting_since", "started_at")


def said(outputs: Iterable[Output]) -> list[Output]:
    """What everyone reads; who leaves memory, and in how many transactions it was said, is not it."""
    public = (o for o in outputs if o.topic != STATE and o.key != WATERMARK_KEY)
    return [output for output in public if output.value is not None]


@dataclass
class Published:
    """What everyone has read of the partition's topics."""

    readers: dict[str, Reader] = field(default_factory=dict)
    owners: dict[str, OwnershipRecorded] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    turns: list[TurnOffered] = field(default_factory=list)

    def reads(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if output.topic == STATE or output.key == WATERMARK_KEY or output.topic is COMMANDS:
                continue
            if output.value is None:
                self._left_memory((output.key or b"").decode())
                continue
            fact = decode(output.headers, output.value)
            if isinstance(fact, OwnershipRecorded):
                self.owners[fact.conversation or ""] = fact
            else:
                self._one_event_per_fact(fact)

    def _left_memory(self, name: str) -> None:
        self.owners.pop(name, None)
        self.readers.setdefault(name, Reader()).forgets()

    def _one_event_per_fact(self, fact: Event) -> None:
        assert fact.id not in self.ids, f"logged twice: {fact.type}"
        self.ids.add(fact.id)
        if isinstance(fact, TurnOffered):
            self.turns.append(fact)
        if fact.conversation:
            reader = self.readers.setdefault(fact.conversation, Reader())
            reader.reads(fact)
            if isinstance(fact, ConversationMerged) and fact.conversation == fact.into:
                reader.is_joined_by(self.readers.setdefault(fact.merged, Reader()))


class OnePartition(RuleBasedStateMachine):
    """What a machine does with a batch, with time, and with the end of a process."""

    def __init__(self) -> None:
        super().__init__()
        self.defect = Defect()
        self.stops_after: int | None = None
        self.installation = broken_by(self.defect)
        self.partition = Partition(PARTITION, self.installation)
        self.before_restart: RouterHandler | None = None
        self.published = Published()
        self.now = 0.0
        self.records: list[Record] = []

    @property
    def store(self) -> Store:
        return self.partition.handler._store  # what it holds is what is looked at

    def reads(self, *events: Event, topic: Topic = INBOUND, redriven: bool = False) -> None:
        """One transaction, each record with the time of now."""
        more = [("saath_redriven", b"1")] if redriven else []
        made = (encode(event) for event in events)
        self.is_given([self.record(topic, [*headers, *more], value) for headers, value in made])

    def is_told(self, what: dict[str, Any]) -> None:
        value = json.dumps({"number": NUMBER, **what}).encode()
        self.is_given([self.record(COMMANDS, [], value)])

    def record(self, topic: Topic, headers: list[tuple[str, bytes]], value: bytes) -> Record:
        return self.partition.record(topic, headers, value, self.now)

    def is_given(self, records: list[Record]) -> list[Output]:
        """A batch; after a restart the handler of before says what it would have said."""
        self.records += records
        outputs = self._decided(self.partition.handler, records)
        if self.before_restart:
            assert outputs == self._decided(self.before_restart, records), "a restart shows"
            self.before_restart = None
        self.commits(outputs)
        return outputs

    def breaks_off(self, event: Event, after: int) -> None:
        """A defect stops *event*, at one place or another, if it comes so far."""
        before, self.stops_after = self.known(), after
        self.reads(event)
        self.stops_after = None
        if event.id in self.published.ids:
            return
        for name, was in before.items():
            state = self.store.get(name)
            called = {key: getattr(state, key) for key in OF_A_CALL} if was else {}
            assert state == (was and was.model_copy(update=called)), "half of a record is left"

    def commits(self, outputs: list[Output]) -> None:
        self.partition.state += [o for o in outputs if o.topic == STATE]
        self.published.reads(outputs)

    def _decided(self, handler: RouterHandler, records: list[Record]) -> list[Output]:
        now = at(self.now)
        outputs: list[Output] = []
        for record in records:
            self.defect.after = self.stops_after
            try:
                outputs += handler.handle(record, now)
            except PoisonRecord:
                outputs += handler.given_up(record, now)
            except OfOurs:
                self.defect.after = None
                outputs += handler.given_up(record, now)
            self.defect.after = None
        return [*outputs, *handler.finish({"inbound.v1": 7}, now)]

    def time_passes(self) -> None:
        """Whatever is due, until nothing is; the handler of before a restart says the same."""
        outputs = self._fired(self.partition.handler)
        if self.before_restart:
            assert said(outputs) == said(self._fired(self.before_restart)), "a restart shows"
            self.before_restart = None
        self.commits(outputs)
        dues = map(self.partition.handler._do.due, filter(None, self.known().values()))
        assert [due for due in dues if due and due <= at(self.now)] == [], "its time was missed"

    def _fired(self, handler: RouterHandler) -> list[Output]:
        now, outputs = at(self.now), list[Output]()
        for _ in range(FIRED_MAX):
            due = handler.next_due()
            if due is None or due > now:
                return outputs
            outputs += [*fire(handler, now, now), *handler.finish({"inbound.v1": 7}, now)]
        raise AssertionError("timers go on and on")

    def restarts(self, *, compacted: bool) -> None:
        """From the changelog, all of it or what compaction leaves; the state is the same."""
        old, records = self.partition.handler, self.partition.state
        if compacted:
            latest = {output.key: index for index, output in enumerate(records)}
            records = [records[index] for index in sorted(latest.values())]
        new = RouterHandler(self.installation, PARTITION)
        for output in records:
            new.restore(output.key or b"", output.value)
        before = self.known()
        self.partition.handler = new
        assert self.known() == before, "not the state of before the restart"
        self.before_restart = old

    def known(self) -> dict[str, Conversation | None]:
        return {name: self.store.get(name) for name in self.published.readers}

    def owners_are_as_published(self) -> None:
        for name, state in self.known().items():
            said = self.published.owners.get(name)
            owned = ownership(state, at(0)) if state else None
            if owned is None:
                continue  # it left memory, or came back by nothing but history: the last word holds
            same = said and owned and said.model_copy(update={"time": owned.time})
            assert same == owned, "owners says something else than the state"

    def joined_lead_to_the_one_that_stays(self) -> None:
        for name, reader in self.published.readers.items():
            if reader.gone:
                assert self.store.get(name) is None
                said = self.published.owners[name]
                assert said.redirect
                assert self.store.now_named(name) == self.store.now_named(said.redirect)
