"""All four services as processes, a bot, people, and the stand-in for Meta as the witness."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from tests.flow.shop import BODY_LIMIT_BYTES, PERSON, THINK, Shop, open_shop
from tests.running import eventually

from saath.codec import decode
from saath.events import (
    HandoffRequested,
    MessageAccepted,
    MessageBackfilled,
    MessageSuperseded,
    OwnerChanged,
    TurnOffered,
    TurnWithdrawn,
    WebhookUnrecognised,
)
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import ACCOUNTS, HANDOFFS, INBOUND, TURNS, dlq_topic, partition_for
from saath_demo.stack import SERVICES, Stack, free_ports
from saath_ingest.signature import sign

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(
    kafka: KafkaSettings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shop]:
    async with open_shop(kafka, tmp_path_factory.mktemp("shop")) as shop:
        yield shop


async def test_a_number_is_connected_and_its_history_is_in_the_log_once(shop: Shop) -> None:
    truth = {message.wamid for message in await shop.run.meta.history(shop.id)}

    seen = await shop.run.watch.wait_for(MessageBackfilled, count=len(truth))

    assert (shop.connected["status"], shop.connected["state"]) == (200, "active")
    assert len(seen) == len(truth)
    assert {message.message_id for message in seen} == truth


async def test_history_is_answered_by_nobody(shop: Shop) -> None:
    await shop.run.all_is_decided()
    watch = shop.run.watch

    old = {message.conversation for message in watch.events(MessageBackfilled)}
    customers = {message.customer for message in await shop.run.meta.history(shop.id)}
    acted = [*watch.events(TurnOffered, TURNS), *watch.events(OwnerChanged)]
    assert [event for event in acted if event.conversation in old] == []
    assert [m for m in await shop.run.meta.messages(shop.id) if m.to in customers] == []


async def test_a_customer_writes_and_the_bot_answers(shop: Shop) -> None:
    await shop.received("16505550101", "Hello?")
    await shop.arrivals("16505550101", 1)

    assert await shop.at_meta("16505550101") == ["You said: Hello?"]


async def test_a_bot_that_answers_after_a_person_did_is_superseded_and_not_sent(shop: Shop) -> None:
    turn = await shop.turn("16505550102", THINK)

    await shop.run.meta.person_answers(shop.id, "16505550102", "I'll take this one.")
    changes = await shop.owners(turn.conversation, 2)
    await shop.run.watch.wait_for(
        TurnWithdrawn, lambda event: event.turn_id == turn.id, topic=TURNS
    )
    await shop.answered_by_hand(turn, "Too late!")
    await shop.run.watch.wait_for(MessageSuperseded, lambda event: event.turn_id == turn.id)

    assert [change.owner for change in changes] == ["bot", "human"]
    assert await shop.at_meta("16505550102") == []


async def test_the_bot_is_silent_while_a_person_has_the_conversation_and_answers_when_released(
    shop: Shop,
) -> None:
    turn = await shop.turn("16505550103", THINK)
    await shop.run.meta.person_answers(shop.id, "16505550103", "Hello, Asha here.")
    await shop.owners(turn.conversation, 2)

    await shop.received("16505550103", "Still there?")
    await shop.run.all_is_decided()
    await shop.commander.release(shop.id, phone="16505550103", by="Asha")
    changes = await shop.owners(turn.conversation, 3)
    await shop.arrivals("16505550103", 1)
    await shop.received("16505550103", "Do you deliver?")
    await shop.arrivals("16505550103", 2)

    assert [change.owner for change in changes] == ["bot", "human", "bot"]
    # What nobody had answered is answered on release; what a person had answered is not.
    answers = ["You said: Still there?", "You said: Do you deliver?"]
    assert await shop.at_meta("16505550103") == answers


async def test_a_handoff_comes_after_the_bots_last_words_are_sent(shop: Shop) -> None:
    asked = await shop.received("16505550104", PERSON)
    [handoff] = await shop.run.watch.wait_for(
        HandoffRequested, lambda h: h.conversation == asked.conversation, topic=HANDOFFS
    )

    said = await shop.at_meta("16505550104")
    changes = await shop.owners(asked.conversation, 2)
    [sent] = await shop.run.watch.wait_for(MessageAccepted, lambda m: m.id == handoff.causation)
    assert said == ["Somebody will be with you."]
    assert [(change.owner, change.reason) for change in changes] == [
        ("bot", "first message"),
        ("human", "asked for"),
    ]
    assert changes[1].causation == sent.id
    assert (handoff.reason, handoff.summary, handoff.by) == ("asked for", "Wants a person", "shop")


async def test_a_person_takes_over_by_command(shop: Shop) -> None:
    turn = await shop.turn("16505550105", THINK)

    await shop.commander.take_over(shop.id, phone="16505550105", by="Asha")
    changes = await shop.owners(turn.conversation, 2)
    withdrawn = await shop.run.watch.wait_for(
        TurnWithdrawn, lambda event: event.turn_id == turn.id, topic=TURNS
    )

    assert [(change.owner, change.reason) for change in changes][1:] == [
        ("human", "taken over by Asha")
    ]
    assert [event.reason for event in withdrawn] == ["taken over by Asha"]


async def test_a_persons_message_from_a_tool_is_sent_and_takes_over(shop: Shop) -> None:
    turn = await shop.turn("16505550106", THINK)

    await shop.sender.send(
        number=shop.id, to="16505550106", message_class="service", text="Asha here.", topic="people"
    )
    changes = await shop.owners(turn.conversation, 2)

    assert await shop.at_meta("16505550106") == ["Asha here."]
    assert [(change.owner, change.reason) for change in changes][1:] == [
        ("human", "answered from a tool")
    ]


async def test_a_campaign_keeps_the_cap_in_every_sliding_second_and_is_sent_once_each(
    shop: Shop,
) -> None:
    customers = [f"1650556{n:04}" for n in range(60)]
    requests = await asyncio.gather(
        *(
            shop.sender.send(
                number=shop.id,
                to=f"+{customer}",
                message_class="marketing",
                template={"name": "marketing_autumn", "language": {"code": "en"}},
                topic="bulk",
            )
            for customer in customers
        )
    )
    accepted = await shop.run.watch.wait_for(
        MessageAccepted, lambda event: event.request in requests, count=len(customers), timeout=30
    )

    report = await shop.run.meta.report(shop.id)
    arrived = [m.to for m in await shop.run.meta.messages(shop.id) if m.type == "template"]
    assert report.max_in_any_sliding_second <= 20
    assert report.refused_by_code == {}
    assert sorted(filter(None, arrived)) == customers
    assert sorted(event.request for event in accepted) == sorted(requests)


async def test_a_customer_who_says_stop_gets_no_marketing_until_they_resume(shop: Shop) -> None:
    customer = "16505550117"
    first = await shop.advertised(customer)
    stopped = await shop.prefers(customer, "stop", 1)
    refused = await shop.advertised(customer)
    resumed = await shop.prefers(customer, "resume", 2)
    await shop.run.all_is_decided()
    last = await shop.advertised(customer)

    assert (stopped, resumed) == (200, 200)
    assert [type(outcome).__name__ for outcome in (first, refused, last)] == [
        "MessageAccepted",
        "MessageRefused",
        "MessageAccepted",
    ]
    assert getattr(refused, "reason", None) == "the customer wants no marketing"
    assert len(await shop.at_meta(customer)) == 2


async def test_no_marketing_while_a_person_has_the_conversation(shop: Shop) -> None:
    turn = await shop.turn("16505550118", THINK)
    await shop.run.meta.person_answers(shop.id, "16505550118", "I'll take this one.")
    held = await shop.advertised("16505550118")
    await shop.owners(turn.conversation, 2)
    await shop.commander.release(shop.id, phone="16505550118", by="Asha")
    await shop.owners(turn.conversation, 3)
    felt = await shop.advertised("16505550118")

    assert [(type(o).__name__, getattr(o, "reason", None)) for o in (held, felt)] == [
        ("MessageSuperseded", "no marketing while a person has the conversation"),
        ("MessageSuperseded", "no marketing so soon after a person had the conversation"),
    ]


@pytest.mark.parametrize(
    ("body", "secret", "status"),
    [
        pytest.param(b'{"object": "page", "entry": []}', "another one", 401, id="wrong signature"),
        pytest.param(b'{"object": "page", "entry": []}', None, 401, id="no signature"),
        pytest.param(b" " * (BODY_LIMIT_BYTES + 1), "", 413, id="too large"),
    ],
)
async def test_a_webhook_that_cannot_be_taken_is_refused(
    shop: Shop, body: bytes, secret: str | None, status: int
) -> None:
    key = secret or shop.run.stack.secrets.app_secret

    answer = await shop.post(body, None if secret is None else sign(body, key))

    assert answer == status


async def test_json_that_is_no_webhook_is_taken_and_kept_as_unrecognised(shop: Shop) -> None:
    body = json.dumps({"object": "page", "entry": [{"id": "1", "odd": "thing"}]}).encode()

    status = await shop.post(body, sign(body, shop.run.stack.secrets.app_secret))

    kept = [decode(r.headers, r.value) for r in await shop.run.committed(ACCOUNTS)]
    assert status == 200
    assert any(isinstance(event, WebhookUnrecognised) for event in kept)


async def test_a_poison_record_goes_to_the_dead_letters_and_the_partition_goes_on(
    shop: Shop,
) -> None:
    where = partition_for(shop.id, await shop.publisher.partitions(INBOUND))
    await (await shop.publisher.send_raw(INBOUND, shop.id, where, b"\xff not an event"))

    await shop.received("16505550107", "Hello?")
    await shop.arrivals("16505550107", 1)

    [dead] = await shop.run.committed(dlq_topic("router"))
    reason = dict(dead.headers)["dlq_reason"]
    assert (dead.key, dead.value) == (shop.id.encode(), b"\xff not an event")
    assert reason == b"no ce_type header: not a CloudEvent in Kafka's binary mode"
    assert await shop.at_meta("16505550107") == ["You said: Hello?"]


async def test_a_service_without_kafka_lives_is_not_ready_and_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody_there = f"127.0.0.1:{taken.getsockname()[1]}"
    kafka = KafkaSettings(bootstrap_servers=nobody_there)
    stack = Stack(kafka, TopicSettings(prefix="none."), tmp_path, free_ports(), {})
    try:
        for name in SERVICES:
            stack.start(name)
        async with aiohttp.ClientSession() as http:
            said = {name: await _said_by(http, stack, name, nobody_there) for name in SERVICES}
    finally:
        await asyncio.to_thread(stack.close)

    assert said == dict.fromkeys(SERVICES, (200, 503))


async def _said_by(
    http: aiohttp.ClientSession, stack: Stack, name: str, words: str
) -> tuple[int, int]:
    """The statuses of /livez and /readyz, once the latter's body contains *words*."""
    status, body = 0, ""

    async def says_so() -> bool:
        nonlocal status, body
        with suppress(aiohttp.ClientError):  # it may not listen yet
            async with http.get(f"{stack.url(name)}/readyz") as answer:
                status, body = answer.status, await answer.text()
        return words in body

    await eventually(says_so, f"{name} does not say {words!r}, but {body!r}", 30)
    async with http.get(f"{stack.url(name)}/livez") as answer:
        return answer.status, status
