"""What a long hold keeps back makes room, in order, and comes back when that is over."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sender.facts import NOW, NUMBER, TEMPLATE, TEXT, number, ownership
from tests.unit.sender.test_intake import Reader
from tests.unit.sender.test_pauses import PAYMENT, Number

from saath.codec import encode
from saath.events import MessageAccepted, MessageExpired, TemplateStatus
from saath.kafka.records import Output, Record
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, OWNERS
from saath_sender.intake import TOPICS, Intake
from saath_sender.ledger import Name
from saath_sender.pauses import Paused, Pauses
from saath_sender.results import Accepted
from saath_sender.scopes import Scope
from saath_sender.settings import SenderSection

ROOM = 40
RULES = SenderSection(lane_max=ROOM)
MARKETING = Scope("marketing")
QUALITY = Paused("its quality is low", 131048, "time", 1000.0, float("inf"))
WROTE, OTHER = "16505559999", "16505559998"  # have written, so that words may be sent


class Crowd(Number):
    """A number with small lanes, whose second reader runs whenever time passes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.owns("c_wrote", WROTE)

    def owns(self, conversation: str, phone: str, **more: Any) -> None:
        value = encode(ownership(conversation=conversation, phone=phone, **more))[1]
        self.handler.owner_read(Record(OWNERS, 0, 0, 0, conversation.encode(), value))

    def pause(self, scope: Scope = MARKETING) -> None:
        self.handler.books.pauses.put(NUMBER, scope, QUALITY)

    def resume(self, scope: Scope = MARKETING) -> None:
        self.handler.books.pauses.drop(NUMBER, scope)

    def marketing(self, name: str, to: str, topic: Any = OUTBOUND, **more: Any) -> None:
        basis = {"number": NUMBER, "to": to, "class": "marketing", "messages": [TEMPLATE]}
        self.asked(topic, id=name, **(basis | more))

    def crowd(self, count: int) -> list[str]:
        """So many of marketing, each to another customer."""
        names = [f"m{n}" for n in range(count)]
        for n, name in enumerate(names):
            self.marketing(name, f"1650556{n:04}")
        return names

    def service(
        self, name: str, to: str = WROTE, topic: Any = OUTBOUND_PEOPLE, **more: Any
    ) -> None:
        basis = {"number": NUMBER, "to": to, "class": "service", "messages": [TEXT]}
        self.asked(topic, id=name, **basis, **more)

    def commit(self) -> list[Output]:
        outputs = super().commit()
        self.read_again()
        return outputs

    def read_again(self) -> None:
        for topic in TOPICS:
            if self.handler.books.behind(topic.name):
                log = [r for r in self.log if r.topic is topic]
                reader: Any = Reader(log, at_most=100)
                intake = Intake(self.handler, reader, reader, _nothing, lambda: self.now)
                asyncio.run(_read(intake, topic))

    def parked(self, topic: Any = OUTBOUND) -> int:
        return len(self.handler.books.lane(topic.name, NUMBER).parked)

    def at_work(self, topic: Any = OUTBOUND) -> int:
        return len(self.handler.books.lane(topic.name, NUMBER).waiting)

    def next_owner(self) -> "Crowd":
        """Nothing is read again yet."""
        return Crowd(self.state, self.log, self.seconds + 3, self.offsets, self.rules)


def _nothing() -> None:
    """Nobody waits for what is read again."""


async def _read(intake: Intake, topic: Any) -> None:
    await intake._read_again(topic, asyncio.Event())


def crowd() -> Crowd:
    return Crowd(rules=RULES)


def test_what_may_be_sent_goes_past_many_times_a_lane_of_what_may_not() -> None:
    p = crowd()
    p.pause()
    p.crowd(5 * ROOM)
    p.commit()
    p.service("s1", topic=OUTBOUND)

    assert p.run(1.0) == ["s1"]


def test_a_pause_that_comes_while_a_lane_is_full_makes_room_too() -> None:
    p = crowd()
    p.crowd(5 * ROOM)
    p.service("s1", topic=OUTBOUND)
    p.pause()

    assert p.run(3.0) == ["s1"]


def test_when_the_pause_is_over_all_of_it_goes_in_order_and_once() -> None:
    p = crowd()
    p.pause()
    names = p.crowd(3 * ROOM)
    p.run(2.0)
    p.resume()

    assert p.run(15.0) == names
    assert p.parked() == 0


