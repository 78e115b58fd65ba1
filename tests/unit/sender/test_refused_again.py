"""What was refused is not refused again by the second reader; what became wrong meanwhile is not lost."""

from dataclasses import replace
from typing import Any

from tests.unit.sender.facts import NUMBER, PHONE, TEMPLATE
from tests.unit.sender.test_sender import Partition, outcomes

from saath.errors import TokenRefused
from saath.tokens import TurnToken
from saath.topics import OUTBOUND, OUTBOUND_BULK, Topic


def asking(p: Partition, name: str, topic: Topic = OUTBOUND_BULK, **more: Any) -> None:
    rest = {"number": NUMBER, "to": PHONE, "class": "utility", "messages": [TEMPLATE]}
    p.asked(topic, id=name, **(rest | more))


def test_what_is_refused_among_what_waits_is_refused_once_whoever_reads_it_again() -> None:
    p = Partition()
    p.handler.open = False
    asking(p, "waits")
    asking(p, "wrong", messages=[{"type": "text"}])
    asking(p, "waits_too")
    p.outbound(OUTBOUND_BULK, b"{")
    first = outcomes(p.commit())
    after = p.succeeded()
    after.catch_up()

    assert (first, outcomes(after.commit())) == (["MessageRefused", "MessageRefused"], [])
    assert after.run(0.5) == ["waits", "waits_too"]


def test_what_was_good_when_it_was_read_first_and_is_not_by_now_is_refused_then() -> None:
    def forgotten(_: str) -> TurnToken:
        raise TokenRefused("the turn token's signature does not verify")

    p = Partition()
    p.handler.open = False
    asking(p, "good", OUTBOUND)
    p.replied()
    p.commit()
    after = p.succeeded()
    after.handler.admission.at = replace(after.handler.at, read_token=forgotten)
    after.handler.open = False
    after.catch_up()
    ended = outcomes(after.commit())
    third = after.succeeded()
    third.handler.admission.at = replace(third.handler.at, read_token=forgotten)
    third.catch_up()

    assert (ended, outcomes(third.commit())) == (["MessageRefused"], [])
