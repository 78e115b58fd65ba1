"""Facts from inside the process: refused, committed, or known to be in doubt."""

import asyncio
from collections.abc import Sequence

import pytest

from saath.kafka.inbox import FACTS_MAX, Desk, Inbox, NotCommitted, NotOwner
from saath.kafka.records import Output
from saath.topics import BACKFILL

WRITTEN = Output(BACKFILL, 0, b"key", b"value")


def write_one(_: object) -> Sequence[Output]:
    return [WRITTEN]


def refuse(_: object) -> Sequence[Output]:
    raise ValueError("already asked")


async def submitted(inbox: Inbox) -> "asyncio.Task[None]":
    task = asyncio.create_task(inbox.submit(3, "fact"))
    await asyncio.sleep(0)
    return task


async def test_a_fact_for_a_partition_of_somebody_else_is_refused() -> None:
    inbox = Inbox()

    with inbox.opened(3), pytest.raises(NotOwner):
        await inbox.submit(4, "fact")


async def test_a_submitter_waits_for_the_commit_not_for_the_decision() -> None:
    inbox = Inbox()
    with inbox.opened(3) as desk:
        task = await submitted(inbox)

        outputs = desk.decide(write_one)
        await asyncio.sleep(0)
        before = task.done()
        desk.committed()
        await task

    assert (outputs, before) == ([WRITTEN], False)


async def test_a_refused_fact_is_told_to_its_submitter_and_asks_for_no_transaction() -> None:
    inbox = Inbox()
    with inbox.opened(3) as desk:
        task = await submitted(inbox)

        desk.decide(refuse)

        assert (desk.uncommitted, desk.undecided) == (False, False)
        with pytest.raises(ValueError, match="already asked"):
            await task


async def test_a_fact_that_was_being_written_when_the_partition_was_lost_is_in_doubt() -> None:
    inbox = Inbox()
    with inbox.opened(3) as desk:
        decided = await submitted(inbox)
        desk.decide(write_one)
        waiting = await submitted(inbox)

    with pytest.raises(NotCommitted):
        await decided
    with pytest.raises(NotOwner):
        await waiting
    assert not inbox.owns(3)


async def test_a_fact_is_decided_although_its_submitter_gave_up() -> None:
    inbox = Inbox()
    with inbox.opened(3) as desk:
        task = await submitted(inbox)
        task.cancel()
        await asyncio.wait([task])

        assert desk.decide(write_one) == [WRITTEN]
        desk.committed()


async def test_the_loop_is_woken_by_a_fact_and_left_alone_when_all_are_decided() -> None:
    desk = Desk()
    fetching: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    desk.put("fact")

    await desk.arrival_or(fetching)
    desk.decide(write_one)
    fetching.set_result(None)
    await desk.arrival_or(fetching)

    assert (desk.undecided, desk.uncommitted) == (False, True)


async def test_a_flood_of_facts_is_cut_into_transactions() -> None:
    desk = Desk()
    for index in range(FACTS_MAX + 1):
        desk.put(index)

    first = desk.decide(write_one)

    assert (len(first), desk.undecided) == (FACTS_MAX, True)
