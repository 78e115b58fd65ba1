"""What the dispatcher does with a message that came back, and with one that could not be sent at all."""

import asyncio
from collections.abc import Callable

from pydantic import SecretStr
from tests.unit.sender.facts import NUMBER
from tests.unit.sender.test_pauses import Number
from tests.unit.sender.test_sender import outcomes
from tests.unit.sender.test_stopping import Line, sender_with_two_messages, until

from saath.events import NumberPaused
from saath.graph import GraphAnswer, GraphUnreachable
from saath_sender.dispatch import Dispatcher, TokenOf
from saath_sender.jobs import Job, State
from saath_sender.metrics import SEND_DURATION
from saath_sender.post import GuardedBody

TOKEN = SecretStr("token")


class Cut(Line):
    """Meta cannot be reached."""

    async def post(self, path: str, token: SecretStr, body: GuardedBody) -> GraphAnswer:
        self.asked += 1
        raise GraphUnreachable("ClientConnectorError")


async def ran(
    line: Line, holds: Callable[[Number, Line], bool], token_of: TokenOf = lambda _: TOKEN
) -> tuple[Number, Dispatcher]:
    """Send by this *line* until it *holds*."""
    p, _, _ = await sender_with_two_messages()
    dispatcher = Dispatcher(p.handler, p.chooser, line, token_of)  # type: ignore[arg-type] # it posts
    line.connected.set()
    line.answered.set()
    stopping = asyncio.Event()
    running = asyncio.create_task(dispatcher(stopping))
    await until(lambda: holds(p, line) or running.done())
    stopping.set()
    dispatcher.wake.ring()
    await running
    return p, dispatcher


async def test_what_meta_took_has_used_its_slot_and_whoever_waits_for_the_answer_is_told() -> None:
    before = _measured()
    p, dispatcher = await ran(Line(), lambda p, _: p.handler.books.urgent)
    async with asyncio.timeout(0.5):
        await dispatcher.answered.wait(60.0)

    left = p.handler.books.work(NUMBER).pace.left_since(float("-inf"))
    assert (left, _measured() - before) == (1, 1)
    assert outcomes(p.commit()) == ["MessageAccepted"]


async def test_what_could_not_leave_waits_and_is_nobodys_doubt() -> None:
    def back(p: Number, _: Line) -> bool:
        return any(job.unreached for job in _jobs(p))

    p, _ = await ran(Cut(), back)

    left = p.handler.books.work(NUMBER).pace.left_since(float("-inf"))
    assert (left, outcomes(p.commit()), {job.state for job in _jobs(p)} - {State.BEGUN}) == (
        0,
        [],
        {State.WAITING},
    )


async def test_without_a_token_the_number_pauses_and_nothing_is_asked_of_meta() -> None:
    line = Line()
    p, _ = await ran(line, lambda p, _: p.handler.books.pauses.any(NUMBER), lambda _: None)

    [paused] = p.told_of(NumberPaused)
    assert (line.asked, paused.reason) == (0, "there is no access token")


async def test_a_message_that_nobody_knows_an_address_of_waits_and_is_not_posted() -> None:
    p, line, dispatcher = await sender_with_two_messages()
    [flight] = p.choose()
    p.handler.fence._owners.clear()
    await dispatcher._fly(flight)

    assert (line.asked, flight.job.state) == (0, State.WAITING)


def _jobs(p: Number) -> list[Job]:
    lanes = p.handler.books.work(NUMBER).lanes.values()
    return [job for lane in lanes for job in lane.waiting.values()]


def _measured() -> float:
    [family] = SEND_DURATION.collect()
    return next(s.value for s in family.samples if s.name.endswith("_count"))
