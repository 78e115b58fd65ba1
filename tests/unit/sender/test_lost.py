"""What retention took before it was read: ended where it has a name, counted where it has none."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.unit.sender.facts import NOW, NUMBER, PHONE, TEMPLATE, TEXT
from tests.unit.sender.test_intake import MOMENT, handler, requests
from tests.unit.sender.test_restart import new_owner
from tests.unit.sender.test_sender import Partition

from saath.codec import decode
from saath.events import MessageDropped, MessageExpired
from saath.kafka.records import Output, Record
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, OUTCOMES, Topic
from saath_sender.causes import InState
from saath_sender.intake import Intake
from saath_sender.ledger import Finished, Name, Origin
from saath_sender.lost import lanes_lost
from saath_sender.pauses import Paused
from saath_sender.results import InDoubt
from saath_sender.scopes import EVERYTHING

BULK = OUTBOUND_BULK.name


def said(outputs: Sequence[Output]) -> list[tuple[str, str, int, str]]:
    found = [decode(o.headers, o.value) for o in outputs if o.topic is OUTCOMES]
    return [
        (type(e).__name__, e.request, e.index, e.by)
        for e in found
        if isinstance(e, MessageExpired | MessageDropped)
    ]


def left_behind(*, in_doubt: bool) -> Partition:
    """A campaign of three messages and one of one: the first message has left when the sender goes."""
    p = Partition()
    p.bulk("half", messages=[TEMPLATE, TEMPLATE, TEMPLATE])
    p.bulk("untouched")
    p.send(InDoubt("no answer") if in_doubt else None)
    p.handler.open = False
    p.chooser.hand_back(p.now)
    p.commit()
    return new_owner(p, seconds=8 * 24 * 3600)


@pytest.mark.parametrize(
    ("in_doubt", "expected"),
    [
        (False, [("MessageExpired", "half", 1, "campaign")]),
        (True, [("MessageDropped", "half", 0, "campaign")]),
    ],
)
def test_what_the_ledger_knows_by_name_is_ended(
    in_doubt: bool, expected: list[tuple[str, str, int, str]]
) -> None:
    p = left_behind(in_doubt=in_doubt)
    lanes_lost(p.handler.books, p.handler.fence, BULK, 5, p.now.wall)
    told = said(p.handler.books.take()[0])
    lanes_lost(p.handler.books, p.handler.fence, BULK, 5, p.now.wall)

    assert (told, said(p.handler.books.take()[0])) == (expected, [])
    assert list(p.handler.books.ledger.unresolved()) == []


def test_the_rest_is_counted_and_what_comes_after_it_is_read_on() -> None:
    p = left_behind(in_doubt=False)
    with capture_logs() as lines:
        lanes_lost(p.handler.books, p.handler.fence, BULK, 5, p.now.wall)

    lane = p.handler.books.lane(BULK, NUMBER)
    assert [line for line in lines if line["event"] == "requests.lost"] == [
        {
            "event": "requests.lost",
            "log_level": "error",
            "topic": BULK,
            "number": NUMBER,
            "first": 0,
            "next": 5,
            "named": 1,
        }
    ]
    assert (lane.unread_from, lane.behind) == (5, True)


def test_what_is_finished_or_stands_after_it_is_not_lost() -> None:
    p = left_behind(in_doubt=False)
    books = p.handler.books
    books.lane(BULK, NUMBER).finished.add(0)
    books.ledger.put(Name(NUMBER, "later", 0), Finished(Origin(BULK, 9), 0.0))
    lanes_lost(books, p.handler.fence, BULK, 5, p.now.wall)

    assert said(books.take()[0]) == []


def test_what_is_at_work_lacks_nothing() -> None:
    p = Partition()
    p.bulk("half", messages=[TEMPLATE, TEMPLATE])
    p.send()
    p.handler.books.lane(BULK, NUMBER).unread_from = 1
    lanes_lost(p.handler.books, p.handler.fence, BULK, 5, p.now.wall)

    assert said(p.commit()) == []


@dataclass
class Reader:
    """A reader of a log whose beginning retention has moved."""

    log: list[Record]
    start: int
    next: int = 0

    async def seek(self, positions: Mapping[Topic, int]) -> dict[Topic, int]:
        gone_to = {topic: max(at, self.start) for topic, at in positions.items()}
        self.next = min(gone_to.values())
        return gone_to

    async def fetch(self, timeout_ms: int = 0, max_records: int | None = None) -> list[Record]:
        found = [record for record in self.log if record.offset >= self.next]
        self.next = found[-1].offset + 1 if found else self.next
        return found

    async def position(self, topic: Topic) -> int:
        return self.next


def test_a_lane_whose_beginning_is_gone_reads_on_where_the_log_begins() -> None:
    desk, log = handler(10), requests(OUTBOUND_BULK, [NUMBER] * 6)
    desk.books.positions[BULK] = 6
    desk.books.lane(BULK, NUMBER).unread_from = 1
    again = Reader(log, start=4)
    intake = Intake(desk, again, again, lambda: None)  # type: ignore[arg-type] # in memory

    asyncio.run(intake._read_again(OUTBOUND_BULK, asyncio.Event()))

    lane = desk.books.lane(BULK, NUMBER)
    assert ([*lane.waiting], lane.behind) == ([4, 5], False)


@pytest.mark.parametrize(
    ("positions", "lost"),
    [
        ({BULK: 2, OUTBOUND.name: 9}, [(BULK, 2, 4)]),
        # Nobody of ours has read here before.
        ({}, []),
        ({BULK: 4}, []),
    ],
)
def test_what_was_never_read_is_counted(
    positions: dict[str, int], lost: list[tuple[str, int, int]]
) -> None:
    desk, reader = handler(10), Reader([], start=4)
    desk.books.positions.update(positions)
    intake = Intake(desk, reader, reader, lambda: None)  # type: ignore[arg-type] # in memory
    with capture_logs() as lines:
        asyncio.run(intake.seek())

    assert [(line["topic"], line["first"], line["next"]) for line in lines] == lost
    assert desk.books.positions[BULK] == 4


def test_a_number_that_is_paused_for_days_ends_what_waits_as_expired() -> None:
    p = Partition()
    locked = Paused("the account is locked", 131031, "person", 0.0, float("inf"))
    p.handler.books.pauses.put(NUMBER, EVERYTHING, locked)
    p.bulk(*(f"b{n}" for n in range(3)))
    early = said(p.commit())
    p.seconds += timedelta(hours=48).total_seconds()

    assert (early, said(p.commit())) == (
        [],
        [("MessageExpired", f"b{n}", 0, "campaign") for n in range(3)],
    )


def test_what_was_parked_and_is_gone_is_counted_and_forgotten_and_the_rest_stays_parked() -> None:
    desk = handler(10)
    lane = desk.books.lane(BULK, NUMBER)
    for record in requests(OUTBOUND_BULK, [NUMBER] * 6):
        desk.outbound_read(record, MOMENT)
    for offset in (1, 3, 5):
        lane.park(offset, offset, InState("offboarded"), 2e9)
    for offset in (0, 2, 4):
        lane.finish(offset)
    with capture_logs() as lines:
        lanes_lost(desk.books, desk.fence, BULK, 4, NOW)

    assert [(line["first"], line["next"]) for line in lines] == [(1, 4)]
    assert (lane.parked.offsets(), lane.parked.first) == ([5], 5)


PERSONS = {"number": NUMBER, "to": PHONE, "class": "reply"}


@pytest.mark.parametrize("begun", [False, True])
def test_what_a_person_asked_and_retention_took_holds_no_bot_any_more(begun: bool) -> None:
    p = Partition()
    p.asked(OUTBOUND_PEOPLE, id="p1", messages=[TEXT, TEXT], **PERSONS)
    if begun:
        p.send()
    p.handler.open = False
    p.chooser.hand_back(p.now)
    p.commit()
    after = new_owner(p, seconds=6 * 24 * 3600)
    for record in p.log:
        after.handler.person_remembered(record)
    held = not after.handler.fence.quiet(NUMBER)
    lanes_lost(after.handler.books, after.handler.fence, OUTBOUND_PEOPLE.name, 5, after.now.wall)
    # What has an outcome holds until the router has decided that.
    still = not after.handler.fence.quiet(NUMBER)
    after.handler.fence.watermark[OUTCOMES.name] = 1
    after.commit()

    assert (held, still, after.handler.fence.quiet(NUMBER)) == (True, begun, True)


def test_what_a_person_asked_and_is_still_there_holds_bots_as_before() -> None:
    p = Partition()
    p.asked(OUTBOUND_PEOPLE, id="p1", messages=[TEXT], **PERSONS)
    p.asked(OUTBOUND_PEOPLE, id="p2", messages=[TEXT], **PERSONS)
    p.handler.books.lane(OUTBOUND_PEOPLE.name, NUMBER).unread_from = 2
    lanes_lost(p.handler.books, p.handler.fence, OUTBOUND_PEOPLE.name, 5, p.now.wall)

    assert p.handler.fence.undecided(NUMBER, [f"phone:{PHONE}"]) is not None
