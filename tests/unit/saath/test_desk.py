"""Turns in hand: serial in a conversation, concurrent across, withdrawn, lost."""

import asyncio
from dataclasses import dataclass, field

import pytest

from saath.client.desk import Job, TurnDesk
from saath.client.testing import turn
from saath.events import TurnOffered


def job(id: str, conversation: str, partition: int = 0) -> Job:  # noqa: A002
    return Job(turn("Hello", id=id, conversation=conversation), partition, 0)


@dataclass
class Office:
    """A desk whose turns are answered when the test says so."""

    concurrency: int = 10
    stubborn: bool = False
    started: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    answers: dict[str, "asyncio.Future[bytes | None]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.desk = TurnDesk(
            self.concurrency,
            answer=self.answer,
            publish=self.publish,
            finished=lambda job: self.finished.append(job.turn.id),
        )

    async def answer(self, asked: TurnOffered) -> bytes | None:
        self.started.append(asked.id)
        self.answers[asked.id] = asyncio.get_running_loop().create_future()
        try:
            return await self.answers[asked.id]
        except asyncio.CancelledError:
            if self.stubborn:
                return b"all the same"
            raise

    async def publish(self, asked: TurnOffered, request: bytes) -> None:
        self.published.append(asked.id)

    async def say(self, turn_id: str, request: bytes | None = b"{}") -> None:
        self.answers[turn_id].set_result(request)
        await settle()


async def settle() -> None:
    """Let every task that can go on, go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_turns_of_one_conversation_wait_for_each_other() -> None:
    office = Office()
    for each in (job("a1", "a"), job("a2", "a"), job("b1", "b")):
        office.desk.take(each)
    await settle()
    before = [*office.started]

    await office.say("a1")

    assert (before, office.started) == (["a1", "b1"], ["a1", "b1", "a2"])


async def test_no_more_run_at_once_than_there_are_places() -> None:
    office = Office(concurrency=2)
    for i in range(5):
        office.desk.take(job(f"t{i}", f"c{i}"))
    await settle()
    before = ([*office.started], len(office.desk))

    await office.say("t1")

    assert before == (["t0", "t1"], 5)
    assert (office.started, office.finished) == (["t0", "t1", "t2"], ["t1"])


async def test_a_turn_is_finished_after_its_request_was_published() -> None:
    office = Office()
    publishing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def slowly(asked: TurnOffered, request: bytes) -> None:
        await publishing

    office.desk = TurnDesk(
        1, answer=office.answer, publish=slowly, finished=lambda j: office.finished.append("t")
    )
    office.desk.take(job("t", "c"))
    await settle()
    await office.say("t")
    before = [*office.finished]

    publishing.set_result(None)
    await settle()

    assert (before, office.finished) == ([], ["t"])


async def test_a_turn_without_a_request_is_finished_and_publishes_nothing() -> None:
    office = Office()
    office.desk.take(job("t", "c"))
    await settle()

    await office.say("t", None)

    assert (office.published, office.finished, len(office.desk)) == ([], ["t"], 0)


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_withdrawn_turn_is_finished_and_publishes_nothing(stubborn: bool) -> None:
    office = Office(stubborn=stubborn)
    office.desk.take(job("t1", "c"))
    office.desk.take(job("t2", "c"))
    await settle()

    office.desk.withdraw("c", "t1")
    await settle()

    assert (office.started, office.published, office.finished) == (["t1", "t2"], [], ["t1"])


async def test_a_turn_withdrawn_while_it_waits_is_never_started() -> None:
    office = Office(concurrency=1)
    for each in (job("t1", "c"), job("t2", "d"), job("t3", "e")):
        office.desk.take(each)
    await settle()

    office.desk.withdraw("d", "t2")
    await office.say("t1")

    assert (office.started, office.finished) == (["t1", "t3"], ["t2", "t1"])


async def test_a_withdrawal_of_another_turn_changes_nothing() -> None:
    office = Office()
    office.desk.take(job("t1", "c"))
    await settle()

    office.desk.withdraw("c", "t0")
    office.desk.withdraw("d", "t1")
    await office.say("t1")

    assert office.published == ["t1"]


async def test_turns_of_a_lost_partition_end_unfinished_and_others_go_on() -> None:
    office = Office(concurrency=2)
    for each in (job("t1", "c", 0), job("t2", "d", 1), job("t3", "e", 0), job("t4", "f", 1)):
        office.desk.take(each)
    await settle()

    office.desk.lose({0})
    await settle()
    await office.say("t2")
    await office.say("t4")

    assert (office.started, office.finished, len(office.desk)) == (
        ["t1", "t2", "t4"],
        ["t2", "t4"],
        0,
    )


async def test_closing_lets_what_runs_end_and_starts_nothing_more() -> None:
    office = Office(concurrency=1)
    office.desk.take(job("t1", "c"))
    office.desk.take(job("t2", "c"))
    await settle()

    closing = asyncio.create_task(office.desk.close(grace_seconds=60))
    await settle()
    await office.say("t1")
    await closing

    assert (office.started, office.finished) == (["t1"], ["t1"])


async def test_closing_cancels_what_does_not_end_and_leaves_it_unfinished() -> None:
    office = Office()
    office.desk.take(job("t1", "c"))
    await settle()

    await office.desk.close(grace_seconds=0)

    assert (office.published, office.finished, len(office.desk)) == ([], [], 0)


async def test_a_defect_is_told_and_its_turn_stays_unfinished() -> None:
    office = Office()
    office.desk.take(job("t1", "c"))
    await settle()

    office.answers["t1"].set_exception(RuntimeError("a defect"))
    await settle()

    assert (repr(office.desk.failure), office.finished) == ("RuntimeError('a defect')", [])
