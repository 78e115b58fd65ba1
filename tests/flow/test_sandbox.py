"""The stand-in for Meta as a process: webhooks, people and onboarding as Meta has them."""

from collections.abc import AsyncIterator

import pytest
from tests.flow.sandbox_process import PHONE, Meta, code_of, sandbox


@pytest.fixture
async def meta() -> AsyncIterator[Meta]:
    """A sandbox as it is by default."""
    async with sandbox() as running:
        yield running


async def test_a_webhook_that_is_not_answered_200_is_delivered_again_with_the_same_bytes(
    meta: Meta,
) -> None:
    number = await meta.control.register_number()
    meta.receiver.answers = [500, 500]

    await meta.control.customer_writes(number.phone_number_id, "¿Hola? a@b/c 👍", phone=PHONE)
    deliveries = await meta.control.wait_until_settled()

    first, second, third = meta.receiver.posts
    assert first == second == third
    assert b"\\u00bfHola? a\\u0040b\\/c \\ud83d\\udc4d" in first
    assert (deliveries.redelivered, deliveries.refused, meta.receiver.wrongly_signed) == (
        2,
        {"500": 2},
        0,
    )


async def test_a_number_keeps_its_order_while_it_is_delivered_again(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.faults(batch_max=3)
    meta.receiver.answers = [200, 500, 200, 503]

    for index in range(20):
        await meta.control.customer_writes(number.phone_number_id, str(index), phone=PHONE)
    await meta.control.wait_until_settled()

    seen = [v["messages"][0]["text"]["body"] for v in meta.receiver.changes("messages")]
    assert seen == [str(index) for index in range(20)]


async def test_a_code_lives_thirty_seconds_and_is_used_once(meta: Meta) -> None:
    number = await meta.control.register_number()
    first, second = [await meta.control.issue_code(number.waba_id) for _ in range(2)]

    exchanged = await meta.exchange(first)
    again = await meta.exchange(first)
    await meta.control.advance_clock(31)
    late = await meta.exchange(second)

    assert (exchanged[0], exchanged[1]["token_type"]) == (200, "bearer")
    assert (code_of(again), code_of(late)) == ((400, 100), (400, 100))


async def test_a_token_is_good_for_its_own_waba_only(meta: Meta) -> None:
    ours, theirs = [await meta.control.register_number() for _ in range(2)]
    path = f"{theirs.phone_number_id}?fields=is_on_biz_app,platform_type"

    own = await meta.call("GET", path, theirs.access_token)
    foreign = await meta.call("GET", path, ours.access_token)
    none = await meta.call("GET", path)

    assert own == (
        200,
        {"is_on_biz_app": True, "platform_type": "CLOUD_API", "id": theirs.phone_number_id},
    )
    assert (code_of(foreign), code_of(none)) == ((401, 190), (401, 190))


async def test_contacts_and_history_are_sent_once_per_onboarding_and_within_a_day(
    meta: Meta,
) -> None:
    number = await meta.control.register_number()

    first = [(await meta.sync(number, kind))[0] for kind in ("smb_app_state_sync", "history")]
    second = [code_of(await meta.sync(number, kind)) for kind in ("smb_app_state_sync", "history")]
    await meta.control.issue_code(number.waba_id)
    renewed = (await meta.sync(number, "history"))[0]
    await meta.control.issue_code(number.waba_id)
    await meta.control.advance_clock(24 * 3600 + 1)
    late = code_of(await meta.sync(number, "history"))

    assert (first, second) == ([200, 200], [(400, 2593107), (400, 2593107)])
    assert (renewed, late) == (200, (400, 2593108))


async def test_the_history_arrives_whole_and_in_phases(meta: Meta) -> None:
    spec = {"contacts": 4, "messages": 200, "media": 30, "chunk_messages": 20}
    number = await meta.control.register_number(history={**spec, "interval_seconds": 0.001})

    await meta.sync(number, "history")
    await meta.control.wait_until_settled()

    truth = await meta.control.history(number.phone_number_id)
    values = meta.receiver.changes("history")
    chunks = [value["history"][0] for value in values if "history" in value]
    ids = [m["id"] for chunk in chunks for thread in chunk["threads"] for m in thread["messages"]]
    followed = [v for v in values if "history" not in v]
    assert sorted(ids) == sorted(message.wamid for message in truth)
    assert {chunk["metadata"]["phase"] for chunk in chunks} == {0, 1, 2}
    assert max(chunk["metadata"]["progress"] for chunk in chunks) == 100
    assert len(followed) == sum(message.media_follows for message in truth) > 0


async def test_a_declined_history_is_an_error_in_a_webhook(meta: Meta) -> None:
    number = await meta.control.register_number(history="declined")

    status, _ = await meta.sync(number, "history")
    await meta.control.wait_until_settled()

    [value] = meta.receiver.changes("history")
    assert (status, value["history"][0]["errors"][0]["code"]) == (200, 2593109)


async def test_nothing_is_delivered_before_the_waba_is_subscribed(meta: Meta) -> None:
    number = await meta.control.register_number(subscribed=False)
    await meta.control.customer_writes(number.phone_number_id, "too early", phone=PHONE)

    subscribed = await meta.call("POST", f"{number.waba_id}/subscribed_apps", number.access_token)
    await meta.control.customer_writes(number.phone_number_id, "in time", phone=PHONE)
    deliveries = await meta.control.wait_until_settled()

    texts = [v["messages"][0]["text"]["body"] for v in meta.receiver.changes("messages")]
    assert (subscribed, texts, deliveries.unsubscribed) == (
        (200, {"success": True}),
        ["in time"],
        1,
    )


async def test_the_webhook_is_challenged_with_the_verify_token(meta: Meta) -> None:
    verified = await meta.control.verify_webhook()

    assert (verified.ok, verified.status) == (True, 200)


async def test_a_person_answers_edits_and_deletes_in_the_app(meta: Meta) -> None:
    number = await meta.control.register_number(display_phone_number="15550783881")
    name = number.phone_number_id

    wamid = await meta.control.person_answers(name, PHONE, "I'll take this")
    await meta.control.person_edits(name, PHONE, wamid, "I will take this")
    await meta.control.person_revokes(name, PHONE, wamid)
    await meta.control.wait_until_settled()

    echoes = [v["message_echoes"][0] for v in meta.receiver.changes("smb_message_echoes")]
    targets = [echo.get(echo["type"], {}).get("original_message_id") for echo in echoes]
    assert [echo["type"] for echo in echoes] == ["text", "edit", "revoke"]
    assert targets == [None, wamid, wamid]
    assert {(echo["from"], echo["to"]) for echo in echoes} == {("15550783881", PHONE)}


async def test_the_apps_greeting_is_an_ordinary_echo_to_whoever_writes_first(meta: Meta) -> None:
    number = await meta.control.register_number(greeting="Welcome!", greeting_after_seconds=0.01)

    for _ in range(2):
        await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    await meta.control.wait_until_settled()

    [echo] = [v["message_echoes"][0] for v in meta.receiver.changes("smb_message_echoes")]
    report = await meta.control.report(number.phone_number_id)
    assert (echo["text"], echo["type"]) == ({"body": "Welcome!"}, "text")
    assert (report.echoes_by_app, report.echoes_by_people) == (1, 0)
