"""What an outcome says of its message, whole. Ids are the same whenever it is said again."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.sender.facts import (
    CONVERSATION,
    NOW,
    NUMBER,
    PHONE,
    TEMPLATE,
    TEXT,
    TOKENS,
    outright,
    reply,
    signed,
    source,
)
from tests.unit.sender.kinds.examples import READ, TYPING

from saath.events import Content, MessageReadMarked
from saath.topics import OUTBOUND_BULK, OUTBOUND_PEOPLE
from saath_sender import outcomes
from saath_sender.ledger import Name, Origin
from saath_sender.outcomes import Message
from saath_sender.requests import Refusal


def facts(event: Any, *, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """All that it says, but for what every event has, and what is absent."""
    said = event.model_dump(exclude_none=True)
    return {k: v for k, v in said.items() if k not in ("type", "time", "origin", "id", *but)}


def test_an_answer_to_a_turn_says_whose_it_is() -> None:
    message = Message(reply(messages=[TEXT, TEXT]), 1, CONVERSATION)

    assert facts(outcomes.accepted(message, "wamid.1", "+1650", NOW)) == {
        "number": NUMBER,
        "conversation": CONVERSATION,
        "correlation": "t_1",
        "causation": "t_1",
        "request": "t_1",
        "index": 1,
        "total": 2,
        "by": "bot",
        "bot": "orders",
        "turn_id": "t_1",
        "epoch": 5,
        "content": TEXT,
        "to": "+1650",
        "message_id": "wamid.1",
    }


def test_what_was_asked_without_a_turn_says_who_asked_and_where_it_was_to_go() -> None:
    request = replace(outright(OUTBOUND_BULK), granted_to="crm")

    assert facts(outcomes.expired(Message(request, 0, None), NOW)) == {
        "number": NUMBER,
        "causation": "r_1",
        "request": "r_1",
        "index": 0,
        "total": 1,
        "by": "campaign",
        "granted_to": "crm",
        "content": TEMPLATE,
        "to": PHONE,
    }


def test_what_follows_goes_with_the_last_message_alone() -> None:
    marked_first = reply(messages=[READ, TEXT], then="done")
    said_first = reply(messages=[TEXT, TYPING], then="done")
    said = [
        outcomes.read_marked(Message(marked_first, 0, None), NOW),
        outcomes.accepted(Message(marked_first, 1, None), "wamid.1", None, NOW),
        outcomes.accepted(Message(said_first, 0, None), "wamid.2", None, NOW),
        outcomes.read_marked(Message(said_first, 1, None), NOW),
    ]

    assert [getattr(event, "then", None) for event in said] == [None, "done", None, "done"]
    assert [e.typing for e in said if isinstance(e, MessageReadMarked)] == [None, True]


def test_each_doubt_of_a_message_is_another_and_the_same_one_is_the_same() -> None:
    message = Message(reply(), 0, CONVERSATION)
    first, again, second = (outcomes.in_doubt(message, "no answer", n, NOW).id for n in (1, 1, 2))

    assert (first == again, first == second) == (True, False)


TWO = (Content.of_text("a"), Content.of_text("b"))
REFUSAL = Refusal("no", "/id", NUMBER, "r_1", 2, contents=TWO)


def test_what_could_not_be_read_says_what_it_was_to_say() -> None:
    said = outcomes.unread(REFUSAL, source(OUTBOUND_PEOPLE), 1, NOW)

    assert facts(said) == {
        "number": NUMBER,
        "request": "r_1",
        "index": 1,
        "total": 2,
        "by": "person",
        "content": {"type": "text", "text": {"body": "b"}},
        "reason": "no",
        "pointer": "/id",
    }


def test_the_same_id_refused_from_another_record_is_another_refusal() -> None:
    ids = {
        event.id
        for offset in (0, 0, 1)
        if (event := outcomes.unread(REFUSAL, source(offset=offset), 0, NOW))
    }

    assert len(ids) == 2


@pytest.mark.parametrize(
    ("begun", "more"),
    [(False, {}), (True, {"reason": "in doubt, and its request is no more in the topic"})],
)
def test_what_retention_took_says_as_much_as_is_known(begun: bool, more: dict[str, str]) -> None:
    name, origin = Name(NUMBER, "r_1", 2), Origin(OUTBOUND_PEOPLE.name, 7)

    assert facts(outcomes.gone(name, origin, begun, NOW)) == {
        "number": NUMBER,
        "causation": "r_1",
        "request": "r_1",
        "index": 2,
        "total": 3,
        "by": "person",
        **more,
    }


def test_what_answered_a_turn_and_could_not_be_read_says_whose_it_was() -> None:
    token = TOKENS.read(signed(shadow=True))
    said = outcomes.unread(replace(REFUSAL, token=token), source(), 0, NOW)

    assert facts(said, but=("content", "reason", "pointer")) == {
        "number": NUMBER,
        "conversation": CONVERSATION,
        "correlation": "t_1",
        "request": "r_1",
        "index": 0,
        "total": 2,
        "by": "bot",
        "bot": "orders",
        "turn_id": "t_1",
        "epoch": 5,
        "shadow": True,
    }