def test_a_few_that_are_held_stay_at_work() -> None:
    p = crowd()
    p.pause()
    p.crowd(ROOM // 5)
    p.run(1.0)

    few = (p.at_work(), p.parked())
    p.crowd(ROOM)
    p.run(1.0)

    assert (few, p.at_work()) == ((ROOM // 5, 0), ROOM // 4 - 1)


def test_nothing_to_the_same_customer_overtakes_what_is_parked() -> None:
    p = crowd()
    p.pause()
    p.crowd(2 * ROOM)
    p.marketing("theirs", WROTE)
    p.service("after", topic=OUTBOUND)
    p.service("another-topic", topic=OUTBOUND_BULK)
    p.run(1.0)
    before = [*p.run(1.0)]
    p.resume()
    left = p.run(15.0)

    assert before == []
    assert [name for name in left if not name.startswith("m")] == [
        "theirs",
        "after",
        "another-topic",
    ]


def test_a_person_overtakes_what_is_parked_on_a_bots_topic() -> None:
    p = crowd()
    p.pause()
    p.crowd(2 * ROOM)
    p.marketing("theirs", WROTE)
    p.service("a-person", topic=OUTBOUND_PEOPLE)

    assert p.run(1.0) == ["a-person"]


def test_one_customers_many_behind_what_is_held_make_room_for_others() -> None:
    p = crowd()
    p.pause()
    for n in range(3 * ROOM):
        p.marketing(f"m{n}", "16505561111", **({} if n % 2 else {"class": "utility"}))
    p.commit()
    held = p.run(1.0)
    p.service("s1", topic=OUTBOUND)

    assert (held, p.run(1.0)) == (["m0"], ["s1"])
    p.resume()
    assert p.run(60.0)[:5] == ["m1", "m2", "m3", "m4", "m5"]


def test_a_customer_who_writes_is_no_longer_held_by_what_holds_only_who_has_not() -> None:
    p = crowd()
    begins = Scope("business_initiated")
    p.pause(begins)
    p.crowd(2 * ROOM)
    p.marketing("theirs", "16505567777", **{"class": "utility"})
    p.service("answer", to="16505567777", topic=OUTBOUND)
    p.run(1.0)
    p.owns("c_new", "16505567777")

    assert p.run(2.0) == ["theirs", "answer"]


def test_what_is_parked_expires_at_its_time_and_the_rest_stays() -> None:
    p = crowd()
    p.pause()
    p.crowd(2 * ROOM)
    soon = (NOW + timedelta(seconds=30)).isoformat()
    p.marketing("soon", "16505568888", expires_at=soon)
    p.run(1.0)
    p.seconds += 30
    p.commit()
    p.run(1.0)

    assert [event.request for event in p.told_of(MessageExpired)] == ["soon"]
    assert p.parked() + p.at_work() == 2 * ROOM


def test_the_trial_after_a_pause_is_one_and_the_rest_is_held_again() -> None:
    p = crowd()
    p.crowd(3 * ROOM)
    p.send(PAYMENT)
    p.run(1.0)
    p.seconds += 61
    p.commit()
    flights = p.fly()
    for _ in range(20):
        p.seconds += 0.05
        p.commit()
        flights += p.fly()
    alone = [flight.job.request.id for flight in flights]
    parked = p.parked()
    p.chooser.answered(flights[0], Accepted("wamid.1"), p.now)

    assert (alone, parked > ROOM) == (["m0"], True)
    assert p.run(15.0) == [f"m{n}" for n in range(1, 3 * ROOM)]


def test_a_class_is_held_until_its_time_and_again_while_one_tries() -> None:
    pauses, name = Pauses(), Name(NUMBER, "r", 0)
    pauses.put(NUMBER, MARKETING, replace(QUALITY, until=10.0))
    seen = [pauses.holds(NUMBER, MARKETING, now) for now in (9.0, 10.0)]
    pauses.leaves(NUMBER, frozenset({MARKETING}), name)
    seen.append(pauses.holds(NUMBER, MARKETING, 11.0))
    pauses.landed(NUMBER, name, taken=True)
    seen.append(pauses.holds(NUMBER, MARKETING, 11.0))

    assert seen == [True, False, True, False]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "offboarded"},
        {"state": "restricted"},
        {"state": "disconnected"},
        {"templates": (TemplateStatus(name="news", language="en", state="paused", at=NOW),)},
    ],
)
def test_what_numbers_says_of_a_number_parks_and_lets_go_too(changes: dict[str, Any]) -> None:
    p = crowd()
    p.recorded = number(**changes)
    names = p.crowd(3 * ROOM)
    p.run(1.0)
    held = (p.parked() > ROOM, p.told_of(MessageAccepted))
    p.recorded = number()

    assert (held, p.run(15.0)) == ((True, []), names)


