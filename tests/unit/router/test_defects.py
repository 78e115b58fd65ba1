"""A defect of ours in the middle of a record: all that it changed is undone, wherever it stops."""

import json
from contextlib import suppress
from itertools import count

import pytest
from tests.unit.router.build import CUSTOMER, NUMBER, at, echoed, received
from tests.unit.router.defects import Defect, OfOurs, broken_by
from tests.unit.router.partition import PARTITION, Partition, types
from tests.unit.router.test_identities import changed_number

from saath.codec import encode
from saath.events import Contact, Content, Event, MessageEchoed, MessageReceived
from saath.kafka.records import Output
from saath.topics import COMMANDS, CONVERSATIONS, INBOUND
from saath_router.publishing import WATERMARK_KEY

GREETING = "Thank you for your message, we shall answer soon."
PHONE, USER = Contact(phone=CUSTOMER.phone), Contact(user_id="DE.1")
BOTH = Contact(phone=CUSTOMER.phone, user_id="DE.1")


def breaking(defect: Defect) -> Partition:
    return Partition(PARTITION, broken_by(defect))


def by(contact: Contact, message: str, seconds: float) -> MessageReceived:
    return received(message, seconds).model_copy(update={"contact": contact})


def greeted(contact: Contact, message: str, seconds: float) -> MessageEchoed:
    said = echoed(message, seconds, Content.of_text(GREETING))
    return said.model_copy(update={"contact": contact})


def customers(number: int) -> list[Event]:
    """So many wrote, and the app greeted each of them."""
    contacts = [Contact(phone=f"49151000{n}") for n in range(number)]
    wrote = [by(contact, f"m{n}", 0) for n, contact in enumerate(contacts)]
    return [*wrote, *(greeted(contact, f"g{n}", 2) for n, contact in enumerate(contacts))]


CASES: dict[str, tuple[list[Event], Event]] = {
    "the first message": ([], received("m1", 0)),
    "a person takes over": ([received("m1", 0)], echoed("e1", 1)),
    "two are one": ([by(PHONE, "m1", 0), by(USER, "m2", 0)], by(BOTH, "m3", 1)),
    "another phone number": ([received("m1", 0)], changed_number(1)),
    "a greeting is learned": (customers(3)[:-1], customers(3)[-1]),
}


def written(partition: Partition, *events: Event, now: float) -> list[Output]:
    """All that a batch writes, state and watermark too."""
    records = [partition.record(INBOUND, *encode(event)) for event in events]
    outputs = [output for record in records for output in partition.handler.handle(record, at(now))]
    return [*outputs, *partition.handler.finish({"inbound.v1": 7}, at(now))]


def broken_off(before: list[Event], event: Event, after: int) -> tuple[bool, object, object]:
    """Whether *event* met a defect there; what was written of it, and what when it came again."""
    defect = Defect()
    partition = breaking(defect)
    written(partition, *before, now=5)
    defect.after = after
    broke = True
    with suppress(OfOurs):
        [*partition.handler.handle(partition.record(INBOUND, *encode(event)), at(6))]
        broke = False
    defect.after = None
    left = [o.key for o in partition.handler.finish({"inbound.v1": 7}, at(6))]
    due = partition.handler.next_due()
    return broke, (left, due), (written(partition, event, now=7), partition.handler.next_due())


@pytest.mark.parametrize("case", CASES)
def test_a_record_that_a_defect_stops_changes_nothing_wherever_it_stops(case: str) -> None:
    before, event = CASES[case]
    whole = breaking(Defect())
    written(whole, *before, now=5)
    due = whole.handler.next_due()
    nothing = ([WATERMARK_KEY], due)
    expected = (written(whole, event, now=7), whole.handler.next_due())

    stops = []
    for after in count():
        broke, left, again = broken_off(before, event, after)
        if not broke:
            break
        stops.append((left, again))

    assert len(stops) > 2
    assert stops == [(nothing, expected)] * len(stops)


def test_a_command_that_a_defect_stops_is_carried_out_when_it_comes_again() -> None:
    defect = Defect()
    partition = breaking(defect)
    about_nobody = {"id": "x1", "number": NUMBER, "command": "release", "phone": "4915100000009"}
    value = json.dumps(about_nobody).encode()

    defect.after = 0
    with pytest.raises(OfOurs):
        partition.handler.handle(partition.record(COMMANDS, [], value), at(0))
    defect.after = None

    assert types(CONVERSATIONS, partition.is_told(about_nobody)) == ["CommandRefused"]


@pytest.mark.parametrize("after", range(4))
def test_a_timer_that_a_defect_stops_changes_nothing(after: int) -> None:
    defect = Defect()
    partition = breaking(defect)
    written(partition, received("m1", 0), now=0)

    partition.handler.next_due()
    defect.after = after
    fired = [*partition.handler.fire(at(61), at(61))]
    defect.after = None
    outputs = [*fired, *partition.handler.finish({"inbound.v1": 7}, at(61))]

    assert [output.key for output in outputs] == [WATERMARK_KEY]


def test_what_is_said_of_a_record_that_was_given_up_on_is_undone_with_a_defect() -> None:
    defect = Defect()
    partition = breaking(defect)
    written(partition, received("m1", 0), now=0)
    headers, value = encode(received("m2", 1))
    broken = value.replace(b'"content"', b'"kontent"')

    defect.after = 1
    with pytest.raises(OfOurs):
        partition.handler.given_up(partition.record(INBOUND, headers, broken), at(1))
    defect.after = None

    assert [o.key for o in partition.handler.finish({"inbound.v1": 7}, at(1))] == [WATERMARK_KEY]
