"""One partition's records through the handler: what is written, where, and what is not."""

import json
from typing import Any

import pytest
from tests.unit.router.build import (
    CUSTOMER,
    NUMBER,
    accepted,
    at,
    backfilled,
    echoed,
    received,
    rejected,
    status,
)
from tests.unit.router.partition import CONVERSATION, PARTITION, TOKENS, Partition, on, owned, types

from saath.codec import decode, encode
from saath.errors import PoisonRecord
from saath.events import CommandRefused, Contact, TurnOffered, WatermarkRecorded
from saath.kafka.records import Output
from saath.tokens import TurnToken
from saath.topics import (
    COMMANDS,
    CONVERSATIONS,
    HANDOFFS,
    INBOUND,
    OUTCOMES,
    OWNERS,
    TURNS,
    partition_for,
)


def told(what: str, number: str = NUMBER, **who: str | None) -> dict[str, Any]:
    return {"id": "x1", "number": number, "command": what, **who}


def test_each_fact_goes_to_its_topic_by_conversation_and_the_log_is_keyed_by_event() -> None:
    partition = Partition()

    outputs = partition.reads(received("m1", 0)) + partition.reads(echoed("e1", 0))

    of_conversation = partition_for(CONVERSATION, 4)
    assert types(CONVERSATIONS, outputs) == [
        "MessageReceived",
        "WindowOpened",
        "OwnerChanged",
        "MessageEchoed",
        "OwnerChanged",
    ]
    assert types(TURNS, outputs) == ["TurnOffered", "TurnWithdrawn"]
    published = [o for o in outputs if o.topic in (CONVERSATIONS, TURNS)]
    assert {o.partition for o in published} == {of_conversation}
    assert outputs[0].key == b"m1:received"


def test_a_turn_carries_a_token_that_says_what_the_turn_says() -> None:
    (turn,) = on(TURNS, Partition().reads(received("m1", 0)))

    assert isinstance(turn, TurnOffered)
    assert TOKENS.read(turn.turn) == TurnToken(
        turn=turn.id,
        number=NUMBER,
        conversation=CONVERSATION,
        epoch=turn.epoch,
        bot="orders",
        deadline=int(turn.deadline.timestamp()),
    )


def test_no_turn_says_the_customers_phone_number() -> None:
    outputs = Partition().reads(received("m1", 0))

    (turn,) = [o for o in outputs if o.topic is TURNS]

    assert CUSTOMER.phone
    assert CUSTOMER.phone.encode() not in (turn.value or b"")


def test_owners_are_told_once_a_batch_and_the_watermark_comes_last() -> None:
    outputs = Partition().reads(received("m1", 0), echoed("e1", 0), echoed("e2", 1))

    *owners, watermark = [o for o in outputs if o.topic is OWNERS]
    mark = decode(watermark.headers, watermark.value)
    assert [(o.owner, o.addresses) for o in owned(outputs)] == [
        ("human", Contact(phone=CUSTOMER.phone))
    ]
    assert len(owners) == 1
    assert isinstance(mark, WatermarkRecorded)
    assert (outputs[-1], mark.positions) == (watermark, {"inbound.v1": 7})
    assert (watermark.key, watermark.partition) == (b"~watermark", PARTITION)


def test_owners_are_not_told_what_did_not_change() -> None:
    partition = Partition()
    partition.reads(received("m1", 0), accepted("w1", 0), topic=INBOUND)

    outputs = partition.reads(status("sent", "w1", 1), status("read", "w1", 1))

    assert (len(on(CONVERSATIONS, outputs)), owned(outputs)) == (2, [])


def test_owners_hear_nothing_of_a_conversation_that_is_only_history() -> None:
    outputs = Partition().reads(backfilled("h1", -100), backfilled("h2", -50))

    assert (types(CONVERSATIONS, outputs), owned(outputs)) == (["MessageBackfilled"] * 2, [])


def test_after_a_restart_everything_that_comes_again_changes_nothing() -> None:
    partition = Partition()
    heard = [received("m1", 0), echoed("e1", 0), status("sent", "w1", 1), backfilled("h1", -9)]
    partition.reads(*heard)
    partition.restarts()

    outputs = partition.reads(*heard)

    assert [o.key for o in outputs] == [b"~watermark"]


def test_a_status_finds_its_conversation_by_the_callback_that_we_sent_along() -> None:
    partition = Partition()
    partition.reads(received("m1", 0))
    nobody = status("sent", "w1", 1).model_copy(
        update={"contact": Contact(), "callback": f"s1|r1|0|{CONVERSATION}|5"}
    )

    (logged,) = on(CONVERSATIONS, partition.reads(nobody))

    assert logged.conversation == CONVERSATION


def test_a_status_without_address_and_mark_finds_its_conversation_by_the_message() -> None:
    partition = Partition()
    partition.reads(accepted("w1", 0), topic=OUTCOMES)
    nobody = status("sent", "w1", 1, ours=False).model_copy(update={"contact": Contact()})

    (logged,) = on(CONVERSATIONS, partition.reads(nobody))

    assert logged.conversation == CONVERSATION


