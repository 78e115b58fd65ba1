"""Read marks and typing indicators: no message, no answer, and twice is as good as once."""

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
    ownership,
    reply,
    signed,
)
from tests.unit.sender.kinds.examples import READ, REPLY, TYPING, WAMID
from tests.unit.sender.test_sender import RULES, Partition, echo, outcomes

from saath.codec import decode
from saath.events import MessageReadMarked, Problem
from saath.kafka.records import Output
from saath.topics import OUTBOUND, OUTBOUND_PEOPLE, OUTCOMES
from saath_sender.decide import GO, Facts, Hold, Supersede, decide
from saath_sender.dispatch import body_of
from saath_sender.requests import Request
from saath_sender.results import Accepted, InDoubt, Marked, Rejected, RetryAfter, classify

NO_ANSWER = InDoubt("no answer")
PROBLEM = Problem(code=131009)


def marks(p: Partition, count: int) -> None:
    for n in range(count):
        to = f"1650555{n:04}"
        basis = {"number": NUMBER, "to": to, "class": "reply", "messages": [READ]}
        p.asked(OUTBOUND, id=f"r{n}", **basis)


def told(outputs: list[Output]) -> list[Any]:
    return [decode(o.headers, o.value) for o in outputs if o.topic is OUTCOMES]


def asked_for(*, by: Any = OUTBOUND, **more: Any) -> Request:
    p = Partition()
    basis = {"id": "r", "number": NUMBER, "to": PHONE, "class": "reply", "messages": [READ]}
    p.asked(by, **(basis | more))
    [lane] = p.handler.books.work(NUMBER).lanes.values()
    [job] = lane.waiting.values()
    return job.request


def facts(**changes: Any) -> Facts:
    known = Facts(ownership(), owners_read=True, undecided=None, fresh=True, number=number())
    return known._replace(**changes)


def test_a_bot_shows_that_it_types_and_its_answer_is_sent_all_the_same() -> None:
    p = Partition()
    p.replied(messages=[TYPING])
    typed = p.send(Marked())
    p.replied()
    p.seconds += 0.05

    assert (typed, p.send()) == (["t_1:read:0"], ["t_1"])


def test_only_what_answers_a_turn_has_its_id() -> None:
    answers = [reply(7, messages=said, then="done").id for said in ([], [READ], [READ, TEXT])]

    assert (answers, reply(7, messages=[READ]).id) == (["t_1", "t_1", "t_1"], "t_1:read:7")


def test_what_meta_marked_is_told_and_what_follows_with_it() -> None:
    p = Partition()
    p.replied(messages=[TYPING], then="done")
    p.send(Marked())

    [event] = told(p.commit())

    assert isinstance(event, MessageReadMarked)
    assert (event.message_id, event.typing, event.then, event.turn_id, event.is_answer) == (
        WAMID,
        True,
        "done",
        "t_1",
        True,
    )


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (Rejected(PROBLEM), "MessageRejected"),
        (RetryAfter(1.0, 3, PROBLEM), "MessageRejected"),
        (NO_ANSWER, "MessageDropped"),
    ],
)
def test_what_follows_a_mark_that_failed_happens_all_the_same(result: Any, kind: str) -> None:
    p = Partition()
    p.replied(messages=[READ], then="done")
    p.send(result)
    said = told(p.commit())
    p.seconds += 1.0
    p.send(result)

    [event] = [*said, *told(p.commit())]

    assert (type(event).__name__, event.then, event.is_answer) == (kind, "done", True)


def test_what_was_to_follow_words_that_failed_does_not_happen() -> None:
    p = Partition()
    p.replied(messages=[READ, TEXT], then="done")
    p.send(Rejected(PROBLEM))
    said = told(p.commit())
    p.seconds += 0.05
    p.send(Rejected(PROBLEM))

    assert [event.then for event in (*said, *told(p.commit()))] == [None, None]


def test_the_words_follow_the_mark_of_their_request_and_then_comes_last() -> None:
    p = Partition()
    p.replied(messages=[READ, TEXT], then="done")
    p.send(Marked())
    marked = told(p.commit())
    p.seconds += 0.05
    p.send(Accepted("wamid.1"))

    assert [(type(e).__name__, e.then) for e in (*marked, *told(p.commit()))] == [
        ("MessageReadMarked", None),
        ("MessageAccepted", "done"),
    ]


def test_meta_gets_a_mark_in_its_own_shape() -> None:
    p = Partition()
    p.replied(messages=[TYPING])
    p.commit()
    [flight] = p.fly()

    assert body_of(flight, p.handler) == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": WAMID,
        "typing_indicator": {"type": "text"},
    }


