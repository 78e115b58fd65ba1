"""The stand-in for Meta misbehaves, as far as it is asked to and no further."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from tests.flow.sandbox_process import PHONE, Meta, code_of, eventually, sandbox, swallow

from saath_sandbox.client import SandboxError


@pytest.fixture
async def meta() -> AsyncIterator[Meta]:
    """A sandbox as it is by default."""
    async with sandbox() as running:
        yield running


async def test_an_unavailable_stub_comes_before_the_message_with_the_same_id(meta: Meta) -> None:
    number = await meta.control.register_number()

    wamid = await meta.control.customer_writes(
        number.phone_number_id, "From an ad", phone=PHONE, stub_first_seconds=0.05
    )
    await meta.control.wait_until_settled()

    messages = [v["messages"][0] for v in meta.receiver.changes("messages")]
    assert [(m["id"], m["type"]) for m in messages] == [(wamid, "unsupported"), (wamid, "text")]


@pytest.mark.parametrize(("kind", "accepted"), [("cut", 1), ("drop", 0)])
async def test_an_answer_that_never_comes_says_nothing_about_the_message(
    meta: Meta, kind: str, accepted: int
) -> None:
    number = await meta.control.register_number()
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    await meta.control.faults(answers=[{"kind": kind}])

    with pytest.raises(aiohttp.ClientError):
        await meta.send(number)
    await meta.control.wait_until_settled()

    report = await meta.control.report(number.phone_number_id)
    assert report.accepted == accepted
    assert len(meta.receiver.statuses()) == 2 * accepted


async def test_a_hanging_answer_leaves_the_message_accepted(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    await meta.control.faults(answers=[{"kind": "hang"}])

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(meta.send(number), 0.3)

    [arrival] = await meta.control.wait_for_messages(number.phone_number_id)
    assert arrival.outcome == "accepted"


async def test_the_next_answers_are_as_bad_as_asked_for(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    await meta.control.faults(
        answers=[{"kind": "error", "code": 131000}, {"kind": "error", "code": 130429, "times": 2}]
    )

    answers = [await meta.send(number) for _ in range(4)]

    assert [answer[0] for answer in answers] == [500, 400, 400, 200]
    assert [code_of(answer)[1] for answer in answers[:3]] == [131000, 130429, 130429]


async def test_an_accepted_message_can_still_fail(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    await meta.control.faults(fail_statuses_code=131026, fail_statuses_times=1)

    await meta.send(number)
    await meta.control.wait_until_settled()

    [status] = meta.receiver.statuses()
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131026)


async def test_a_status_can_overtake_our_own_answer(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    await meta.control.faults(latency_seconds=0.3, sent_after_seconds=0)

    sending = asyncio.create_task(meta.send(number))
    await meta.control.wait_for_messages(number.phone_number_id)
    await asyncio.sleep(0.1)

    assert [s["status"] for s in meta.receiver.statuses()] == ["sent"]
    assert not sending.done()
    await sending


async def test_jitter_on_the_way_shifts_what_the_witness_writes_down(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    await meta.control.faults(way_jitter_seconds=0.5)

    asked = asyncio.get_running_loop().time()
    sending = [asyncio.create_task(meta.send(number)) for _ in range(12)]
    await asyncio.gather(*sending)

    arrivals = [
        a.arrival_monotonic - asked for a in await meta.control.messages(number.phone_number_id)
    ]
    # Of twelve in half a second, all by chance within the same fifth of it: once in ten million times.
    assert max(arrivals) - min(arrivals) > 0.1


async def test_webhooks_are_doubled_and_shuffled_when_asked_for(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.faults(duplicates=1, reorder=True, batch_max=1, reorder_within_seconds=0.1)

    for index in range(20):
        await meta.control.customer_writes(number.phone_number_id, str(index), phone=PHONE)
    await meta.control.wait_until_settled()
    await eventually(lambda: len(meta.receiver.posts) == 40)

    seen = [v["messages"][0]["text"]["body"] for v in meta.receiver.changes("messages")]
    assert sorted(seen) == sorted([str(index) for index in range(20)] * 2)
    assert list(dict.fromkeys(seen)) != [str(index) for index in range(20)]


async def test_any_body_can_be_posted_with_any_signature(meta: Meta) -> None:
    statuses = [
        await meta.control.raw({"object": "page", "entry": []}),
        await meta.control.raw(text="not json"),
        await meta.control.raw({}, signature="wrong"),
        await meta.control.raw({}, signature="missing"),
    ]

    assert statuses == [200, 200, 401, 401]


async def test_the_control_api_says_what_is_wrong_with_a_request(meta: Meta) -> None:
    with pytest.raises(SandboxError, match="capp: Extra inputs are not permitted"):
        await meta.control.register_number(capp=5)


async def test_a_reset_forgets_numbers_and_messages(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.send(number)

    await meta.control.reset()

    assert await meta.control.messages() == []
    assert code_of(await meta.send(number)) == (400, 100)


async def test_sigterm_ends_it_within_a_second_though_answers_are_held_back(meta: Meta) -> None:
    meta.receiver.answers = [500] * 100
    number = await meta.control.register_number()
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    await meta.control.faults(answers=[{"kind": "hang"}])
    held = [
        asyncio.create_task(swallow(meta.send(number))),
        asyncio.create_task(swallow(meta.control.wait_for_messages("nobody", timeout=60))),
    ]
    await asyncio.sleep(0.2)

    started = time.monotonic()
    meta.process.terminate()
    status = await meta.process.wait()

    assert (status, time.monotonic() - started < 30) == (0, True)
    await asyncio.gather(*held)


async def test_a_bare_http_error_as_of_a_proxy_accepts_nothing(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    await meta.control.faults(answers=[{"kind": "http", "http": 429, "retry_after_seconds": 2}])
    url = f"{meta.control.url}/v25.0/{number.phone_number_id}/messages"
    headers = {"Authorization": f"Bearer {number.access_token}"}
    text = {"messaging_product": "whatsapp", "to": f"+{PHONE}", "text": {"body": "Hello"}}

    async with meta.graph.post(url, json=text, headers=headers) as answer:
        told = (answer.status, answer.headers["Retry-After"])

    report = await meta.control.report(number.phone_number_id)
    assert (told, report.accepted, report.refused_by_code) == ((429, "2"), 0, {"http 429": 1})


async def test_updates_wait_for_company_as_long_as_asked(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.faults(batch_window_seconds=0.5)

    for index in range(5):
        await meta.control.customer_writes(number.phone_number_id, str(index), phone=PHONE)
    deliveries = await meta.control.wait_until_settled()

    assert (deliveries.posts, deliveries.delivered_updates) == (1, 5)