def test_a_status_that_nobody_can_place_is_passed_over() -> None:
    nobody = status("sent", "w9", 1, ours=False).model_copy(update={"contact": Contact()})

    assert on(CONVERSATIONS, Partition().reads(nobody)) == []


def test_what_names_no_number_is_poison() -> None:
    event = received("m1", 0).model_copy(update={"number": None})

    with pytest.raises(PoisonRecord, match="names no number"):
        Partition().reads(event)


def test_a_call_for_a_person_goes_to_the_handoffs() -> None:
    partition = Partition()
    (turn,) = on(TURNS, partition.reads(received("m1", 0)))
    assert isinstance(turn, TurnOffered)
    refusal = rejected(turn, 1).model_copy(update={"conversation": CONVERSATION})

    assert types(HANDOFFS, partition.reads(refusal, topic=OUTCOMES)) == ["HandoffRequested"]


def test_a_command_names_the_conversation_by_the_customers_phone() -> None:
    partition = Partition()
    partition.reads(received("m1", 0))

    outputs = partition.is_told(told("take over", phone="+4915100000001", by="Ana"))

    assert types(CONVERSATIONS, outputs) == ["OwnerChanged"]
    assert [record.owner for record in owned(outputs)] == ["human"]


def test_a_command_written_twice_is_carried_out_once_across_a_restart() -> None:
    partition = Partition()
    partition.reads(received("m1", 0))
    what = told("release", phone=CUSTOMER.phone)
    partition.is_told(what)
    partition.reads(echoed("e1", 2), now=2)
    partition.restarts()

    assert types(CONVERSATIONS, partition.is_told(what, now=3)) == []


@pytest.mark.parametrize(
    "who", [{"conversation": "c_unknown"}, {"phone": "4900"}, {"user_id": "DE.1"}]
)
def test_a_command_for_an_unknown_conversation_is_refused_with_a_reason(
    who: dict[str, str],
) -> None:
    partition = Partition()

    (refused,) = on(CONVERSATIONS, partition.is_told(told("take over", **who)))

    assert isinstance(refused, CommandRefused)
    assert (refused.reason, refused.causation) == ("no such conversation on this number", "x1")


def test_a_command_for_a_conversation_of_another_number_is_refused() -> None:
    partition = Partition()
    partition.reads(received("m1", 0))
    other = next(str(n) for n in range(100) if partition_for(str(n), 4) == PARTITION)

    outputs = partition.is_told(told("take over", number=other, conversation=CONVERSATION))

    assert types(CONVERSATIONS, outputs) == ["CommandRefused"]


def test_a_command_outside_its_numbers_partition_is_moved_there_untouched() -> None:
    partition = Partition((PARTITION + 1) % 4)
    value = json.dumps({"id": "t1", "number": NUMBER, "command": "release", "phone": "49"}).encode()
    record = partition.record(COMMANDS, [("odd", b"1")], value)

    moved, *rest = partition.batch([record], at(1))

    assert moved == Output(COMMANDS, PARTITION, NUMBER.encode(), value, (("odd", b"1"),))
    assert [o.key for o in rest] == [b"~watermark"]


def test_a_command_that_is_no_command_is_poison() -> None:
    with pytest.raises(PoisonRecord):
        Partition().is_told(told("explode", phone="49"))


def test_the_trace_goes_on_from_the_webhook() -> None:
    partition = Partition()
    headers, value = encode(received("m1", 0), traceparent="00-abc-def-01")

    outputs = partition.batch([partition.record(INBOUND, headers, value)], at(1))

    (turn,) = [o for o in outputs if o.topic is TURNS]
    assert dict(turn.headers)["ce_traceparent"] == b"00-abc-def-01"


@pytest.mark.parametrize(
    ("written_again", "follows"),
    [
        ([], ["TurnOffered"]),
        ([("saath_redriven", b"router.dlq.v1/0/5")], []),
        ([("saath_redriven", b"router.dlq.v1/0/5"), ("saath_act", b"1")], ["TurnOffered"]),
    ],
)
def test_a_redriven_fact_is_logged_and_acts_only_when_told_to(
    written_again: list[tuple[str, bytes]], follows: list[str]
) -> None:
    partition = Partition()
    headers, value = encode(received("m1", 0))

    outputs = partition.batch([partition.record(INBOUND, [*headers, *written_again], value)], at(1))

    assert types(CONVERSATIONS, outputs)[0] == "MessageReceived"
    assert types(TURNS, outputs) == follows


def test_a_redriven_echo_takes_nothing_over() -> None:
    partition = Partition()
    partition.reads(received("m1", 0))
    headers, value = encode(echoed("e1", 1))

    late = partition.record(INBOUND, [*headers, ("saath_redriven", b"router.dlq.v1/0/5")], value)

    assert types(CONVERSATIONS, partition.batch([late], at(2))) == ["MessageEchoed"]
