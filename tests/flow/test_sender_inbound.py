"""What customers write counts for Meta's cap too: it is taken off what we send. The sandbox counts."""

import asyncio
from pathlib import Path

import pytest
from tests.flow.sender_process import Scene, now, scene
from tests.flow.test_sender import campaign

from saath.events import Contact, Content, MessageReceived
from saath.identity import event_id
from saath.kafka.layout import apply
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import INBOUND

# With half a second of margin 13 a second leave by themselves, and with so many written that is too much.
MARGIN = {"SAATH_SENDER__CAP_MARGIN_SECONDS": "0.5"}
WRITTEN_PER_SECOND, SECONDS = 12, 5
TRIES = 3  # a machine that stands still for half a second makes customers look like a burst


@pytest.mark.parametrize("deduct", [True, False])
async def test_meta_refuses_nothing_while_customers_write_where_it_is_taken_off(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path, deduct: bool
) -> None:
    """Without it Meta does refuse: the other half shows that it counts."""
    for n in range(TRIES):
        own = topics.model_copy(update={"prefix": f"{topics.prefix}{n}."})
        await apply(kafka, own, "tests")
        if (await refusals(kafka, own, tmp_path, deduct=deduct) == 0) is deduct:
            return
    pytest.fail(f"{TRIES} times of {TRIES} it was otherwise")


async def refusals(
    kafka: KafkaSettings, topics: TopicSettings, folder: Path, *, deduct: bool
) -> int:
    """How often Meta refuses a campaign's messages for their rate while customers write."""
    flags = ("--no-service-window", "--cap-counts-inbound")
    settings = {**MARGIN, "SAATH_SENDER__DEDUCT_INBOUND": str(deduct)}
    async with scene(kafka, topics, folder, *flags, **settings) as s:
        s.start()
        await campaign(s, 200)
        await s.wait_for_outcomes(1)
        for n in range(WRITTEN_PER_SECOND * SECONDS):
            await customer_writes(s, f"1650557{n:04}")
            await asyncio.sleep(1 / WRITTEN_PER_SECOND)
        report = await s.meta.control.report(s.id)
    assert report.inbound == WRITTEN_PER_SECOND * SECONDS
    return report.refused_by_code.get("130429", 0)


async def customer_writes(s: Scene, phone: str) -> None:
    """Meta counts a message, and the sender can read of it."""
    wamid = await s.meta.control.customer_writes(s.id, phone=phone, text="Hello?")
    received = MessageReceived(
        id=event_id(wamid, "received"),
        time=now(),
        number=s.id,
        message_id=wamid,
        contact=Contact(phone=phone),
        content=Content.of_text("Hello?"),
    )
    await (await s.publisher.send(INBOUND, received))
