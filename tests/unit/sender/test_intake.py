"""Two readers, any interleaving: every request is at work once. The readers are in memory."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, repeat

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sender.facts import NOW, NUMBER, PHONE, TEMPLATE, TOKENS, number

from saath.kafka.records import Record
from saath.topics import OUTBOUND_BULK, OUTBOUND_PEOPLE, OUTCOMES, Topic
from saath_sender.admission import DLQ
from saath_sender.clock import Now
from saath_sender.done import Done
from saath_sender.handler import SenderHandler
from saath_sender.installation import Installation
from saath_sender.intake import Intake
from saath_sender.lanes import Lane, Limits
from saath_sender.settings import SenderSection

STAMP, MOMENT = int(NOW.timestamp() * 1000), Now(1000.0, NOW)


class Reader:
    """A reader of one log in memory; *between* runs while it waits, as other tasks would."""

    def __init__(self, log: Sequence[Record], at_most: int = 3) -> None:
        self.log, self.at_most, self.next = log, at_most, 0
        self.between: Callable[[], None] = lambda: None
        self.fetched: Callable[[], None] = lambda: None

    async def seek(self, positions: Mapping[Topic, int]) -> dict[Topic, int]:
        self.next = next(iter(positions.values()))
        return dict(positions)

    async def fetch(self, timeout_ms: int = 0, max_records: int | None = None) -> list[Record]:
        self.between()
        found = [r for r in self.log if r.offset >= self.next][: self.at_most]
        self.next = found[-1].offset + 1 if found else self.next
        self.fetched()
        return found

    async def ends(self, topics: Sequence[Topic]) -> dict[Topic, int]:
        return dict.fromkeys(topics, len(self.log))

    async def position(self, topic: Topic) -> int:
        self.between()
        return self.next


def requests(topic: Topic, numbers: Sequence[str]) -> list[Record]:
    def value(offset: int, number: str) -> bytes:
        rest = {"to": PHONE, "class": "utility", "messages": [TEMPLATE]}
        return json.dumps({"id": f"r{offset}", "number": number, **rest}).encode()

    return [
        Record(topic, 0, offset, STAMP, number.encode(), value(offset, number))
        for offset, number in enumerate(numbers)
    ]


def handler(lane_max: int) -> SenderHandler:
    rules = SenderSection(lane_max=lane_max)
    return SenderHandler(Installation(TOKENS.read, lambda _: number(), 1, rules), 0)


@settings(deadline=None, max_examples=300)
@given(
    numbers=st.lists(st.sampled_from("12"), min_size=4, max_size=30),
    lane_max=st.integers(2, 3),
    ahead=st.lists(st.integers(0, 4), min_size=3, max_size=12),
)
def test_every_request_is_loaded_once_however_the_readers_interleave(
    numbers: list[str], lane_max: int, ahead: list[int]
) -> None:
    log, desk, loaded = requests(OUTBOUND_BULK, numbers), handler(lane_max), list[int]()
    unread = list(log)
    main, again = Reader(log), Reader(log)
    intake = Intake(desk, main, again, lambda: None)  # type: ignore[arg-type] # in memory
    steps = chain(ahead * 5, repeat(1))

    def advance_main() -> None:
        for record in [unread.pop(0) for _ in range(min(next(steps), len(unread)))]:
            desk.outbound_read(record, MOMENT)

    def finish_all() -> None:
        for work in desk.books.numbers.values():
            for lane in work.lanes.values():
                for offset in list(lane.waiting):
                    loaded.append(offset)
                    lane.finish(offset)

    again.between = advance_main

    async def drive() -> None:
        for _ in range(3 * len(log) + 5 * len(ahead) + 3):
            advance_main()
            finish_all()
            if desk.books.behind(OUTBOUND_BULK.name):
                await intake._read_again(OUTBOUND_BULK, asyncio.Event())
            finish_all()

    asyncio.run(drive())

    assert sorted(loaded) == list(range(len(log)))


def test_the_second_reader_passes_over_what_no_lane_wants() -> None:
    """A number that is far behind and full again must not have all between it and the others read."""
    log = requests(OUTBOUND_BULK, ["1"] * 4 + ["2"] * 5000 + ["3"] * 3)
    desk, seen = handler(lane_max=4), list[int]()
    for name, offset in (("1", 0), ("3", 5004)):
        lane = desk.books.lane(OUTBOUND_BULK.name, name)
        lane.unread_from = offset
    desk.books.positions[OUTBOUND_BULK.name] = len(log)
    again = Reader(log, at_most=100)
    again.between = lambda: seen.append(again.next)
    intake = Intake(desk, Reader(log), again, lambda: None)  # type: ignore[arg-type] # in memory

    asyncio.run(intake._read_again(OUTBOUND_BULK, asyncio.Event()))

    loaded = {n: len(w.lanes[OUTBOUND_BULK.name].waiting) for n, w in desk.books.numbers.items()}
    assert (loaded, max(seen), len(seen) < 10) == ({"1": 4, "3": 3}, 5007, True)


def test_what_a_full_lane_has_no_room_for_is_looked_into_when_its_turn_comes() -> None:
    log, desk = requests(OUTBOUND_BULK, [NUMBER] * 3), handler(lane_max=2)
    log.append(log[-1]._replace(offset=3, value=b"{"))
    for record in log:
        desk.outbound_read(record, MOMENT)
    before = len(desk.books.take()[0])
    for offset in (0, 1):
        desk.books.lane(OUTBOUND_BULK.name, NUMBER).finish(offset)
    intake = Intake(desk, Reader(log), Reader(log), lambda: None)  # type: ignore[arg-type]
    asyncio.run(intake._read_again(OUTBOUND_BULK, asyncio.Event()))
    outputs, _ = desk.books.take()

    # A cursor and the positions; then the dead letter and its outcome too.
    assert (before, [o.topic.name for o in outputs][:2]) == (2, [DLQ.name, OUTCOMES.name])
    assert desk.books.lane(OUTBOUND_BULK.name, NUMBER).finished.offsets == {3}


def test_a_persons_unfinished_request_holds_bots_after_a_restart_before_anything_is_loaded() -> (
    None
):
    log, desk = requests(OUTBOUND_PEOPLE, [NUMBER] * 3), handler(5)
    desk.books.positions[OUTBOUND_PEOPLE.name] = 3
    desk.books.work(NUMBER).lanes[OUTBOUND_PEOPLE.name] = Lane(
        Limits(5), finished=Done({2}), unread_from=1
    )
    intake = Intake(desk, Reader(log), Reader(log), lambda: None)  # type: ignore[arg-type]

    asyncio.run(intake.seek())

    assert len(desk.fence._asked) == 1


async def test_what_is_fetched_is_known_before_anybody_else_has_a_turn() -> None:
    """The fence takes where the consumer stands for what holds bots, however busy the other readers are."""
    log, desk, resting = requests(OUTBOUND_PEOPLE, [NUMBER] * 3), handler(5), asyncio.Lock()
    main, known, stopping = Reader(log, at_most=1), list[tuple[int, int]](), asyncio.Event()
    intake = Intake(desk, main, Reader(log), lambda: None, resting=resting)  # type: ignore[arg-type]

    def look() -> None:
        known.append((main.next, desk.books.positions.get(OUTBOUND_PEOPLE.name, 0)))
        if resting.locked():
            resting.release()
        if main.next == len(log):
            stopping.set()

    def fetched() -> None:
        asyncio.get_running_loop().call_soon(look)

    main.fetched = fetched
    await resting.acquire()
    async with asyncio.timeout(60):
        await intake.follow(stopping)

    assert known[:3] == [(1, 1), (2, 2), (3, 3)]
