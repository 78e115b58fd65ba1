"""The stand-in for Meta takes messages: limits, statuses, prices, and its own count."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.flow.sandbox_process import PHONE, Meta, code_of, sandbox


@pytest.fixture
async def meta() -> AsyncIterator[Meta]:
    """A sandbox as it is by default."""
    async with sandbox() as running:
        yield running


async def test_beyond_the_cap_of_a_sliding_second_is_130429(meta: Meta) -> None:
    number = await meta.control.register_number(cap=20)
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)

    answers = await asyncio.gather(*(meta.send(number) for _ in range(30)))
    await asyncio.sleep(1.0)
    later = await meta.send(number)

    refused = [code_of(answer) for answer in answers if answer[0] != 200]
    report = await meta.control.report(number.phone_number_id)
    assert (refused, later[0]) == ([(400, 130429)] * 10, 200)
    assert (report.accepted, report.refused_by_code, report.max_in_any_sliding_second) == (
        21,
        {"130429": 10},
        30,
    )


async def test_the_cap_is_a_numbers_own(meta: Meta) -> None:
    numbers = [await meta.control.register_number(cap=5) for _ in range(3)]
    for number in numbers:
        await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)

    answers = await asyncio.gather(*(meta.send(n) for n in numbers for _ in range(5)))

    assert {answer[0] for answer in answers} == {200}


async def test_the_forty_sixth_message_to_one_customer_is_131056() -> None:
    async with sandbox("--cap", "1000") as meta:
        number = await meta.control.register_number()
        await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
        await meta.control.customer_writes(number.phone_number_id, "Hi", phone="14155550100")

        answers = [await meta.send(number) for _ in range(46)]
        other = await meta.send(number, "14155550100")

        assert [answer[0] for answer in answers[:45]] == [200] * 45
        assert (code_of(answers[45]), other[0]) == ((400, 131056), 200)


async def test_outside_of_the_service_window_only_a_template_goes(meta: Meta) -> None:
    number = await meta.control.register_number()
    template = {"name": "marketing_june", "language": {"code": "en"}}

    before = await meta.send(number)
    sent = await meta.send(number, type="template", template=template)
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    during = await meta.send(number)
    await meta.control.advance_clock(24 * 3600 + 2)
    after = await meta.send(number)

    assert (code_of(before), sent[0], during[0], code_of(after)) == (
        (400, 131047),
        200,
        200,
        (400, 131047),
    )


async def test_an_accepted_message_is_sent_delivered_and_read_with_its_price_and_callback() -> None:
    async with sandbox("--read-after-seconds", "0.2") as meta:
        number = await meta.control.register_number()
        await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)

        _, answer = await meta.send(number, biz_opaque_callback_data="job-1|c|7")
        await meta.control.wait_until_settled()

        wamid = answer["messages"][0]["id"]
        told = [
            (s["status"], s["id"], s["recipient_id"], s["biz_opaque_callback_data"], "pricing" in s)
            for s in meta.receiver.statuses()
        ]
        assert told == [
            ("sent", wamid, PHONE, "job-1|c|7", True),
            ("delivered", wamid, PHONE, "job-1|c|7", True),
            ("read", wamid, PHONE, "job-1|c|7", False),
        ]
        [arrival] = await meta.control.messages(number.phone_number_id)
        assert (arrival.wamid, arrival.status, arrival.text) == (wamid, "read", "Hello")


async def test_what_is_free_and_what_is_paid_is_counted(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.approve_template("autumn", "marketing")
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    template = {"name": "autumn", "language": {"code": "en"}}

    await meta.send(number)
    await meta.send(number, type="template", template=template)
    await meta.control.wait_until_settled()

    report = await meta.control.report(number.phone_number_id)
    assert (report.free, report.paid, report.prices) == (
        1,
        1,
        {"free_customer_service service": 1, "regular marketing": 1},
    )


async def test_a_removed_partner_can_no_longer_see_or_use_the_number(meta: Meta) -> None:
    number = await meta.control.register_number()

    await meta.control.account_update("PARTNER_REMOVED", number=number.phone_number_id)
    await meta.control.wait_until_settled()
    seen = await meta.call("GET", number.phone_number_id, number.access_token)
    sent = await meta.send(number)

    [value] = meta.receiver.changes("account_update")
    assert value == {"phone_number": number.display_phone_number, "event": "PARTNER_REMOVED"}
    assert (code_of(seen), seen[1]["error"]["error_subcode"]) == ((400, 100), 33)
    assert code_of(sent) == (400, 100)


async def test_read_marks_are_taken_and_not_counted_as_messages(meta: Meta) -> None:
    number = await meta.control.register_number(cap=1)
    wamid = await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
    path = f"{number.phone_number_id}/messages"

    marked = [await meta.call("POST", path, number.access_token, json=mark) for _ in range(2)]
    sent = await meta.send(number)

    report = await meta.control.report(number.phone_number_id)
    assert (marked, sent[0]) == ([(200, {"success": True})] * 2, 200)
    assert (report.read_marks, report.accepted, report.max_in_any_sliding_second) == (2, 1, 1)


async def test_a_message_accepted_twice_shows_by_its_callback_data(meta: Meta) -> None:
    number = await meta.control.register_number()
    await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)

    for callback in ("a", "b", "a"):
        await meta.send(number, biz_opaque_callback_data=callback)

    report = await meta.control.report(number.phone_number_id)
    assert report.duplicates == {"a": 2}


async def test_only_the_last_messages_are_kept_and_the_sums_stay() -> None:
    async with sandbox("--messages-kept", "3", "--cap", "1000") as meta:
        number = await meta.control.register_number()
        await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)

        for index in range(5):
            await meta.send(number, biz_opaque_callback_data=str(index))

        kept = await meta.control.messages(number.phone_number_id)
        report = await meta.control.report(number.phone_number_id)
        assert ([message.callback for message in kept], report.accepted) == (["2", "3", "4"], 5)


async def test_inbound_fills_the_second_where_the_number_says_so(meta: Meta) -> None:
    number = await meta.control.register_number(cap=3, cap_counts_inbound=True)
    for _ in range(2):
        await meta.control.customer_writes(number.phone_number_id, "Hi", phone=PHONE)

    answers = await asyncio.gather(*(meta.send(number) for _ in range(3)))

    assert sorted(answer[0] for answer in answers) == [200, 400, 400]
