"""Up to when inputs were read, and a clock that was set."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import RequestTimedOutError

from saath.kafka.timers import Clock, Horizon

START = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
INBOUND, OUTCOMES = TopicPartition("inbound", 0), TopicPartition("outcomes", 0)


class World:
    """A wall's clock, one that nobody sets, and a broker's topics with their reader."""

    def __init__(self) -> None:
        self.seconds, self.set_by = 0.0, 0.0
        self.ends = {INBOUND: 5, OUTCOMES: 3}
        self.positions: dict[TopicPartition, int] = dict(self.ends)
        self.questions = 0
        self.answers = True
        clock = Clock(self.now, lambda: self.seconds)
        reader: Any = self
        self.horizon = Horizon(reader, [*self.ends], clock)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds + self.set_by)

    async def end_offsets(self, inputs: list[TopicPartition]) -> dict[TopicPartition, int]:
        if not self.answers:
            raise RequestTimedOutError
        self.questions += 1
        self.seconds += 0.5  # the answer takes its time
        return {where: self.ends[where] for where in inputs}

    async def position(self, where: TopicPartition) -> int:
        return self.positions[where]

    async def reached(self, due: float | None) -> float | None:
        at = None if due is None else START + timedelta(seconds=due)
        found = await self.horizon.reached(at)
        return None if found is None else (found - START).total_seconds()


async def test_timers_fire_up_to_when_the_broker_was_asked_not_to_when_it_answered() -> None:
    world = World()
    world.seconds = 10

    assert await world.reached(9) == 10


@pytest.mark.parametrize("due", [None, 11])
async def test_the_broker_is_asked_only_when_something_is_due(due: float | None) -> None:
    world = World()
    world.seconds = 10

    assert (await world.reached(due), world.questions) == (None, 0)


@pytest.mark.parametrize("behind", [INBOUND, OUTCOMES])
async def test_nothing_fires_before_every_input_is_read(behind: TopicPartition) -> None:
    world = World()
    world.seconds = 10
    world.positions[behind] -= 1
    too_early = await world.reached(9)
    world.positions[behind] += 1

    assert (too_early, await world.reached(9)) == (None, 10)


async def test_inputs_that_never_stop_hold_no_timer_back() -> None:
    """What is read is always behind the end by one; where the end was, it comes to all the same."""
    world = World()
    world.seconds, fired = 10, []
    for _ in range(4):
        world.ends[INBOUND] += 1
        fired.append(await world.reached(9))
        world.positions[INBOUND] += 1

    assert fired == [None, 10, None, pytest.approx(10.5)]


async def test_what_is_due_after_the_question_waits_for_the_next() -> None:
    world = World()
    world.seconds = 10
    world.positions[INBOUND] -= 1
    await world.reached(9)
    world.positions[INBOUND] += 1
    world.seconds = 20

    assert (await world.reached(15), await world.reached(15)) == (None, 20)


@pytest.mark.parametrize("jump", [3600, -3600])
async def test_a_clock_that_jumped_stops_timers_until_it_is_back(jump: float) -> None:
    world = World()
    world.seconds, world.set_by = 10, jump
    stopped = await world.reached(-7200)
    world.set_by = 1

    assert (stopped, await world.reached(9)) == (None, 11)


async def test_a_broker_that_does_not_answer_leaves_timers_for_later() -> None:
    world = World()
    world.seconds, world.answers = 10, False
    silent = await world.reached(9)
    world.answers = True

    assert (silent, await world.reached(9)) == (None, 10)