def test_meta_gets_a_message_with_its_quote_and_every_key_of_its_writers() -> None:
    p = Partition()
    p.replied(messages=[{**REPLY, "recipient_type": "individual", "novelty": [1]}])
    p.commit()
    [flight] = p.fly()

    assert body_of(flight, p.handler) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": f"+{PHONE}",
        "type": "text",
        "text": REPLY["text"],
        "context": REPLY["context"],
        "novelty": [1],
        "biz_opaque_callback_data": f"s1|t_1|0|{CONVERSATION}|5",
    }


def test_without_an_answer_a_mark_is_tried_once_more_and_never_in_doubt() -> None:
    p = Partition()
    p.replied(messages=[READ])
    p.send(NO_ANSWER)
    at_once = p.send(NO_ANSWER)
    p.seconds += 1.0

    assert (at_once, p.send(NO_ANSWER), outcomes(p.commit())) == (
        [],
        ["t_1:read:0"],
        ["MessageDropped"],
    )


def test_a_mark_that_meta_cannot_take_now_is_tried_once_more() -> None:
    p = Partition()
    p.replied(messages=[READ])
    for _ in range(2):
        p.send(RetryAfter(60.0, 60, PROBLEM))
        p.seconds += 1.0

    assert outcomes(p.commit()) == ["MessageRejected"]


@pytest.mark.parametrize("result", [NO_ANSWER, Rejected(PROBLEM), RetryAfter(60.0, 60, PROBLEM)])
def test_words_do_not_wait_for_the_mark_before_them(result: Any) -> None:
    p = Partition()
    p.replied(messages=[READ, TEXT])
    p.send(result)
    p.seconds += 0.05

    [left] = p.sent()

    assert (left.request, left.index) == ("t_1", 1)


def test_a_mark_begun_by_a_sender_that_died_is_sent_again() -> None:
    p = Partition()
    p.replied(messages=[READ])
    p.sent()

    after = p.succeeded()
    after.catch_up()

    assert (after.send(Marked()), outcomes(after.commit())) == (
        ["t_1:read:0"],
        ["MessageReadMarked"],
    )


def test_a_message_that_was_taken_without_a_name_is_in_doubt() -> None:
    p = Partition()
    p.replied()
    p.send(Marked())

    assert outcomes(p.commit()) == ["MessageLeftInDoubt"]


def test_success_alone_is_the_answer_to_a_mark() -> None:
    assert [classify(200, {"success": True}), classify(200, {"success": False})] == [
        Marked(),
        InDoubt("HTTP 200 without an explanation"),
    ]


@pytest.mark.parametrize(
    ("changes", "decision"),
    [
        ({"owner": ownership(window_until=None)}, GO),
        ({"owner": ownership(window_until=NOW - timedelta(days=9))}, GO),
        ({"owner": None}, GO),
        ({"owner": ownership(owner="human")}, Supersede("the conversation is human's")),
        ({"undecided": "an echo is not judged yet"}, Hold("an echo is not judged yet")),
        ({"fresh": False}, Hold("the fence read is not fresh")),
    ],
)
def test_a_bots_mark_needs_no_window_and_yields_to_a_person(
    changes: dict[str, Any], decision: Any
) -> None:
    assert decide(asked_for(), 0, facts(**changes), NOW) == decision


def test_a_persons_mark_yields_to_nobody() -> None:
    request = asked_for(by=OUTBOUND_PEOPLE)

    assert decide(request, 0, facts(owner=ownership(owner="human"), fresh=False), NOW) == GO


def test_an_echo_at_the_last_moment_keeps_a_mark_back() -> None:
    p = Partition()
    p.replied(messages=[TYPING])
    p.commit()
    [flight] = p.choose()
    p.from_meta(echo())

    assert p.chooser.check(flight, p.now) == Hold("an echo is not judged yet")


def test_marks_take_slots_of_the_cap() -> None:
    p = Partition()
    marks(p, 5)
    p.commit()

    assert [len(p.fly()), len(p.fly())] == [1, 0]


def test_marks_take_no_slot_where_meta_does_not_count_them() -> None:
    p = Partition(rules=RULES.model_copy(update={"cap_counts_read_marks": False}))
    marks(p, 4)
    p.replied()
    p.commit()
    left = p.fly()

    assert sorted(flight.job.request.id for flight in left) == ["r0", "r1", "r2", "r3", "t_1"]
    assert [flight.slot is None for flight in left] == [flight.job.is_mark for flight in left]


def test_what_a_bot_marks_on_trial_is_told_with_its_content() -> None:
    p = Partition()
    p.asked(OUTBOUND, turn=signed(shadow=True), messages=[READ, TEXT])

    assert [(type(e).__name__, e.content.type) for e in told(p.commit())] == [
        ("MessageShadowed", "read"),
        ("MessageShadowed", "text"),
    ]


def test_a_refused_answer_is_told_with_what_it_said() -> None:
    p = Partition()
    p.replied(messages=[READ, {"type": "sticker", "sticker": {}}])

    assert [e.content.type for e in told(p.commit())] == ["read", "sticker"]
