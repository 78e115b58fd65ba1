"""Who gets a number's slots: customers' own messages, people, bots, campaigns; and nothing is forgotten."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sender.facts import NOW, NUMBER, PHONE, TEMPLATE, TEXT, ownership, signed
from tests.unit.sender.test_sender import PARTITION, RULES, Partition, echo, outcomes

from saath.codec import encode
from saath.events import Contact, Content, MessageReceived, MessageRevoked, Problem
from saath.topics import OUTBOUND, OUTBOUND_PEOPLE, partition_for
from saath_sender.results import (
    Accepted,
    InDoubt,
    PairBusy,
    Pause,
    Rejected,
    Result,
    RetryAfter,
    SlowDown,
)

QUIET = RULES.model_copy(update={"deduct_inbound": False, "deduct_echoes": False})


def received(n: int = 0, minutes_ago: float = 0) -> MessageReceived:
    return MessageReceived(
        id=f"i{n}",
        time=NOW - timedelta(minutes=minutes_ago),
        number=NUMBER,
        message_id=f"wamid.i{n}",
        contact=Contact(phone=PHONE),
        content=Content.of_text("How much?"),
    )


def revoked(by: Any) -> MessageRevoked:
    rest = {"message_id": "wamid.r", "contact": Contact(phone=PHONE)}
    return MessageRevoked(id="r", time=NOW, number=NUMBER, by=by, **rest)


def in_a_second(p: Partition) -> int:
    """How many of a campaign leave in a second."""
    p.bulk(*(f"b{n}" for n in range(30)))
    return len(p.run(1.0))


@pytest.mark.parametrize(
    ("heard", "left"),
    [
        ([received(n) for n in range(8)], 12),
        ([received(n) for n in range(500)], 1),
        ([received(n, minutes_ago=2) for n in range(8)], 20),
        ([echo()], 19),
        ([revoked("customer"), revoked("business")], 18),
    ],
    ids=["customers", "a flood", "delivered late", "from the app", "deleted"],
)
def test_what_others_write_is_taken_off_the_cap_down_to_one(heard: list[Any], left: int) -> None:
    p, untouched = Partition(), Partition(rules=QUIET)
    for event in heard:
        p.from_meta(event)
        untouched.from_meta(event)

    assert (in_a_second(p), in_a_second(untouched)) == (left, 20)


def replies(p: Partition, count: int) -> None:
    """As many customers are answered by the bot."""
    for n in range(count):
        name = f"c_{n}"
        owner = ownership(conversation=name, phone=f"1650666{n:04}")
        p.handler.fence.owner_read(name.encode(), encode(owner)[1])
        token = signed(turn=f"t_{n}", conversation=name)
        p.asked(OUTBOUND, turn=token, messages=[TEXT])


@pytest.mark.parametrize("one_in", [2, 5, 10])
def test_of_so_many_slots_one_is_a_campaigns_while_it_waits_and_never_more(one_in: int) -> None:
    p = Partition(rules=RULES.model_copy(update={"bulk_one_in": one_in}))
    p.bulk(*(f"b{n}" for n in range(30)))
    replies(p, 40)

    left = p.run(2.0)

    expected = ["b" if n % one_in == one_in - 1 else "t" for n in range(len(left))]
    assert [name[0] for name in left] == expected


def test_a_campaign_that_did_not_wait_has_saved_up_no_turn() -> None:
    p = Partition()
    replies(p, 40)
    before = p.run(1.0)
    p.bulk("b0", "b1")

    assert [name[0] for name in [*before, *p.run(1.0)]].index("b") == len(before) + 9


def test_a_person_goes_before_a_bot() -> None:
    p = Partition()
    replies(p, 4)
    rest = {"number": NUMBER, "to": "+16507770000", "class": "reply", "messages": [TEMPLATE]}
    p.commit()
    p.asked(OUTBOUND_PEOPLE, id="p0", **rest)

    assert p.run(0.25)[0] == "p0"


def test_other_numbers_do_not_wait_for_a_campaign() -> None:
    p = Partition()
    others = [n for n in range(100) if partition_for(f"9{n}", 4) == PARTITION][:5]
    p.bulk(*(f"b{n}" for n in range(400)))
    p.run(1.0)
    for n in others:
        p.bulk(f"o{n}", number=f"9{n}")
    p.commit()

    flights = [flight.job.request.id for flight in p.fly()]

    assert {f"o{n}" for n in others} <= {*flights}


PROBLEM = Problem(code=131000)
RESULTS: list[Result] = [
    Accepted("wamid.x"),
    InDoubt("no answer"),
    PairBusy(),
    Pause("everything", "a payment problem", "time"),
    Rejected(PROBLEM),
    RetryAfter(1.0, 3, PROBLEM),
    SlowDown(2.0),
]


@settings(deadline=None, max_examples=40)
@given(
    # Each pause is twice as long as the one before: more of them than this outlast the test.
    results=st.lists(st.sampled_from(RESULTS), max_size=25).filter(
        lambda results: sum(isinstance(result, Pause) for result in results) <= 3
    ),
    pauses=st.lists(st.sampled_from([0.01, 0.05, 0.3, 2.5]), min_size=1, max_size=6),
)
async def test_whatever_meta_answers_nothing_is_forgotten(
    results: list[Result], pauses: list[float]
) -> None:
    p, ended, step = Partition(), Counter[str](), 0
    p.bulk("b0", "b1", "b2", messages=[TEMPLATE, TEMPLATE])
    replies(p, 5)
    while sum(ended.values()) < 11 and p.seconds < 1600:
        ended.update(outcome for outcome in outcomes(p.commit()) if outcome != "MessageLeftInDoubt")
        for flight in p.fly():
            result = results.pop() if results else Accepted("wamid.y")
            p.chooser.answered(flight, result, p.now)
        p.seconds += pauses[step % len(pauses)]
        step += 1
        if step % 50 == 0:
            p.from_meta(received(step, minutes_ago=9))

    assert sum(ended.values()) == 11


def test_what_is_not_answered_yet_keeps_no_other_from_leaving() -> None:
    p, left = Partition(), 0
    p.bulk(*(f"b{n}" for n in range(30)))
    for _ in range(20):
        p.commit()
        left += len(p.fly())
        p.seconds += 0.05

    assert left == 20


def test_what_waited_for_a_fresh_fence_leaves_as_soon_as_it_is() -> None:
    p = Partition()
    p.replied()
    p.commit()
    p.handler.fresh_until = p.seconds
    stale = p.chooser.due(p.now)

    assert (stale, len(p.fly())) == ([], 1)
