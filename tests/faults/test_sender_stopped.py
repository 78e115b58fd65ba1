"""A sender is asked to end: what is under way lands, nothing else leaves, the next one starts at once."""

import time
from pathlib import Path

import pytest
from tests.faults.senders import sending

from saath.events import MessageLeftInDoubt
from saath.settings import KafkaSettings, TopicSettings

pytestmark = pytest.mark.fault

ANSWERS_AFTER_SECONDS = 1.5
# By then the signal has come through, however busy the machine.
HEARD_AFTER_SECONDS = 1.0
# So long that nobody has waited for it who sends before it is over.
LEASE_SECONDS = 10


async def test_asked_to_end_it_waits_for_answers_and_the_next_one_need_not_wait(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    rules = {"SAATH_SENDER__LEASE_SECONDS": str(LEASE_SECONDS)}
    async with sending(kafka, topics, tmp_path, "sender", seed=91, rules=rules) as scene:
        async with scene.flowing():
            # And no status says what an answer would have said that nobody waited for.
            await scene.meta.control.faults(latency_seconds=ANSWERS_AFTER_SECONDS, statuses=False)
            await scene.all_move_on()
            asked = time.monotonic()
            await scene.stop("sender")
            before, ended = await scene.arrivals(), time.monotonic()
            await scene.meta.control.faults(clear=True)
            await scene.start("sender")
            await scene.all_move_on()
        broken = await scene.broken()
        evidence = await scene.evidence()

    late = [a for a in before if a.arrival_monotonic > asked + HEARD_AFTER_SECONDS]
    first = min(a.arrival_monotonic for a in evidence.arrivals if a.arrival_monotonic > ended)
    assert (scene.exits, late, broken) == ([0], [], [])
    assert [o for o in evidence.outcomes if isinstance(o, MessageLeftInDoubt)] == []
    assert first - ended < LEASE_SECONDS
