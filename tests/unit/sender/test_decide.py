"""Each check, in the order in which the answers matter."""

from datetime import timedelta

import pytest
from tests.unit.sender.facts import NOW, TEMPLATE, TEXT, number, outright, ownership, reply

from saath.topics import OUTBOUND_BULK, OUTBOUND_PEOPLE
from saath_sender.causes import InState
from saath_sender.decide import (
    AGAIN_AT_MOST,
    GO,
    NOT_FRESH,
    Decision,
    Expire,
    Facts,
    Hold,
    Refuse,
    Supersede,
    decide,
)

FINE = Facts(owner=ownership(), owners_read=True, undecided=None, fresh=True, number=number())
JOINED = Supersede("the conversation was joined with another")
CLOSED = Refuse("the service window is closed, only a template may be sent", "/messages/0/type")


@pytest.mark.parametrize(
    ("facts", "decision"),
    [
        (FINE, GO),
        (FINE._replace(owner=ownership(owner="human")), Supersede("the conversation is human's")),
        (FINE._replace(owner=ownership(owner="meta")), Supersede("the conversation is meta's")),
        (
            FINE._replace(owner=ownership(epoch=6)),
            Supersede("the conversation has changed hands since"),
        ),
        (FINE._replace(owner=ownership(redirect="c_0")), JOINED),
        (FINE._replace(owner=ownership(redirect="c_0", owner="human", epoch=9)), JOINED),
        (FINE._replace(owner=ownership(redirect="c_0", epoch=4), owners_read=False), JOINED),
        (FINE._replace(owner=ownership(bot="sales")), Supersede("another bot answers")),
        (FINE._replace(owner=None), Supersede("the conversation's ownership is unknown")),
        (FINE._replace(owner=None, owners_read=False), Hold("owners are being read")),
        (FINE._replace(owner=ownership(epoch=4), owners_read=False), Hold("owners are being read")),
        (FINE._replace(undecided="an echo is not judged yet"), Hold("an echo is not judged yet")),
        (FINE._replace(fresh=False), NOT_FRESH),
        (FINE._replace(owner=ownership(window_until=None)), CLOSED),
        (FINE._replace(owner=ownership(window_until=NOW)), CLOSED),
        (
            FINE._replace(pair_ready=False),
            Hold("the customer has been sent as much as Meta allows"),
        ),
        (FINE._replace(paused=Hold("the account is locked")), Hold("the account is locked")),
        (
            FINE._replace(number=number(state="offboarded")),
            Hold("the number is offboarded", 1.0, InState("offboarded")),
        ),
        (
            FINE._replace(number=number(state="disconnected")),
            Hold("the number is disconnected", 1.0, InState("disconnected")),
        ),
        (
            FINE._replace(number=number(state="onboarding")),
            Hold("the number is onboarding", 1.0, InState("onboarding")),
        ),
        (
            FINE._replace(number=number(state="removed")),
            Refuse("the number was removed", "/number"),
        ),
        (FINE._replace(number=None, unknown_for=59), Hold("the number is unknown")),
        (FINE._replace(number=None, unknown_for=60), Refuse("the number is unknown", "/number")),
    ],
)
def test_a_reply(facts: Facts, decision: Decision) -> None:
    assert decide(reply(), 0, facts, NOW) == decision


def test_a_reply_expires_at_its_deadline_whatever_else_holds() -> None:
    late = NOW + timedelta(seconds=60)

    assert decide(reply(), 0, FINE._replace(owner=None), late) == Expire()


def test_what_is_sent_again_does_not_wait_for_ever_for_a_number_that_is_gone() -> None:
    gone, news = FINE._replace(again=True, number=number(state="offboarded")), outright()
    latest = news.expires_at + AGAIN_AT_MOST

    decisions = [decide(news, 0, gone, at) for at in (latest - timedelta(seconds=1), latest)]

    assert decisions == [Hold("the number is offboarded", 1.0, InState("offboarded")), Expire()]


def test_a_reply_in_doubt_outlives_its_deadline_but_not_its_epoch() -> None:
    late, again = NOW + timedelta(seconds=90), FINE._replace(again=True)

    decisions = [
        decide(reply(), 0, again, late),
        decide(reply(), 0, again._replace(owner=ownership(epoch=6)), late),
    ]

    assert decisions == [GO, Supersede("the conversation has changed hands since")]


def test_a_person_is_never_fenced() -> None:
    facts = FINE._replace(owner=ownership(owner="human", epoch=9), undecided="an echo", fresh=False)
    request = outright(OUTBOUND_PEOPLE, messages=[TEXT])

    assert decide(request, 0, facts, NOW) == GO


def test_a_template_needs_no_window_and_no_conversation() -> None:
    request = outright(OUTBOUND_BULK, messages=[TEMPLATE])

    assert decide(request, 0, FINE._replace(owner=None, fresh=False), NOW) == GO


def test_a_text_without_a_turn_needs_an_open_window() -> None:
    request = outright(OUTBOUND_BULK, messages=[TEXT])

    assert decide(request, 0, FINE._replace(owner=None), NOW) == CLOSED


@pytest.mark.parametrize(
    ("facts", "decision"),
    [
        (FINE, GO),
        (FINE._replace(owner=ownership(owner="human")), Supersede("the conversation is human's")),
        (FINE._replace(undecided="an echo is not judged yet"), Hold("an echo is not judged yet")),
        (FINE._replace(fresh=False), NOT_FRESH),
    ],
)
def test_words_that_nobody_asked_for_yield_to_a_person_too(
    facts: Facts, decision: Decision
) -> None:
    assert decide(outright(messages=[TEXT]), 0, facts, NOW) == decision
