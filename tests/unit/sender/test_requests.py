"""Requests as people and bots write them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.sender.facts import (
    NOW,
    NUMBER,
    PHONE,
    TEMPLATE,
    TEXT,
    TOKENS,
    asked,
    outright,
    reply,
    signed,
    source,
)

from saath.grants import Grant, Grants
from saath.identity import identity_of
from saath.tokens import TurnToken, TurnTokens
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, Topic
from saath_sender.requests import Refusal, Request, read

LATER = int((NOW + timedelta(seconds=60)).timestamp())
TOKEN = TurnToken("t_1", NUMBER, "c_1", 5, "orders", LATER)


def test_a_replys_id_defaults_to_its_turns() -> None:
    found = reply()

    assert (found.id, found.number, found.by, found.in_doubt, found.to) == (
        "t_1",
        NUMBER,
        "bot",
        "resend",
        None,
    )


def test_asking_for_time_does_not_use_up_the_turns_id() -> None:
    assert reply(offset=7, messages=[], working=30).id == "t_1:working:7"


def test_what_costs_money_is_dropped_when_in_doubt_unless_it_says_otherwise() -> None:
    assert [outright().in_doubt, outright(in_doubt="resend").in_doubt] == ["drop", "resend"]


@pytest.mark.parametrize(
    ("topic", "by", "hours"),
    [(OUTBOUND, "bot", 24), (OUTBOUND_PEOPLE, "person", 24), (OUTBOUND_BULK, "campaign", 48)],
)
def test_the_topic_says_who_writes_and_how_long_it_may_wait(
    topic: Topic, by: str, hours: int
) -> None:
    found = outright(topic)

    assert (found.by, found.expires_at) == (by, NOW + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        ({"turn": "t1.forged", "messages": [TEXT]}, "/turn"),
        ({"turn": TurnTokens(["another"]).sign(TOKEN), "messages": [TEXT]}, "/turn"),
        ({"turn": signed() + "x", "messages": [TEXT]}, "/turn"),
        ({"turn": signed().removeprefix("t1."), "messages": [TEXT]}, "/turn"),
        (
            {"turn": Grants(["key"]).sign(Grant("a", ("*",), ("*",), 1)), "messages": [TEXT]},
            "/turn",
        ),
        ({"turn": signed(deadline=NOW), "messages": [TEXT]}, "/turn"),
        ({"turn": signed(deadline=NOW), "messages": [], "then": "done"}, "/turn"),
        ({"turn": signed(), "number": "2", "messages": [TEXT]}, "/number"),
        (
            {"turn": signed(), "messages": [TEXT, {"type": "image", "image": {}}]},
            "/messages/1/image",
        ),
        ({"turn": signed(), "messages": [{"type": "text"}]}, "/messages/0/text"),
        ({"turn": signed(), "messages": [{"type": "template"}]}, "/messages/0/template"),
    ],
)
def test_what_cannot_be_sent_is_refused_where_it_is_wrong(
    request_: dict[str, Any], pointer: str
) -> None:
    found = asked(**request_)

    assert isinstance(found, Refusal)
    assert (found.pointer, found.number, found.unreadable) == (pointer, NUMBER, False)


def test_a_turn_of_another_numbers_partition_is_for_that_number() -> None:
    """It is moved there; what the record's key says counts for nothing."""
    token = TOKENS.sign(replace(TOKEN, number="2"))
    found = asked(turn=token, messages=[TEXT])

    assert isinstance(found, Request)
    assert (found.number, found.source.number) == ("2", NUMBER)


@pytest.mark.parametrize(
    ("topic", "days"), [(OUTBOUND, 6), (OUTBOUND_PEOPLE, 1), (OUTBOUND_BULK, 2)]
)
def test_nothing_waits_for_longer_than_a_day_less_than_its_topic_keeps_it(
    topic: Topic, days: int
) -> None:
    far = NOW + timedelta(days=30)
    answers = {"turn": signed(deadline=far), "messages": [TEXT]}
    basis = {"id": "r", "number": NUMBER, "to": PHONE, "class": "utility", "messages": [TEMPLATE]}
    request: dict[str, Any] = (
        answers if topic is OUTBOUND else basis | {"expires_at": far.isoformat()}
    )
    found = asked(topic, **request)

    assert isinstance(found, Request)
    assert found.expires_at == NOW + timedelta(days=days)


def test_a_person_cannot_answer_a_bots_turn() -> None:
    found = asked(OUTBOUND_PEOPLE, turn=signed(), messages=[TEXT])

    assert isinstance(found, Refusal)
    assert found.pointer == "/turn"


@pytest.mark.parametrize(
    ("value", "pointer"),
    [(b"{", None), (None, None), (b"[]", None), (b'{"turn": "x", "mesages": []}', "/mesages")],
)
def test_what_is_no_request_is_unreadable(value: bytes | None, pointer: str | None) -> None:
    found = read(value, source(), TOKENS.read)

    assert isinstance(found, Refusal)
    assert (found.unreadable, found.number, found.pointer) == (True, NUMBER, pointer)


def test_an_address_is_a_phone_number_or_a_business_scoped_user_id() -> None:
    found = [identity_of(to) for to in ("+16505551234", "16505551234", "US.1349")]

    assert found == ["phone:16505551234", "phone:16505551234", "user:US.1349"]


def test_no_address_and_no_token_is_in_a_repr() -> None:
    found: Request = outright(messages=[TEMPLATE])

    assert PHONE not in repr(found)