def test_a_new_owner_parks_it_again_and_neither_forgets_nor_repeats() -> None:
    p = crowd()
    p.pause()
    names = p.crowd(3 * ROOM)
    p.run(1.0)
    p.service("s1", topic=OUTBOUND)
    left = p.run(1.0)
    p.resume()
    left += p.run(1.0)
    p.handler.open = False
    p.chooser.hand_back(p.now)
    p.commit()
    after = p.next_owner()
    after.pause()
    held = after.run(2.0)
    parked = after.parked()
    after.service("s2", topic=OUTBOUND)
    left += after.run(1.0)
    after.resume()
    left += after.run(15.0)

    assert (held, parked > ROOM) == ([], True)
    assert [name for name in left if name.startswith("m")] == names
    assert sorted(set(left) - set(names)) == ["s1", "s2"]


def test_a_repeat_of_what_was_sent_is_known_however_long_it_was_parked() -> None:
    p = crowd()
    p.marketing("m-first", "16505561111")
    p.run(0.5)
    p.pause()
    p.crowd(2 * ROOM)
    p.run(1.0)
    p.seconds += 3600
    p.handler.books.read_to = p.now.wall.timestamp()
    p.commit()
    p.marketing("m-first", "16505561111")
    p.resume()

    assert "m-first" not in p.run(10.0)


def test_above_its_bound_the_lane_reads_no_further_and_says_so_and_goes_on_in_the_end() -> None:
    p = Crowd(rules=SenderSection(lane_max=ROOM, parked_max=60))
    p.pause()
    names = p.crowd(5 * ROOM)
    p.run(1.0)
    p.owns("c_other", OTHER)
    p.service("too-late", to=OTHER, topic=OUTBOUND)
    p.service("s1", topic=OUTBOUND_PEOPLE)
    left = p.run(1.0)
    cursor = p.handler.books.lane(OUTBOUND.name, NUMBER).cursor()
    assert cursor is not None
    bounds = (cursor.stopped, 60 <= cursor.parked <= 60 + ROOM, p.at_work() <= ROOM)
    p.resume()

    assert (left, bounds) == (["s1"], (True, True, True))
    assert p.run(20.0) == [*names, "too-late"]


def test_one_lanes_many_do_not_keep_another_from_parking_some() -> None:
    # 256 bytes each, and half of what all may take: 64.
    rules = SenderSection(lane_max=ROOM, parked_max=1000, partition_bytes_max=2 * 64 * 256)
    p = Crowd(rules=rules)
    p.pause()
    for n in range(10 * ROOM):
        p.marketing(f"m{n}", f"1650556{n:04}")
    p.run(1.0)
    for n in range(50):
        p.marketing(f"b{n}", f"1650557{n:04}", topic=OUTBOUND_BULK)
    p.service("s1", topic=OUTBOUND_BULK)

    assert p.run(2.0) == ["s1"]


CUSTOMERS = ["16505559990", "16505559991", "16505559992"]
OTHERS = (("pause",), ("resume",), ("run",), ("run",), ("restart",), ("write", 0))
ASKS = (("ask", c, kind) for c in range(len(CUSTOMERS)) for kind in ("marketing", "service"))
steps = st.lists(st.sampled_from([*ASKS, *OTHERS]), max_size=60)


@settings(deadline=None, max_examples=200)
@given(steps=steps, lane_max=st.integers(2, 8), parked_max=st.integers(1, 8))
def test_whatever_is_paused_and_whenever_it_restarts_each_leaves_once_and_in_its_customers_order(
    steps: list[tuple[Any, ...]], lane_max: int, parked_max: int
) -> None:
    p = Crowd(rules=SenderSection(lane_max=lane_max, parked_max=parked_max))
    paused, asked, left = False, dict[str, str](), list[str]()

    def own() -> None:
        for n, phone in enumerate(CUSTOMERS):
            p.owns(f"c_{n}", phone)

    own()
    for step in steps:
        match step:
            case ("ask", customer, kind):
                name = f"r{len(asked)}"
                asked[name] = CUSTOMERS[customer]
                basis = {"number": NUMBER, "to": asked[name], "messages": [TEMPLATE]}
                p.asked(OUTBOUND, id=name, **basis, **{"class": kind})
            case ("pause",):
                p.pause()
                paused = True
            case ("resume",):
                p.resume()
                paused = False
            case ("run",):
                left += p.run(0.5)
            case ("write", customer):
                p.owns(f"c_{customer}", CUSTOMERS[customer])
            case _:
                p.handler.open = False
                p.chooser.hand_back(p.now)
                p.commit()
                p = p.next_owner()
                own()
    if paused:
        p.resume()
    for _ in range(3):
        left += p.run(8.0)

    theirs = {c: [r for r in left if asked[r] == c] for c in CUSTOMERS}
    assert theirs == {c: [r for r in asked if asked[r] == c] for c in CUSTOMERS}
    assert p.parked() == p.at_work() == 0
