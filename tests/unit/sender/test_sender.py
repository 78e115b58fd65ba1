"""One partition's books, handler and chooser together: records in, messages chosen, outcomes out."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sender.facts import (
    CONVERSATION,
    NOW,
    NUMBER,
    PHONE,
    TEMPLATE,
    TEXT,
    TOKENS,
    number,
    ownership,
    signed,
)

from saath.codec import decode, encode
from saath.events import (
    Contact,
    Content,
    Event,
    MessageAccepted,
    MessageEchoed,
    MessageLeftInDoubt,
    MessageSent,
    OutcomeEvent,
)
from saath.kafka.records import Output, Record
from saath.topics import (
    INBOUND,
    OUTBOUND,
    OUTBOUND_BULK,
    OUTBOUND_PEOPLE,
    OUTCOMES,
    Topic,
    partition_for,
)
from saath_sender.admission import DLQ
from saath_sender.books import STATE
from saath_sender.choose import Chooser
from saath_sender.clock import Now
from saath_sender.decide import Go, Hold
from saath_sender.flight import Flight
from saath_sender.handler import SenderHandler
from saath_sender.installation import Installation
from saath_sender.ledger import Name
from saath_sender.results import Accepted, InDoubt, PairBusy, Result, RetryAfter, SlowDown
from saath_sender.settings import SenderSection

PARTITIONS = 4
PARTITION = partition_for(NUMBER, PARTITIONS)
RULES = SenderSection(in_doubt_for_seconds=60)


@dataclass
class Partition:
    """One owner of the partition, its clock in our hands; *state* and *log* outlive it."""

    state: dict[bytes, bytes] = field(default_factory=dict)
    log: list[Record] = field(default_factory=list)
    seconds: float = 1000.0
    offsets: dict[str, int] = field(default_factory=dict)
    rules: SenderSection = RULES

    def __post_init__(self) -> None:
        at = Installation(TOKENS.read, lambda _: number(), PARTITIONS, self.rules)
        self.handler = SenderHandler(at, PARTITION)
        for key, value in self.state.items():
            self.handler.books.restore(key, value)
        self.handler.books.ledger.close_all()
        self.chooser = Chooser(self.handler)
        self.handler.open = True
        self.handler.fence.owner_read(CONVERSATION.encode(), encode(ownership())[1])

    @property
    def now(self) -> Now:
        return Now(self.seconds, NOW + timedelta(seconds=self.seconds - 1000))

    def asked(self, topic: Topic, **request: Any) -> None:
        """A request is written and read."""
        self.outbound(topic, json.dumps(request).encode(), request.get("number", NUMBER))

    def outbound(self, topic: Topic, value: bytes, key: str = NUMBER) -> None:
        self.read(topic, value, key.encode())

    def replied(self, turn: str = "t_1", **request: Any) -> None:
        self.asked(OUTBOUND, **({"turn": signed(turn=turn), "messages": [TEXT]} | request))

    def bulk(self, *names: str, **more: Any) -> None:
        for name in names:
            to = f"1650555{self.offsets.get(OUTBOUND_BULK.name, 0):04}"
            rest = {"number": NUMBER, "to": to, "class": "marketing", "messages": [TEMPLATE]}
            self.asked(OUTBOUND_BULK, id=name, **(rest | more))

    def read(self, topic: Topic, value: bytes, key: bytes = b"") -> None:
        offset = self.offsets.get(topic.name, 0)
        self.offsets[topic.name] = offset + 1
        stamp = int(self.now.wall.timestamp() * 1000)
        record = Record(topic, PARTITION, offset, stamp, key, value)
        self.log.append(record)
        self.handler.outbound_read(record, self.now)

    def succeeded(self, seconds: float = 3.0) -> "Partition":
        """The next owner, from what is in Kafka; it has not read any request yet."""
        return Partition(self.state, self.log, self.seconds + seconds, self.offsets)

    def catch_up(self) -> None:
        """Read again from the cursors, then on from the positions, as the intake does."""
        books = self.handler.books
        for topic in (OUTBOUND_PEOPLE, OUTBOUND, OUTBOUND_BULK):
            main = books.positions.get(topic.name, 0)
            lanes = books.behind(topic.name)
            start = min((lane.unread_from or 0 for lane in lanes.values()), default=main)
            for record in self.log:
                if record.topic is topic and start <= record.offset < main:
                    self.handler.outbound_read_again(record, set(lanes), self.now)
            for lane in lanes.values():
                lane.caught_up()
            for record in self.log:
                if record.topic is topic and record.offset >= main:
                    self.handler.outbound_read(record, self.now)

    def from_meta(self, event: Event) -> None:
        offset = self.offsets.get(INBOUND.name, 0)
        self.offsets[INBOUND.name] = offset + 1
        headers, value = encode(event)
        stamp = int(self.now.wall.timestamp() * 1000)
        self.handler.inbound_read(
            Record(INBOUND, PARTITION, offset, stamp, None, value, tuple(headers)), self.now
        )

    def commit(self) -> list[Output]:
        """One transaction."""
        self.handler.doubts.settle(self.now)
        begun = self.chooser.begin(self.now)
        outputs, last = self.handler.books.take()
        for output in outputs:
            if output.topic == STATE:
                self.state.pop(output.key or b"", None)
                if output.value is not None:
                    self.state[output.key or b""] = output.value
        self.chooser.committed(begun, self.seconds)
        for origin in last.values():
            self.handler.fence.person_answered(origin, 0)
        return outputs

    def choose(self) -> list[Flight]:
        """What is about to leave, with a fresh fence."""
        self.handler.fresh_until = self.seconds + 0.5
        self.handler.read_through = self.seconds
        return self.chooser.due(self.now)

    def fly(self) -> list[Flight]:
        """What leaves now."""
        flights = self.choose()
        for flight in flights:
            assert self.chooser.check(flight, self.now) == Go()
            flight.leave(self.seconds)
        return flights

    def send(self, result: Result | None = None) -> list[str]:
        """Begin, commit, let leave, answer; which requests left."""
        self.commit()
        flights = self.fly()
        for flight in flights:
            name = f"wamid.{flight.job.request.id}.{flight.job.index}"
            self.chooser.answered(flight, result or Accepted(name), self.now)
        return [flight.job.request.id for flight in flights]

    def sent(self) -> list[Name]:
        """Which messages leave next."""
        self.commit()
        return [flight.job.name for flight in self.fly()]

    def run(self, seconds: float) -> list[str]:
        """Let time pass in slots of 50 ms; everything that left."""
        left = []
        for _ in range(int(seconds / 0.05)):
            left += self.send()
            self.seconds += 0.05
        return left


def outcomes(outputs: Iterable[Output]) -> list[str]:
    found = [decode(o.headers, o.value) for o in outputs if o.topic is OUTCOMES]
    return [type(event).__name__ for event in found if isinstance(event, OutcomeEvent)]


def status(callback: str) -> MessageSent:
    return MessageSent(
        id="s",
        time=NOW,
        number=NUMBER,
        message_id="wamid.s",
        contact=Contact(phone=PHONE),
        callback=callback,
    )


def echo() -> MessageEchoed:
    return MessageEchoed(
        id="e",
        time=NOW,
        number=NUMBER,
        message_id="wamid.e",
        contact=Contact(phone=PHONE),
        content=Content.of_text("I'll take this"),
    )


def test_a_reply_is_begun_committed_sent_and_settled() -> None:
    p = Partition()
    p.replied()

    left = p.send()

    assert (left, outcomes(p.commit())) == (["t_1"], ["MessageAccepted"])


def test_nothing_leaves_before_its_begun_record_is_committed() -> None:
    p = Partition()
    p.replied()
    p.chooser.begin(p.now)

    assert p.fly() == []


def test_nothing_leaves_when_its_lease_has_run_out_but_it_is_begun_again() -> None:
    p = Partition()
    p.replied()
    p.commit()
    p.seconds += 2.0

    assert (p.fly(), p.send()) == ([], ["t_1"])


def test_nothing_leaves_while_the_fence_read_is_older_than_half_a_second() -> None:
    p = Partition()
    p.replied()
    p.commit()
    p.handler.fresh_until = p.seconds

    assert p.chooser.due(p.now) == []


def test_an_echo_between_choosing_and_leaving_keeps_the_message_back() -> None:
    p = Partition()
    p.replied()
    p.commit()
    [flight] = p.choose()
    p.from_meta(echo())

    decision = p.chooser.check(flight, p.now)
    p.chooser.withheld(flight, decision, p.now)

    assert (not isinstance(decision, Go), p.run(1.0)) == (True, [])


def test_a_sender_that_froze_between_choosing_and_leaving_sends_nothing() -> None:
    p = Partition()
    p.replied()
    p.commit()
    [flight] = p.choose()
    p.seconds += 2.0
    p.handler.fresh_until = p.seconds + 0.5

    assert p.chooser.check(flight, p.now) == Hold("the lease has run out")


def test_a_reply_overtakes_a_campaign_that_was_begun_before_it() -> None:
    p = Partition()
    p.bulk(*(f"b{i}" for i in range(20)))
    p.commit()
    p.replied()
    p.commit()
    first = p.fly()

    assert [flight.job.request.id for flight in first] == ["t_1"]


def test_a_campaigns_message_waits_for_a_reply_to_the_same_customer() -> None:
    p = Partition()
    p.bulk("b0", to=PHONE)
    p.commit()
    p.replied()
    p.commit()
    [reply] = p.fly()
    p.seconds += 0.1
    meanwhile = p.fly()
    p.chooser.answered(reply, Accepted("wamid.1"), p.now)

    assert (reply.job.request.id, meanwhile, p.send()) == ("t_1", [], ["b0"])


def test_what_is_half_sent_is_remembered_for_as_long_as_the_rest_waits() -> None:
    p = Partition()
    p.bulk("b0", messages=[TEMPLATE, TEMPLATE])
    p.send()
    p.handler.open = False
    p.commit()
    after = p.succeeded()
    after.catch_up()
    after.handler.open = False
    after.seconds += 3600
    after.commit()
    third = after.succeeded()
    third.catch_up()

    assert [str(name) for name in third.sent()] == [f"{NUMBER}/b0/1"]


def test_one_customers_messages_wait_for_each_other_and_nobody_elses_do() -> None:
    p = Partition()
    p.replied("t_1")
    p.replied("t_2")
    p.bulk("b0")
    p.commit()
    flights = p.fly()
    p.seconds += 0.05
    flights += p.fly()
    p.seconds += 0.05

    assert [flight.job.request.id for flight in flights] == ["t_1", "b0"]
    assert p.fly() == []


def test_the_messages_of_a_request_leave_in_order_and_then_comes_with_the_last() -> None:
    p, events = Partition(), list[Event]()
    p.replied(messages=[TEXT, TEXT, TEXT], then="done")
    for _ in range(4):
        events += [decode(o.headers, o.value) for o in p.commit() if o.topic is OUTCOMES]
        p.send()
        p.seconds += 0.05

    found = [(e.index, e.then) for e in events if isinstance(e, MessageAccepted)]
    assert found == [(0, None), (1, None), (2, "done")]


def test_what_follows_a_superseded_message_is_superseded_with_it() -> None:
    p = Partition()
    p.replied(messages=[TEXT, TEXT, TEXT])
    p.send()
    taken = ownership(owner="human", epoch=6)
    p.handler.fence.owner_read(CONVERSATION.encode(), encode(taken)[1])
    p.seconds += 0.05
    said = outcomes([*p.commit(), *p.commit()])

    assert said == ["MessageAccepted", "MessageSuperseded", "MessageSuperseded"]


def test_a_turn_closed_without_words_waits_for_the_words_before_it() -> None:
    p = Partition()
    p.replied()
    p.replied(id="r_2", messages=[], then={"handoff": {"reason": "price"}})
    said = outcomes(p.commit())
    p.send()
    p.seconds += 0.05

    assert (said, outcomes([*p.commit()])) == ([], ["MessageAccepted", "TurnClosed"])


def test_a_request_known_by_its_id_is_not_sent_again() -> None:
    p = Partition()
    p.replied()
    p.replied()
    first = p.run(0.5)
    p.replied()

    assert (first, p.run(0.5)) == (["t_1"], [])


def test_a_request_known_to_the_last_owner_is_not_sent_again() -> None:
    p = Partition()
    p.replied()
    p.run(0.5)
    after = p.succeeded()
    after.catch_up()
    after.replied()

    assert after.run(0.5) == []


@settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.integers(1, 3), min_size=1, max_size=12),
    moments=st.lists(st.integers(1, 25), max_size=4),
)
def test_whenever_the_owner_dies_each_message_leaves_once_or_is_in_doubt(
    lengths: list[int], moments: list[int]
) -> None:
    p, sent = Partition(), Counter[str]()
    for n, length in enumerate(lengths):
        p.bulk(f"b{n}", messages=[TEMPLATE] * length)
    for moment in [*moments, 200]:
        for step in range(moment):
            p.commit()
            for flight in p.fly():
                name = str(flight.job.name)
                sent[name] += 1
                # The last thing before each death is a message that left and was not answered.
                if moment == 200 or step < moment - 1:
                    p.chooser.answered(flight, Accepted(f"wamid.{name}"), p.now)
            p.seconds += 0.05
        p = p.succeeded()
        p.catch_up()
    p.commit()
    unresolved = {str(name) for name, _ in p.handler.books.ledger.unresolved()}

    everything = {f"{NUMBER}/b{n}/{i}" for n, length in enumerate(lengths) for i in range(length)}
    after_a_doubt = {name for name in everything if name not in sent} - unresolved
    assert set(sent.values()) <= {1}
    assert {name.rsplit("/", 1)[0] for name in after_a_doubt} <= {
        name.rsplit("/", 1)[0] for name in unresolved
    }


async def test_a_pair_that_meta_refuses_waits_and_nobody_else_does() -> None:
    p = Partition()
    p.replied()
    p.bulk("b0")
    refused = p.send(PairBusy())
    p.seconds += 0.05

    assert (refused, p.run(0.9), p.run(1.0)) == (["t_1"], ["b0"], ["t_1"])


def test_a_throttled_message_goes_again_when_meta_says() -> None:
    p = Partition()
    p.replied()
    refused = p.send(SlowDown(2.0))
    p.seconds += 0.05

    assert (refused, p.run(1.8), p.run(0.5)) == (["t_1"], [], ["t_1"])


def test_what_is_throttled_together_comes_back_more_slowly_and_not_together() -> None:
    p, flights = Partition(), list[Flight]()
    p.bulk(*(f"b{n}" for n in range(40)))
    for _ in range(10):
        p.commit()
        flights += p.fly()
        p.seconds += 0.05
    for flight in flights:
        p.chooser.answered(flight, SlowDown(), p.now)
    p.seconds += 1.0

    soon = len(p.run(1.0))

    # Three quarters of 20, and a sixtieth of 20 back each second.
    assert (len(flights) >= 9, soon <= 16, soon + len(p.run(60.0))) == (True, True, 40)


def test_what_meta_may_take_later_is_tried_so_often_and_no_more() -> None:
    p, problem = Partition(), {"code": 131000}
    p.replied()
    tries, said = [], []
    for _ in range(4):
        tries += p.send(RetryAfter(1.0, 3, problem))  # type: ignore[arg-type] # any problem does
        p.seconds += 2.1
        said += outcomes(p.commit())

    assert (tries, said) == (["t_1"] * 3, ["MessageRejected"])


def test_what_the_last_owner_had_begun_is_in_doubt_until_a_status_settles_it() -> None:
    p = Partition()
    p.replied()
    p.commit()
    p.fly()
    after = p.succeeded()
    after.catch_up()
    doubted = outcomes(after.commit())
    after.from_meta(status(f"s1|t_1|0|{CONVERSATION}|5"))

    assert (doubted, outcomes(after.commit()), after.run(1.0)) == (
        ["MessageLeftInDoubt"],
        ["MessageAccepted"],
        [],
    )


def test_a_status_read_before_the_request_settles_it_without_a_doubt() -> None:
    p = Partition()
    p.replied()
    p.commit()
    p.fly()
    after = p.succeeded()
    after.from_meta(status(f"s1|t_1|0|{CONVERSATION}|5"))
    after.catch_up()

    assert outcomes(after.commit()) == ["MessageAccepted"]


def test_a_doubt_survives_a_restart_and_is_not_said_twice() -> None:
    p = Partition()
    p.replied()
    p.send(InDoubt("no answer"))
    said = outcomes(p.commit())
    after = p.succeeded()
    after.catch_up()
    unresolved = len(list(after.handler.books.ledger.unresolved()))

    assert (said, unresolved) == (["MessageLeftInDoubt"], 1)
    assert (outcomes(after.commit()), after.run(1.0)) == ([], [])


def test_a_reply_in_doubt_is_sent_once_more_when_webhooks_came_and_none_was_its_status() -> None:
    p = Partition()
    p.replied()
    p.send(InDoubt("no answer"))
    p.seconds += 61
    silent = p.run(1.0)
    p.from_meta(status("somebody else's"))
    again = p.send(InDoubt("no answer"))
    p.commit()
    p.seconds += 61
    p.from_meta(status("somebody else's"))

    assert (silent, again, p.run(1.0)) == ([], ["t_1"], [])


def test_a_campaign_in_doubt_is_dropped() -> None:
    p = Partition()
    p.bulk("b0")
    p.send(InDoubt("no answer"))
    p.commit()
    p.seconds += 61
    p.from_meta(status("somebody else's"))

    assert outcomes(p.commit()) == ["MessageDropped"]


def test_what_was_begun_and_never_left_is_nobodys_doubt_after_a_clean_end() -> None:
    p = Partition()
    p.bulk("b0", "b1", "b2")
    p.send()
    p.handler.open = False
    p.chooser.hand_back(p.now)
    p.commit()
    after = p.succeeded()
    after.catch_up()

    assert list(after.handler.books.ledger.unresolved()) == []
    assert after.run(1.0) == ["b1", "b2"]


def test_what_a_person_wrote_goes_to_whom_meta_says_and_holds_their_bot() -> None:
    """In Brazil and Mexico a tool may write a digit more than WhatsApp does."""
    rest = {"number": NUMBER, "to": "+1650555", "class": "reply", "messages": [TEMPLATE]}
    p = Partition()
    p.asked(OUTBOUND_PEOPLE, id="p1", **rest)
    p.send(Accepted("wamid.p1", f"+{PHONE}"))

    held = p.handler.fence.undecided(NUMBER, [f"phone:{PHONE}"])
    (told,) = [decode(o.headers, o.value) for o in p.commit() if o.topic is OUTCOMES]

    assert isinstance(told, MessageAccepted)
    assert (held, told.to) == ("a person's request is not decided yet", f"+{PHONE}")


def test_a_persons_request_holds_the_bot_as_soon_as_it_is_read() -> None:
    p = Partition()
    p.replied()
    p.commit()
    rest = {"number": NUMBER, "to": f"+{PHONE}", "class": "service", "messages": [TEXT]}
    p.asked(OUTBOUND_PEOPLE, id="crm-1", **rest)

    assert p.run(1.0) == ["crm-1"]


@pytest.mark.parametrize(
    "said",
    [
        {"type": "io.saath.message.accepted.v1", "message_id": "wamid.1"},
        {"type": "io.saath.message.left_in_doubt.v1", "reason": "no answer"},
    ],
    ids=["accepted", "in doubt"],
)
def test_after_a_restart_what_a_person_sent_holds_until_the_router_has_read_it(
    said: dict[str, str],
) -> None:
    p = Partition()
    about = {"id": "o1", "time": NOW, "number": NUMBER, "request": "p1", "by": "person"}
    model = MessageAccepted if "message_id" in said else MessageLeftInDoubt
    headers, value = encode(model.model_validate({**about, "to": f"+{PHONE}", **said}))

    p.handler.outcome_read(Record(OUTCOMES, PARTITION, 7, 0, None, value, tuple(headers)))

    held = p.handler.fence.undecided(NUMBER, [f"phone:{PHONE}"])
    assert held == "a person's request is not decided yet"


def test_a_poison_record_is_refused_and_dead_lettered_and_the_next_one_goes() -> None:
    p = Partition()
    p.outbound(OUTBOUND, b"{")
    p.replied()
    outputs = p.commit()

    assert outcomes(outputs) == ["MessageRefused"]
    assert [o.value for o in outputs if o.topic == DLQ] == [b"{"]
    assert p.send() == ["t_1"]


def test_a_request_of_another_partitions_number_is_moved_untouched() -> None:
    p = Partition()
    elsewhere = next(str(n) for n in range(100) if partition_for(str(n), PARTITIONS) != PARTITION)
    rest = {"to": PHONE, "class": "utility", "messages": [TEMPLATE]}
    p.outbound(OUTBOUND, json.dumps({"id": "r", "number": elsewhere, **rest}).encode())
    p.asked(OUTBOUND, id="s", number=elsewhere, **rest)
    moved = [o for o in p.commit() if o.topic is OUTBOUND]

    assert [(o.partition, o.key) for o in moved] == [
        (partition_for(elsewhere, PARTITIONS), elsewhere.encode())
    ] * 2
    assert p.run(1.0) == []


@pytest.mark.parametrize("key", ["", "my-shop", "100000000000009"])
def test_a_request_with_another_key_is_moved_to_its_numbers_lane(key: str) -> None:
    p = Partition()
    rest = {"number": NUMBER, "to": PHONE, "class": "utility", "messages": [TEMPLATE]}
    p.outbound(OUTBOUND, json.dumps({"id": "r", **rest}).encode(), key)
    (moved,) = [o for o in p.commit() if o.topic is OUTBOUND]
    left = p.run(0.2)
    p.read(OUTBOUND, moved.value or b"", moved.key or b"")

    assert (moved.partition, left, p.run(0.2)) == (PARTITION, [], ["r"])


def test_a_number_in_digits_of_another_script_is_refused_and_not_moved_for_ever() -> None:
    p = Partition()
    rest = {"number": "١٢", "to": PHONE, "class": "utility", "messages": [TEMPLATE]}
    p.asked(OUTBOUND, id="r", **rest)
    outputs = p.commit()

    assert ([o.topic for o in outputs if o.topic in (OUTBOUND, DLQ)], outcomes(outputs)) == (
        [DLQ],
        [],
    )
