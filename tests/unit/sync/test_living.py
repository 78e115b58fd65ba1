"""What one partition does with a number's life: words handed on, alarms set, events said once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.sync.samples import ACCOUNT, NOW, NUMBER, chunk, contact, message
from tests.unit.sync.stage import Meta, Stage

from saath.codec import decode, encode
from saath.events import (
    AccountUpdated,
    Contact,
    Content,
    Event,
    MessageEchoed,
    MessageReceived,
    NumberRecorded,
    NumberStateChanged,
)
from saath.kafka.layout import Layout
from saath.kafka.records import Output, Record
from saath.topics import (
    ACCOUNTS,
    HISTORY,
    INBOUND,
    NUMBER_EVENTS,
    NUMBERS,
    TOPICS,
    Topic,
    partition_for,
)
from saath_sync import living
from saath_sync.connect_failed import ConnectFailed
from saath_sync.facts import AppOpened, Probed
from saath_sync.handler import STATE, Installation, SyncHandler
from saath_sync.ledger import Ledger
from saath_sync.life import Probing
from saath_sync.onboarding import Refused

PARTITIONS = 24
LAYOUT = Layout({topic.name: PARTITIONS for topic in TOPICS})
OURS = partition_for(NUMBER, PARTITIONS)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def known() -> list[NumberRecorded]:
    return [
        NumberRecorded(id=n, time=NOW, number=n, state="active", account=ACCOUNT)
        for n in (NUMBER, "2")
    ]


def owner() -> SyncHandler:
    installation = Installation(b"0123456789abcdef", LAYOUT, HOUR, known=known)
    return SyncHandler(OURS, installation)


def record(event: Event, topic: Topic, offset: int = 0) -> Record:
    headers, value = encode(event)
    return Record(
        topic,
        OURS,
        offset,
        int(event.time.timestamp() * 1000),
        NUMBER.encode(),
        value,
        tuple(headers),
    )


def working(at: datetime = NOW) -> SyncHandler:
    handler = owner()
    list(handler.handle(record(message("a"), HISTORY), at))
    return handler


def words(outputs: Any) -> list[str]:
    found = []
    for output in outputs:
        if output.topic is NUMBER_EVENTS:
            event = decode(output.headers, output.value)
            kind = event.type.split(".")[3]
            found.append(event.state if isinstance(event, NumberStateChanged) else kind)
    return found


def said(event: str, at: datetime = NOW, number: str | None = NUMBER) -> AccountUpdated:
    return AccountUpdated(
        id=f"{event}{at}",
        time=at,
        number=number,
        account=ACCOUNT,
        field="account_update",
        event=event,
        details={"event": event},
    )


def echo(at: datetime) -> MessageEchoed:
    return MessageEchoed(
        id="e",
        time=at,
        number=NUMBER,
        message_id="wamid.e",
        contact=Contact(phone="16505551234"),
        content=Content.of_text("Hello"),
    )


def test_a_number_that_works_is_told_of_once() -> None:
    handler = owner()
    first = list(handler.handle(record(message("a"), HISTORY), NOW))

    assert (words(first), words(handler.handle(record(chunk(0, 1), HISTORY, 1), NOW))) == (
        ["active"],
        [],
    )


def test_what_meta_says_of_an_account_is_handed_to_each_of_its_numbers() -> None:
    outputs = list(working().handle(record(said("ACCOUNT_OFFBOARDED", number=None), ACCOUNTS), NOW))

    assert [(o.topic.name, o.key, o.partition) for o in outputs] == [
        (ACCOUNTS.name, n.encode(), partition_for(n, PARTITIONS)) for n in sorted((NUMBER, "2"))
    ]


def test_handed_on_twice_it_is_one_word_with_one_id() -> None:
    handler = working()
    update = record(said("ACCOUNT_OFFBOARDED", number=None), ACCOUNTS)
    ids = [dict(o.headers)["ce_id"] for _ in range(2) for o in handler.handle(update, NOW)]

    assert len(set(ids)) == 2


def test_where_it_is_a_numbers_own_it_is_acted_on_once_and_published() -> None:
    handler = working()
    update = record(said("ACCOUNT_OFFBOARDED"), ACCOUNTS)
    outputs = list(handler.handle(update, NOW))
    again = list(handler.handle(update, NOW))
    recorded = [o for o in handler.finish({}, NOW) if o.topic is NUMBERS]
    row = decode(recorded[0].headers, recorded[0].value)

    assert (words(outputs), again) == (["offboarded"], [])
    assert isinstance(row, NumberRecorded)
    assert row.state == "offboarded"


def test_an_echo_a_change_of_the_address_book_or_a_person_show_that_the_app_lives() -> None:
    handler = working()
    due = []
    list(handler.handle(record(echo(NOW + DAY), INBOUND), NOW + DAY))
    due.append(handler.next_due())
    change = contact("add").model_copy(update={"time": NOW + 2 * DAY})
    list(handler.handle(record(change, ACCOUNTS), NOW + 2 * DAY))
    due.append(handler.next_due())
    list(handler.handle_fact(AppOpened(NUMBER), NOW + 3 * DAY))
    due.append(handler.next_due())

    assert due == [NOW + (10 + n) * DAY for n in (1, 2, 3)]


def test_what_a_customer_writes_says_nothing_of_the_app() -> None:
    handler = working()
    received = MessageReceived(
        id="r",
        time=NOW + DAY,
        number=NUMBER,
        message_id="wamid.r",
        contact=Contact(phone="16505551234"),
        content=Content.of_text("Hello"),
    )
    list(handler.handle(record(received, INBOUND), NOW + DAY))

    assert handler.next_due() == NOW + 10 * DAY


def test_a_silence_is_told_of_twice_and_no_more() -> None:
    handler = working()
    found = []
    for day in range(40):
        now = NOW + day * DAY
        due = handler.next_due()
        if due and due <= now:
            found.append((day, words(handler.fire(now, now))))

    assert found == [(10, ["heartbeat_at_risk"]), (13, ["heartbeat_lost"])]


def test_the_silence_of_a_number_that_is_not_connected_says_nothing() -> None:
    handler = working()
    list(handler.handle(record(said("PARTNER_REMOVED"), ACCOUNTS), NOW))

    assert handler.next_due() is None


def test_whoever_takes_over_has_the_same_alarm_and_says_nothing_twice() -> None:
    handler = working()
    list(handler.fire(NOW + 10 * DAY, NOW + 10 * DAY))
    state = [o for o in handler.finish({}, NOW) if o.topic is STATE]
    restored = owner()
    for output in state:
        restored.restore(output.key or b"", output.value)

    assert restored.next_due() == handler.next_due() == NOW + 13 * DAY


def test_the_probe_finds_a_silent_disconnection() -> None:
    handler = working()
    found: list[str] = []
    for times in range(2):
        at = NOW + HOUR + times * Probing().again_after
        found += words(handler.handle_fact(Probed(NUMBER, "gone", "error 100", at), at))

    assert found == ["disconnected"]


def test_a_restriction_ends_by_itself_at_its_time() -> None:
    handler = working()
    update = said("ACCOUNT_RESTRICTION")
    until = NOW + HOUR
    update.details["restriction_info"] = [
        {
            "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING",
            "expiration": int(until.timestamp()),
        }
    ]
    began = words(handler.handle(record(update, ACCOUNTS), NOW))

    assert (began, handler.next_due(), words(handler.fire(until, until))) == (
        ["restricted"],
        until,
        ["active"],
    )


async def test_a_number_whose_past_was_not_asked_for_is_warned_of_until_the_time_is_over() -> None:
    stage = Stage(Meta(answers={"subscribe": [Refused(10, "Permission denied")]}))
    with pytest.raises(ConnectFailed, match="Permission denied") as failed:
        await stage.connect()
    ledger = failed.value.ledger
    assert ledger is not None
    layout = Layout({t.name: 1 for t in TOPICS})
    handler = SyncHandler(0, Installation(b"0123456789abcdef", layout, HOUR))
    for output in stage.written:
        if output.topic.name == STATE.name:
            handler.restore(output.key or b"", output.value)
    outputs: list[Output] = []
    for hour in range(30):
        now = stage.clock.now() + hour * HOUR
        due = handler.next_due()
        if due and due <= now:
            outputs += handler.fire(now, now)
    told = [decode(o.headers, o.value) for o in outputs]

    assert not ledger.connected
    assert [(type(e).__name__, (e.time - NOW) / HOUR) for e in told] == [
        ("SyncDeadlineNear", 12),
        ("SyncDeadlineNear", 20),
        ("SyncDeadlineNear", 23),
        ("SyncDeadlinePassed", 24),
    ]


async def test_a_number_connected_again_after_its_end_begins_anew() -> None:
    stage = Stage()
    await stage.connect()
    async with stage.pod() as connector:
        handler = connector.numbers.handlers[0]
        list(handler.handle(record(said("ACCOUNT_DELETED"), ACCOUNTS), NOW))
    stage.written += handler.finish({}, NOW)
    stage.clock.pass_minutes(60)
    again = await stage.connect()

    assert (again.connected, again.life.state) == (True, "active")


def test_a_number_that_was_gone_works_again_only_when_its_steps_are_done() -> None:
    gone = living.account_said(Ledger(number=NUMBER, connected=True), said("ACCOUNT_DELETED"), NOW)
    back = living.connected_anew(gone.ledger, NOW + HOUR)

    assert (back.connected, back.life.state) == (False, "active")
