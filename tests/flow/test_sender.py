"""The sender as a process, on a real broker, against the sandbox's own count."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from saath.settings import KafkaSettings, TopicSettings
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE
from tests.flow.sender_process import Scene, scene, templated, worded

PHONE = "16505550001"


@pytest.fixture
def place(kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path):  # type: ignore[no-untyped-def]
    def make(*flags: str, **settings: str):  # type: ignore[no-untyped-def]
        return scene(kafka, topics, tmp_path, "--no-service-window", *flags, **settings)

    return make


def kinds(outcomes: list) -> list[str]:  # type: ignore[type-arg]
    return [type(outcome).__name__ for outcome in outcomes]


async def test_a_reply_is_sent_and_its_outcome_names_the_message(place) -> None:  # type: ignore[no-untyped-def]
    async with place() as s:
        await s.owned(PHONE)
        s.start()
        await s.replied(PHONE, "Yes, in blue.", turn="t_1", then="done")

        [outcome] = await s.wait_for_outcomes(1)

        [arrival] = await s.meta.control.messages(s.id)
        assert (outcome.request, outcome.message_id, outcome.then, outcome.to, arrival.text) == (
            "t_1",
            arrival.wamid,
            "done",
            f"+{PHONE}",
            "Yes, in blue.",
        )
