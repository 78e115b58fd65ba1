"""The sender as a process, on a real broker, judged by the sandbox's own count."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from tests.flow.sender_process import Scene, scene, templated, worded

from saath.events import OutcomeEvent
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, dlq_topic

PHONE, OTHER = "16505550001", "16505550002"
# Pytest, broker, sandbox and sender share two cores here, which shifts arrivals by far more than the
# 10 ms that the promise leaves for the network; with half a second no test passes or fails on a clock,
# and one without a pace still shows. What leaves, to the millisecond, is proved in unit tests.
MARGIN = {"SAATH_SENDER__CAP_MARGIN_SECONDS": "0.5"}

Place = Callable[..., AbstractAsyncContextManager[Scene]]


@pytest.fixture
def place(kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path) -> Place:
    def make(*flags: str, **settings: str) -> AbstractAsyncContextManager[Scene]:
        return scene(kafka, topics, tmp_path, "--no-service-window", *flags, **MARGIN, **settings)

    return make


def kinds(outcomes: Sequence[OutcomeEvent]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


async def campaign(s: Scene, count: int, name: str = "camp") -> None:
    for i in range(count):
        await s.asked(
            OUTBOUND_BULK,
            id=f"{name}-{i}",
            number=s.id,
            to=f"+1650556{i:04}",
            messages=[templated()],
            in_doubt="resend",
            **{"class": "marketing"},
        )


async def test_a_reply_is_sent_and_its_outcome_names_the_message(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE)
        s.start()
        await s.replied(PHONE, "Yes, in blue.", turn="t_1", then="done")

        [outcome] = await s.wait_for_outcomes(1)

        [arrival] = await s.meta.control.messages(s.id)
        assert outcome.model_dump(include={"request", "message_id", "then", "to", "turn_id"}) == {
            "request": "t_1",
            "message_id": arrival.wamid,
            "then": "done",
            "to": f"+{PHONE}",
            "turn_id": "t_1",
        }


async def test_a_turn_answered_twice_is_sent_once(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE)
        s.start()
        await s.replied(PHONE, "first", turn="t_1")
        await s.replied(PHONE, "second", turn="t_1")
        await s.wait_for_outcomes(1)
        await s.replied(PHONE, "third", turn="t_1")
        await s.replied(PHONE, "another turn", turn="t_2")
        await s.wait_for_outcomes(2)

        arrivals = await s.meta.control.messages(s.id)
        assert [arrival.text for arrival in arrivals] == ["first", "another turn"]


async def test_messages_of_one_request_arrive_in_its_order(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE)
        s.start()
        words = [worded(str(n)) for n in range(5)]
        await s.asked(OUTBOUND, turn=s.turn(PHONE, turn="t_1"), messages=words)
        await s.wait_for_outcomes(5)

        arrivals = await s.meta.control.messages(s.id)
        assert [arrival.text for arrival in arrivals] == ["0", "1", "2", "3", "4"]


async def test_a_reply_of_an_older_epoch_is_superseded(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE, epoch=7)
        s.start()
        await s.replied(PHONE, "too late", epoch=6)

        outcomes = await s.wait_for_outcomes(1)

        assert kinds(outcomes) == ["MessageSuperseded"]
        assert await s.meta.control.messages(s.id) == []


async def test_an_unjudged_echo_holds_the_bot_until_the_router_has_judged_it(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE)
        s.start()
        await s.replied(PHONE, "warm up", turn="t_0")
        await s.wait_for_outcomes(1)

        offset = await s.echoed(PHONE)
        await s.replied(PHONE, "the bot's", turn="t_1")
        await asyncio.sleep(1.0)
        held = kinds(await s.outcomes())
        await s.owned(PHONE, epoch=2, owner="human")
        await s.decided(inbound=offset + 1)
        outcomes = await s.wait_for_outcomes(2)

        assert (held, kinds(outcomes)) == (
            ["MessageAccepted"],
            ["MessageAccepted", "MessageSuperseded"],
        )
        assert [a.text for a in await s.meta.control.messages(s.id)] == ["warm up"]


async def test_an_echo_to_an_unknown_address_holds_the_whole_number(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE)
        offset = await s.echoed(OTHER)
        s.start()
        await s.replied(PHONE, "held", turn="t_1")
        await asyncio.sleep(4.0)
        held = await s.outcomes()
        await s.decided(inbound=offset + 1)
        outcomes = await s.wait_for_outcomes(1)

        assert (held, kinds(outcomes)) == ([], ["MessageAccepted"])


async def test_a_persons_request_goes_first_and_holds_the_bot(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE)
        asked = {"id": "crm-1", "number": s.id, "to": f"+{PHONE}", "class": "service"}
        await s.asked(OUTBOUND_PEOPLE, messages=[worded("a person's")], **asked)
        await s.replied(PHONE, "the bot's", turn="t_1")
        s.start()
        [sent] = await s.wait_for_outcomes(1)
        await asyncio.sleep(0.5)
        held = await s.outcomes()
        await s.owned(PHONE, epoch=2, owner="human")
        await s.decided(outcomes=100)
        outcomes = await s.wait_for_outcomes(2)

        assert (sent.by, held, kinds(outcomes)) == (
            "person",
            [sent],
            ["MessageAccepted", "MessageSuperseded"],
        )
        assert [a.text for a in await s.meta.control.messages(s.id)] == ["a person's"]


async def test_a_campaign_keeps_the_cap_and_a_reply_overtakes_it(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE)
        s.start()
        await campaign(s, 80)
        await s.meta.control.wait_for_messages(s.id, 20)
        await s.replied(PHONE, "overtakes", turn="t_1")
        await s.wait_for_outcomes(81)

        report = await s.meta.control.report(s.id)
        arrivals = await s.meta.control.messages(s.id)
        place_of_reply = [arrival.type for arrival in arrivals].index("text")
        assert (report.accepted, report.refused_by_code, report.duplicates) == (81, {}, {})
        assert report.max_in_any_sliding_second <= 20
        # It was written when 20 had arrived; a few leave while Kafka carries it.
        assert place_of_reply < 30


async def test_jitter_on_the_way_that_is_less_than_the_margin_breaks_no_cap(place: Place) -> None:
    """Half of the margin for the way, and half of it for this machine."""
    async with place() as s:
        await s.meta.control.faults(way_jitter_seconds=0.25)
        s.start()
        await campaign(s, 60)
        await s.wait_for_outcomes(60)

        report = await s.meta.control.report(s.id)
        assert (report.accepted, report.refused_by_code) == (60, {})
        assert report.max_in_any_sliding_second <= 20


async def test_a_lane_that_is_full_loses_nothing_also_when_its_sender_is_killed(
    place: Place,
) -> None:
    async with place(
        SAATH_SENDER__LANE_MAX="10",
        SAATH_SENDER__IN_DOUBT_FOR_SECONDS="3",
    ) as s:
        await campaign(s, 80)
        process = s.start()
        await s.meta.control.wait_for_messages(s.id, 30)
        await asyncio.to_thread(process.kill)
        s.start()
        await s.meta.control.wait_for_messages(s.id, 80, timeout=40)

        report = await s.meta.control.report(s.id)
        assert (report.accepted, report.duplicates) == (80, {})


async def test_killed_in_mid_campaign_each_message_arrives_exactly_once(place: Place) -> None:
    async with place(SAATH_SENDER__IN_DOUBT_FOR_SECONDS="3") as s:
        process = s.start()
        await campaign(s, 100)
        await s.meta.control.wait_for_messages(s.id, 40)
        await asyncio.to_thread(process.kill)
        s.start()
        await s.meta.control.wait_for_messages(s.id, 100, timeout=40)
        async with asyncio.timeout(60):
            while Counter(kinds(await s.outcomes()))["MessageAccepted"] < 100:  # noqa: ASYNC110
                await asyncio.sleep(0.2)

        report = await s.meta.control.report(s.id)
        accepted = Counter(
            o.request for o in await s.outcomes() if kinds([o]) == ["MessageAccepted"]
        )
        assert (report.accepted, report.duplicates, report.refused_by_code) == (100, {}, {})
        assert report.max_in_any_sliding_second <= 20
        assert set(accepted.values()) == {1}


async def test_stopped_in_mid_campaign_it_leaves_nothing_in_doubt(place: Place) -> None:
    async with place() as s:
        process = s.start()
        await campaign(s, 60)
        await s.meta.control.wait_for_messages(s.id, 20)
        process.terminate()
        status = await asyncio.to_thread(process.wait, 60)
        s.start()
        await s.wait_for_outcomes(60)

        report = await s.meta.control.report(s.id)
        assert status == 0
        assert (report.accepted, report.duplicates) == (60, {})
        assert Counter(kinds(await s.outcomes())) == {"MessageAccepted": 60}
        assert report.max_in_any_sliding_second <= 20


async def test_an_unanswered_message_is_in_doubt_until_its_status_says_otherwise(
    place: Place,
) -> None:
    async with place() as s:
        await s.owned(PHONE)
        s.statuses = False
        s.start()
        await s.meta.control.faults(answers=[{"kind": "cut"}])
        await s.replied(PHONE, "was it sent?", turn="t_1")
        before = await s.wait_for_outcomes(1)
        s.statuses = True
        after = await s.wait_for_outcomes(2)

        assert (kinds(before), kinds(after)) == (
            ["MessageLeftInDoubt"],
            ["MessageLeftInDoubt", "MessageAccepted"],
        )
        assert (await s.meta.control.report(s.id)).accepted == 1


async def test_what_never_arrived_is_sent_once_more(place: Place) -> None:
    async with place(
        SAATH_SENDER__IN_DOUBT_FOR_SECONDS="1", SAATH_SENDER__IN_DOUBT_WITHOUT_WEBHOOKS="true"
    ) as s:
        await s.owned(PHONE)
        s.start()
        await s.meta.control.faults(answers=[{"kind": "drop"}])
        await s.replied(PHONE, "again", turn="t_1")
        outcomes = await s.wait_for_outcomes(2)

        assert kinds(outcomes) == ["MessageLeftInDoubt", "MessageAccepted"]
        assert (await s.meta.control.report(s.id)).accepted == 1


async def test_a_request_that_is_none_is_refused_and_dead_lettered_and_the_next_one_sent(
    place: Place,
) -> None:
    async with place() as s:
        await s.owned(PHONE)
        s.start()
        await s.publisher.publish_json(OUTBOUND, s.id, b'{"turn": "forged", "mesages": []}')
        await s.asked(OUTBOUND, turn="forged", messages=[worded("x")])
        await s.replied(PHONE, "fine", turn="t_1")
        outcomes = await s.wait_for_outcomes(3)

        assert kinds(outcomes) == ["MessageRefused", "MessageRefused", "MessageAccepted"]
        assert len(await s.read_raw(dlq_topic("sender"))) == 1


async def test_a_request_in_another_numbers_partition_is_moved_and_sent(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE)
        s.start()
        token = s.turn(PHONE, turn="t_1")
        for key in ("a", "b", "c", "d", "e", "f"):
            await s.asked(OUTBOUND, key=key, turn=token, messages=[worded("moved")])
        [outcome] = await s.wait_for_outcomes(1)

        assert kinds([outcome]) == ["MessageAccepted"]
        assert (await s.meta.control.report(s.id)).accepted == 1


@pytest.mark.fault
async def test_a_frozen_sender_that_wakes_sends_nothing(place: Place) -> None:
    async with place(SAATH_SENDER__IN_DOUBT_FOR_SECONDS="3") as s:
        frozen = s.start()
        await campaign(s, 150)
        await s.meta.control.wait_for_messages(s.id, 30)
        frozen.send_signal(signal.SIGSTOP)
        s.start()
        await s.meta.control.wait_for_messages(s.id, 60, timeout=40)
        frozen.send_signal(signal.SIGCONT)
        await s.meta.control.wait_for_messages(s.id, 150, timeout=60)
        await asyncio.sleep(1.0)

        report = await s.meta.control.report(s.id)
        assert (report.accepted, report.duplicates, report.refused_by_code) == (150, {}, {})
        assert report.max_in_any_sliding_second <= 20
