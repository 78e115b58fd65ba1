"""A record that nobody here could read: where a customer may have written it, a person is called."""

import json
from typing import Any

import pytest
from tests.unit.router.build import CUSTOMER, NUMBER, at, echoed, received
from tests.unit.router.partition import CONVERSATION, Partition, on, owned

from saath.events import HandoffRequested
from saath.kafka.records import Output, Record
from saath.topics import COMMANDS, HANDOFFS, INBOUND, Topic

MESSAGE, ECHO = "io.saath.message.received.v1", "io.saath.message.echoed.v1"
UNAVAILABLE = "io.saath.message.unavailable.v1"
BY_CUSTOMER = {"id": "x1", "number": NUMBER, "contact": {"phone": CUSTOMER.phone}}


class DeadLetters(Partition):
    """A partition, and what it does about a record that went to the dead letters."""

    def gives_up(
        self, said: object, event_type: str | None = MESSAGE, topic: Topic = INBOUND
    ) -> list[Output]:
        value = said if isinstance(said, bytes) else json.dumps(said).encode()
        headers = [("ce_type", event_type.encode())] if event_type else []
        record = self.record(topic, headers, value, now=2)
        keyed = Record(
            record.topic, record.partition, record.offset, record.timestamp_ms,
            NUMBER.encode(), record.value, record.headers,
        )  # fmt: skip
        outputs = [*self.handler.given_up(keyed, at(2))]
        outputs += self.handler.finish({"inbound.v1": 7}, at(2))
        return outputs


def calls(outputs: list[Output]) -> list[tuple[str | None, str | None, str | None]]:
    return [
        (fact.conversation, fact.number, fact.rule)
        for fact in on(HANDOFFS, outputs)
        if isinstance(fact, HandoffRequested)
    ]


@pytest.mark.parametrize("event_type", [MESSAGE, UNAVAILABLE, None])
def test_a_person_is_called_in_the_conversation_that_the_record_names(
    event_type: str | None,
) -> None:
    partition = DeadLetters()
    partition.reads(received("m1", 0))

    outputs = partition.gives_up(BY_CUSTOMER, event_type)

    assert calls(outputs) == [(CONVERSATION, NUMBER, "unreadable")]
    assert owned(outputs) == []


def test_a_person_is_called_once_for_two_of_them() -> None:
    partition = DeadLetters()
    partition.reads(received("m1", 0))
    partition.gives_up(BY_CUSTOMER)

    assert calls(partition.gives_up({**BY_CUSTOMER, "id": "x2"})) == []


def test_whoever_answers_from_the_phone_calls_the_person_off() -> None:
    partition = DeadLetters()
    partition.reads(received("m1", 0))
    partition.gives_up(BY_CUSTOMER)

    outputs = partition.reads(echoed("e1", 3), now=3)

    assert [type(fact).__name__ for fact in on(HANDOFFS, outputs)] == ["HandoffWithdrawn"]


@pytest.mark.parametrize(
    "said",
    [BY_CUSTOMER, {"number": NUMBER, "contact": 7}, {"id": 5}, [], b"\xff", b"[" * 100_000],
    ids=["nobody known", "no contact", "no number", "a list", "no text", "too deep"],
)
def test_where_the_conversation_is_unknown_the_number_is_called(said: Any) -> None:
    assert calls(DeadLetters().gives_up(said)) == [(None, NUMBER, "unreadable")]


def test_the_same_record_given_up_twice_makes_the_same_call() -> None:
    partition = DeadLetters()

    first, second = (on(HANDOFFS, partition.gives_up(BY_CUSTOMER)) for _ in range(2))

    assert [fact.id for fact in first] == [fact.id for fact in second]


@pytest.mark.parametrize(
    ("event_type", "topic"), [(ECHO, INBOUND), (MESSAGE, COMMANDS)], ids=["echo", "command"]
)
def test_nobody_is_called_for_what_no_customer_wrote(event_type: str, topic: Topic) -> None:
    assert calls(DeadLetters().gives_up(BY_CUSTOMER, event_type, topic)) == []


def test_a_call_says_nothing_of_the_customers_words() -> None:
    (output, *_) = DeadLetters().gives_up({**BY_CUSTOMER, "text": "my secret"})

    assert b"my secret" not in (output.value or b"")
    assert (CUSTOMER.phone or "").encode() not in (output.value or b"") + (output.key or b"")
