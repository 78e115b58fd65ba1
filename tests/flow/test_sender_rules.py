"""What the sender keeps back, refuses and ends, on a real broker: stops, grants, ages, lost requests."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from tests.flow.sender_process import BOT, Scene, now, scene, templated, worded

from saath.events import (
    Contact,
    ContactPreferenceChanged,
    MessageRefused,
    OutcomeEvent,
    OwnershipRecorded,
)
from saath.grants import Grant, Grants
from saath.identity import uuid7
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import INBOUND, OUTBOUND, OUTBOUND_BULK, OWNERS, partition_for

PHONE, OTHER = "16505550001", "16505550002"
MARGIN = {"SAATH_SENDER__CAP_MARGIN_SECONDS": "0.5"}
Place = Callable[..., AbstractAsyncContextManager[Scene]]


@pytest.fixture
def place(kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path) -> Place:
    def make(*flags: str, **settings: str) -> AbstractAsyncContextManager[Scene]:
        return scene(kafka, topics, tmp_path, "--no-service-window", *flags, **MARGIN, **settings)

    return make


def ended(outcomes: Sequence[OutcomeEvent]) -> dict[str, str]:
    return {outcome.request: type(outcome).__name__ for outcome in outcomes}


async def marketing(s: Scene, name: str, to: str = PHONE) -> None:
    rest = {"id": name, "number": s.id, "to": f"+{to}", "class": "marketing"}
    await s.asked(OUTBOUND_BULK, messages=[templated()], **rest)


async def stopped(s: Scene, phone: str) -> int:
    """The customer says stop; the offset of that in inbound."""
    event = ContactPreferenceChanged(
        id=f"preference_{phone}",
        time=now(),
        number=s.id,
        contact=Contact(phone=phone),
        category="marketing_messages",
        value="stop",
    )
    return int((await (await s.publisher.send(INBOUND, event))).offset)


async def test_a_stop_holds_marketing_from_when_it_is_logged_and_refuses_it_once_it_is_judged(
    place: Place,
) -> None:
    async with place() as s:
        conversation = await s.owned(PHONE)
        await s.owned(OTHER)
        s.start()
        await marketing(s, "before")
        await s.wait_for_outcomes(1)
        offset = await stopped(s, PHONE)
        await marketing(s, "after")
        await marketing(s, "others", OTHER)
        await s.replied(PHONE, "no marketing", turn="t_1")
        held = ended(await s.wait_for_outcomes(3))
        await asyncio.sleep(0.5)
        still = len(await s.outcomes())
        judged = OwnershipRecorded(
            id="judged",
            time=now(),
            number=s.id,
            conversation=conversation,
            owner="bot",
            epoch=1,
            bot=BOT,
            addresses=Contact(phone=PHONE),
            marketing_stopped=True,
        )
        await s.publisher.publish(OWNERS, judged)
        await s.decided(inbound=offset + 1)
        outcomes = await s.wait_for_outcomes(4)

        accepted = dict.fromkeys(("before", "others", "t_1"), "MessageAccepted")
        assert (held, still, ended(outcomes)) == (
            accepted,
            3,
            accepted | {"after": "MessageRefused"},
        )
        assert (await s.meta.control.report(s.id)).accepted == 3


async def test_where_grants_are_asked_for_nobody_sends_without_one(place: Place) -> None:
    grants = Grants(["a-grant-key"])
    until = int(time.time()) + 3600
    good = grants.sign(Grant("shop", ("*",), ("utility",), until))
    written = {
        "good": good,
        "another_number": grants.sign(Grant("shop", ("1",), ("*",), until)),
        "another_class": grants.sign(Grant("shop", ("*",), ("marketing",), until)),
        "expired": grants.sign(Grant("shop", ("*",), ("*",), until - 7200)),
        "forged": Grants(["mine"]).sign(Grant("shop", ("*",), ("*",), until)),
        "none": None,
    }
    async with place(
        SAATH_GRANT_KEYS="a-newer-key,a-grant-key", SAATH_SENDER__GRANTS_REQUIRED="outbound"
    ) as s:
        await s.owned(PHONE)
        s.start()
        for name, grant in written.items():
            with_grant = {} if grant is None else {"grant": grant}
            ask = {"id": name, "number": s.id, "to": PHONE}
            await s.asked(
                OUTBOUND, messages=[templated()], **ask, **with_grant, **{"class": "utility"}
            )
        await s.replied(PHONE, "a turn needs none", turn="t_1")
        await marketing(s, "bulk_needs_none", OTHER)
        outcomes = await s.wait_for_outcomes(8)

        refused = {o.request: o.pointer for o in outcomes if isinstance(o, MessageRefused)}
        assert refused == dict.fromkeys(
            ("another_number", "another_class", "expired", "forged", "none"), "/grant"
        )
        assert {o.request: o.granted_to for o in outcomes if o.request not in refused} == {
            "good": "shop",
            "t_1": None,
            "bulk_needs_none": None,
        }


async def test_an_old_id_is_refused_and_a_repeat_that_waited_while_the_sender_was_down_is_not_sent(
    place: Place,
) -> None:
    async with place() as s:
        fresh = uuid7(time.time_ns() // 1_000_000, 1)
        old = uuid7((time.time_ns() // 1_000_000) - 16 * 60_000, 2)
        process = s.start()
        await marketing(s, fresh)
        await marketing(s, old)
        first = ended(await s.wait_for_outcomes(2))
        process.terminate()
        await asyncio.to_thread(process.wait, 60)
        await marketing(s, fresh)
        await marketing(s, "last", OTHER)
        s.start()
        outcomes = await s.wait_for_outcomes(3)

        said = {fresh: "MessageAccepted", old: "MessageRefused"}
        assert (first, ended(outcomes)) == (said, said | {"last": "MessageAccepted"})
        assert [o.pointer for o in outcomes if isinstance(o, MessageRefused)] == ["/id"]
        assert (await s.meta.control.report(s.id)).accepted == 2


async def test_a_request_for_an_unknown_number_waits_and_is_refused_by_name(place: Place) -> None:
    async with place(SAATH_SENDER__UNKNOWN_NUMBER_FOR_SECONDS="3") as s:
        count = s.topics.partitions
        unknown = next(
            str(n)
            for n in range(900_000, 900_100)
            if partition_for(str(n), count) == partition_for(s.id, count)
        )
        s.start()
        await marketing(s, "known", OTHER)
        await s.wait_for_outcomes(1)
        ask = {"id": "unknown", "number": unknown, "to": PHONE, "messages": [templated()]}
        await s.asked(OUTBOUND_BULK, key=unknown, **ask, **{"class": "utility"})
        asked_at = time.monotonic()
        [_, outcome] = await s.wait_for_outcomes(2)
        waited = time.monotonic() - asked_at

        assert isinstance(outcome, MessageRefused)
        assert (outcome.number, outcome.reason, outcome.pointer) == (
            unknown,
            "the number is unknown",
            "/number",
        )
        assert waited >= 2.5


async def test_a_forged_an_expired_and_a_foreign_turn_are_refused_by_name(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE)
        s.start()
        turns = {
            "forged": "t1.forged",
            "expired": s.turn(PHONE, turn="t_1", seconds=-5),
            "good": s.turn(PHONE, turn="t_2"),
        }
        for name, turn in turns.items():
            await s.asked(OUTBOUND, id=name, turn=turn, messages=[worded(name)])
        ask = {"id": "foreign", "turn": turns["good"], "number": "1"}
        await s.asked(OUTBOUND, messages=[worded("foreign")], **ask)
        outcomes = await s.wait_for_outcomes(4)

        assert {o.request: o.pointer for o in outcomes if isinstance(o, MessageRefused)} == {
            "forged": "/turn",
            "expired": "/turn",
            "foreign": "/number",
        }
        assert [a.text for a in await s.meta.control.messages(s.id)] == ["good"]


async def test_what_a_paused_number_never_loaded_ends_as_expired_too(place: Place) -> None:
    async with place(SAATH_SENDER__LANE_MAX="2") as s:
        await s.number_recorded(state="offboarded")
        until = (now() + timedelta(seconds=6)).isoformat()
        for n in range(7):
            ask = {"id": f"b{n}", "number": s.id, "to": f"+1650556{n:04}", "class": "utility"}
            await s.asked(OUTBOUND_BULK, messages=[templated()], expires_at=until, **ask)
        s.start()
        outcomes = await s.wait_for_outcomes(7)

        assert ended(outcomes) == {f"b{n}": "MessageExpired" for n in range(7)}
        assert (await s.meta.control.report(s.id)).accepted == 0


async def test_what_retention_took_is_said_to_have_expired_where_it_has_a_name(
    place: Place, kafka: KafkaSettings
) -> None:
    async with place(SAATH_SENDER__LANE_MAX="2") as s:
        ask = {"id": "half", "number": s.id, "to": PHONE, "class": "utility"}
        process = s.start()
        # One message leaves; before the next one to the same customer, the number is taken away.
        await s.meta.control.faults(latency_seconds=3)
        await s.asked(OUTBOUND_BULK, messages=[templated()] * 3, **ask)
        await s.meta.control.wait_for_messages(s.id, 1)
        await s.number_recorded(state="offboarded")
        for n in range(6):
            await marketing(s, f"b{n}", OTHER)
        [first] = await s.wait_for_outcomes(1)
        await asyncio.sleep(1.0)
        process.terminate()
        await asyncio.to_thread(process.wait, 60)
        await delete_before(s, kafka, 5)
        await s.number_recorded(state="active")
        await s.meta.control.faults(latency_seconds=0)
        s.start()
        outcomes = await s.wait_for_outcomes(4)

        assert first.request == "half"
        assert Counter((o.request, o.index, type(o).__name__) for o in outcomes) == Counter(
            [
                ("half", 0, "MessageAccepted"),
                ("half", 1, "MessageExpired"),
                ("b4", 0, "MessageAccepted"),
                ("b5", 0, "MessageAccepted"),
            ]
        )


async def delete_before(s: Scene, kafka: KafkaSettings, offset: int) -> None:
    """Retention takes what stands before *offset* of the number's campaigns."""
    where = TopicPartition(
        OUTBOUND_BULK.full_name(s.topics.prefix), partition_for(s.id, s.topics.partitions)
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_records({where: RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()
