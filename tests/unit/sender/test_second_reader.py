"""The second reader reads a great deal at once, and everybody else of the process waits meanwhile."""

import asyncio

from tests.unit.sender.test_intake import Reader, handler, requests

from saath.topics import OUTBOUND_BULK
from saath_sender.intake import Intake
from saath_sender.lanes import Lane, Limits


async def test_others_run_between_two_fetches_also_where_nothing_has_to_be_waited_for() -> None:
    # One record of a lane that is behind, among many of another number.
    log, desk, turns = requests(OUTBOUND_BULK, ["1", *("2" * 30)]), handler(5), 0
    desk.books.positions[OUTBOUND_BULK.name] = len(log)
    desk.books.work("1").lanes[OUTBOUND_BULK.name] = Lane(Limits(5), unread_from=0)
    intake = Intake(desk, Reader(log), Reader(log), lambda: None)  # type: ignore[arg-type] # in memory
    reading = asyncio.create_task(intake._read_again(OUTBOUND_BULK, asyncio.Event()))
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > 10
