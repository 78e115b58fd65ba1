"""No marketing while a person has a conversation, nor soon after, nor to whoever wants none."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.sender.facts import (
    CONVERSATION,
    NOW,
    NUMBER,
    PHONE,
    TEXT,
    number,
    outright,
    ownership,
    reply,
)
from tests.unit.sender.test_sender import Partition, echo, outcomes

from saath.codec import encode
from saath.events import Contact, ContactPreferenceChanged, Event, MessageFailed, Problem
from saath.topics import INBOUND, OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, Topic
from saath_sender.decide import GO, NOT_FRESH, Decision, Facts, Hold, decide
from saath_sender.fence import WATERMARK_KEY
from saath_sender.marketing import ENOUGH, FELT, HELD, UNWANTED, judge

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BOT: dict[str, Any] = {"owner": "bot"}
MARKETING: dict[str, Any] = {"class": "marketing"}
HUMAN: dict[str, Any] = {"owner": "human"}
FINE = Facts(owner=ownership(), owners_read=True, undecided=None, fresh=True, number=number())


@pytest.mark.parametrize(
    ("said", "decision"),
    [
        (BOT, None),
        (HUMAN | {"lease_until": NOW + HOUR}, HELD),
        (HUMAN, HELD),
        (HUMAN | {"lease_until": NOW}, FELT),
        (HUMAN | {"lease_until": NOW - DAY + HOUR}, FELT),
        (HUMAN | {"lease_until": NOW - DAY}, None),
        (BOT | {"person_left_at": NOW - DAY + HOUR}, FELT),
        (BOT | {"person_left_at": NOW - DAY}, None),
        ({"owner": "meta", "person_left_at": NOW - HOUR}, FELT),
        (BOT | {"marketing_stopped": True}, UNWANTED),
        (BOT | {"marketing_stopped": False}, None),
        (HUMAN | {"marketing_stopped": True}, UNWANTED),
        (BOT | {"marketing_rests_until": NOW + HOUR}, ENOUGH),
        (BOT | {"marketing_rests_until": NOW}, None),
    ],
)
def test_what_owners_say_of_a_customer(said: dict[str, Any], decision: Decision | None) -> None:
    assert judge(ownership().model_copy(update=said), DAY, NOW) == decision


def test_nobody_knows_a_customer_who_has_no_conversation() -> None:
    assert judge(None, DAY, NOW) is None


def test_how_long_a_person_is_felt_is_a_choice() -> None:
    left = ownership().model_copy(update={"person_left_at": NOW - HOUR})

    assert [judge(left, rests, NOW) for rests in (2 * HOUR, HOUR)] == [FELT, None]


@pytest.mark.parametrize("topic", [OUTBOUND, OUTBOUND_PEOPLE, OUTBOUND_BULK])
@pytest.mark.parametrize("messages", [{}, {"messages": [TEXT]}])
def test_it_is_held_back_whoever_writes_it_and_however(
    topic: Topic, messages: dict[str, Any]
) -> None:
    facts = [
        FINE,
        FINE._replace(marketing=UNWANTED),
        FINE._replace(undecided="an echo is not judged yet"),
        FINE._replace(fresh=False),
    ]
    request = outright(topic, **(MARKETING | messages))

    held = [GO, UNWANTED, Hold("an echo is not judged yet"), NOT_FRESH]
    assert [decide(request, 0, fact, NOW) for fact in facts] == held


def test_a_bots_answer_that_says_it_is_marketing_is_held_back_too() -> None:
    stopped, request = FINE._replace(marketing=UNWANTED), reply(**MARKETING)

    assert [decide(r, 0, stopped, NOW) for r in (request, reply())] == [UNWANTED, GO]


def test_what_is_no_marketing_goes_to_whoever_wants_none() -> None:
    p = Partition()
    stopped = ownership().model_copy(update={"marketing_stopped": True})
    p.handler.fence.owner_read(CONVERSATION.encode(), encode(stopped)[1])
    p.bulk("u0", to=PHONE, **{"class": "utility"})
    p.bulk("m0", to=PHONE)

    assert p.run(0.5) == ["u0"]


def stop(value: str = "stop", **who: str) -> Event:
    return ContactPreferenceChanged(
        id="p",
        time=NOW,
        number=NUMBER,
        contact=Contact(**(who or {"phone": PHONE})),
        category="marketing_messages",
        value=value,
    )


def failed(code: int, phone: str = PHONE) -> Event:
    return MessageFailed(
        id="f",
        time=NOW,
        number=NUMBER,
        message_id="wamid.f",
        contact=Contact(phone=phone),
        errors=(Problem(code=code),),
    )


@pytest.mark.parametrize(
    ("event", "left"),
    [
        (stop(), ["other"]),
        (failed(131050), ["other"]),
        (failed(131049), ["other"]),
        (failed(131026), ["theirs", "other"]),
        (stop("resume"), ["theirs", "other"]),
        # Of whom, nobody knows yet.
        (stop(user_id="US.9"), []),
        (echo(), ["other"]),
    ],
)
def test_what_is_logged_and_not_judged_yet_holds_marketing(event: Event, left: list[str]) -> None:
    p = Partition()
    other = ownership(conversation="c_2", phone="16505559999")
    p.handler.fence.owner_read(b"c_2", encode(other)[1])
    p.bulk("theirs", to=PHONE)
    p.bulk("other", to="16505559999")
    p.from_meta(event)

    assert p.run(0.5) == left


def decided(p: Partition, inbound: int) -> None:
    mark = f'{{"id":"w","time":"{NOW.isoformat()}","positions":{{"{INBOUND.name}":{inbound}}}}}'
    p.handler.fence.owner_read(WATERMARK_KEY, mark.encode())


def test_once_it_is_judged_what_owners_say_counts() -> None:
    p = Partition()
    p.bulk("m0", to=PHONE)
    p.from_meta(stop())
    held = p.run(0.2)
    decided(p, 1)

    assert (held, p.run(0.2)) == ([], ["m0"])


def test_stops_that_are_judged_do_not_pile_up_where_nobody_asks() -> None:
    p = Partition()
    for judged in range(1, 10):
        p.from_meta(stop())
        decided(p, judged)
    left = len(p.handler.stops_unjudged)
    p.bulk("m0", to=PHONE)
    p.run(0.2)

    assert (left, len(p.handler.stops_unjudged)) == (1, 0)


def test_what_was_judged_before_it_was_read_holds_nothing() -> None:
    p = Partition()
    decided(p, 1)
    p.bulk("m0", to=PHONE)
    p.from_meta(stop())

    assert p.run(0.2) == ["m0"]


def test_a_stop_at_the_last_moment_keeps_marketing_back() -> None:
    p = Partition()
    p.bulk("m0", to=PHONE)
    p.commit()
    [flight] = p.choose()
    p.from_meta(stop())

    decision = p.chooser.check(flight, p.now)

    assert decision == Hold("a stop of marketing is not judged yet")


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (HUMAN, "MessageSuperseded"),
        (BOT | {"person_left_at": NOW}, "MessageSuperseded"),
        (BOT | {"marketing_stopped": True}, "MessageRefused"),
        (BOT | {"marketing_rests_until": NOW + DAY}, "MessageRefused"),
    ],
)
def test_each_has_an_outcome(said: dict[str, Any], outcome: str) -> None:
    p = Partition()
    owner = ownership().model_copy(update=said)
    p.handler.fence.owner_read(CONVERSATION.encode(), encode(owner)[1])
    p.bulk("m0", to=PHONE)

    assert outcomes(p.commit()) == [outcome]


@pytest.mark.parametrize(
    ("of", "echoes", "left"),
    [("marketing", 0, ["crm-1"]), ("marketing", 1, []), ("service", 1, ["crm-1"])],
)
def test_a_persons_own_marketing_waits_for_others_and_not_for_itself(
    of: str, echoes: int, left: list[str]
) -> None:
    p = Partition()
    p.asked(OUTBOUND_PEOPLE, id="crm-1", number=NUMBER, to=PHONE, messages=[TEXT], **{"class": of})
    for _ in range(echoes):
        p.from_meta(echo())

    assert p.run(0.2) == left
