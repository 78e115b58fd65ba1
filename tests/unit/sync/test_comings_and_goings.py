"""A number that goes and comes back: what is over must not come back with it, and no alarm be false."""

import asyncio
from datetime import datetime, timedelta

import pytest
from aiolimiter import AsyncLimiter
from pydantic import SecretStr
from tests.unit.sync.samples import NOW, NUMBER
from tests.unit.sync.stage import Meta, Stage, states
from tests.unit.sync.test_adopt import _stored, adopt
from tests.unit.sync.test_living import DAY, HOUR, owner, record, said, words, working
from tests.unit.sync.test_prober import Asked, probing

from saath.topics import ACCOUNTS
from saath_sync import life, living
from saath_sync.connect_failed import ConnectFailed
from saath_sync.facts import Probed
from saath_sync.handler import STATE, SyncHandler
from saath_sync.heartbeat import Heartbeat
from saath_sync.ledger import DECLINED, Ledger
from saath_sync.life import Life, Moved, Probing
from saath_sync.living import Rules
from saath_sync.onboarding import Refused

MINUTE = timedelta(minutes=1)


def restricted(until: datetime) -> SyncHandler:
    handler = working()
    update = said("ACCOUNT_RESTRICTION")
    kind = "RESTRICTED_BIZ_INITIATED_MESSAGING"
    update.details["restriction_info"] = [
        {"restriction_type": kind, "expiration": int(until.timestamp())}
    ]
    list(handler.handle(record(update, ACCOUNTS), NOW))
    return handler


def found(handler: SyncHandler, finding: life.Finding, at: datetime) -> list[str]:
    return words(handler.handle_fact(Probed(NUMBER, finding, "found", at), at))


def test_a_restriction_that_ended_while_nobody_was_there_is_lifted_by_whoever_takes_over() -> None:
    until = NOW + HOUR
    state = [o for o in restricted(until).finish({}, NOW) if o.topic is STATE]
    later = until + HOUR
    successor = owner()
    for output in state:
        successor.restore(output.key or b"", output.value)

    assert (successor.next_due(), words(successor.fire(later, later))) == (until, ["active"])


def test_a_restriction_is_lifted_although_something_else_happens_at_the_moment_it_ends() -> None:
    until = NOW + HOUR
    handler = restricted(until)
    found(handler, "connected", until + MINUTE)

    assert words(handler.fire(until + MINUTE, until + MINUTE)) == ["active"]


def test_days_that_a_number_was_away_are_no_silence_of_its_app() -> None:
    handler = working()
    list(handler.handle(record(said("ACCOUNT_OFFBOARDED", NOW + 2 * DAY), ACCOUNTS), NOW + 2 * DAY))
    back = found(handler, "connected", NOW + 22 * DAY)

    assert (back, handler.next_due()) == (["active"], NOW + 30 * DAY)


def test_a_hiccup_of_the_probe_does_not_hide_a_silence() -> None:
    handler = working()
    for minutes in (0, 10):
        found(handler, "not_connected", NOW + 9 * DAY + minutes * MINUTE)
    found(handler, "connected", NOW + 9 * DAY + HOUR)

    due = handler.next_due()

    assert due is not None
    assert NOW + 10 * DAY <= due < NOW + 10 * DAY + HOUR


def test_whoever_connects_a_number_again_has_its_app_in_hand() -> None:
    silent = Ledger(
        number=NUMBER,
        connected=True,
        life=Life(since=NOW),
        heartbeat=Heartbeat(seen_at=NOW, told="at_risk"),
    )
    later = NOW + 11 * DAY

    assert living.connected_anew(silent, later).heartbeat == Heartbeat(seen_at=later)


async def test_a_number_that_never_came_to_work_is_in_no_danger_of_being_disconnected() -> None:
    stage = Stage(Meta(answers={"subscribe": [Refused(10, "Permission denied")]}))
    with pytest.raises(ConnectFailed) as failed:
        await stage.connect()
    assert failed.value.ledger
    heard = living.app_seen(failed.value.ledger, NOW, NOW, Rules())

    assert living.passed(heard, NOW + 20 * DAY, Rules()).ledger.heartbeat == Heartbeat(seen_at=NOW)


def test_the_silence_before_a_number_works_says_nothing_once_it_does() -> None:
    before = Ledger(number=NUMBER, heartbeat=Heartbeat(seen_at=NOW, told=None))
    later = NOW + 11 * DAY

    works = living.settled(before, before.model_copy(update={"connected": True}), later)

    assert works.ledger.heartbeat == Heartbeat(seen_at=later)


def test_a_word_that_comes_again_after_the_probe_has_found_otherwise_changes_nothing() -> None:
    away = Moved(NOW, "offboarded", "Meta says so")
    gone = life.heard(Life(since=NOW - DAY, said_at=NOW - DAY), away)
    back = life.probed(gone, "connected", "found", NOW + HOUR, Probing())

    assert (back.state, life.heard(back, away)) == ("active", back)


def test_a_disconnection_of_before_that_comes_late_does_not_end_a_new_connection() -> None:
    old = Life(since=NOW - DAY, said_at=NOW - DAY)
    anew = life.connected(old, NOW)

    assert life.heard(anew, Moved(NOW - HOUR, "disconnected", "PARTNER_REMOVED")).state == "active"


def test_a_warning_that_is_delivered_again_is_said_once() -> None:
    handler = working()
    warning = record(said("ACCOUNT_VIOLATION"), ACCOUNTS)

    assert [words(handler.handle(warning, NOW)) for _ in range(2)] == [["warned"], []]


def test_two_findings_that_say_different_things_are_one_each() -> None:
    first = life.probed(Life(since=NOW - DAY), "not_connected", "found", NOW, Probing())
    second = life.probed(first, "gone", "found", NOW + 10 * MINUTE, Probing())
    third = life.probed(second, "gone", "found", NOW + 20 * MINUTE, Probing())

    assert (second.state, third.state) == ("active", "disconnected")


def test_while_meta_says_that_a_number_comes_back_nothing_is_found_against_it() -> None:
    away = life.heard(Life(since=NOW - DAY), Moved(NOW, "offboarded", "Meta says so"))
    coming = life.heard(away, Moved(NOW + MINUTE, "active", "Meta says so", reconnecting=True))
    for minutes in (20, 40):
        coming = life.probed(coming, "gone", "found", NOW + minutes * MINUTE, Probing())

    assert (coming.state, coming.reconnecting) == ("offboarded", True)


async def test_what_meta_takes_once_in_an_onboarding_is_asked_anew_in_the_next_one() -> None:
    stage = Stage()
    await stage.connect()
    async with stage.pod() as connector:
        handler = connector.numbers.handlers[0]
        list(handler.handle(record(said("PARTNER_REMOVED", NOW + DAY), ACCOUNTS), NOW + DAY))
        stage.written += handler.finish({}, NOW + DAY)
    stage.clock.time = NOW + 2 * DAY
    stage.meta.asked.clear()
    stage.meta.taken.clear()

    ledger = await stage.connect()

    assert stage.meta.asked == ["exchange", "facts", "subscribe", "contacts", "history"]
    assert set(states(ledger).values()) == {"done"}


def test_what_the_business_declined_before_it_left_is_not_declined_when_it_comes_back() -> None:
    gone = Ledger(
        number=NUMBER, connected=True, declined=DECLINED, life=Life(state="disconnected", since=NOW)
    )

    assert living.connected_anew(gone, NOW + DAY).declined is None


def test_a_word_from_the_future_is_one_of_now() -> None:
    handler = working()
    list(handler.handle(record(said("ACCOUNT_OFFBOARDED", NOW + 999 * DAY), ACCOUNTS), NOW))
    later = said("PARTNER_REMOVED", NOW + HOUR)

    assert words(handler.handle(record(later, ACCOUNTS), NOW + HOUR)) == ["disconnected"]


def test_what_meta_says_late_of_an_end_that_the_probe_has_seen_is_believed() -> None:
    active = Life(since=NOW - DAY, said_at=NOW - DAY)
    for minutes in (5, 15):
        active = life.probed(active, "gone", "found", NOW + minutes * MINUTE, Probing())

    removed = life.heard(active, Moved(NOW, "removed", "ACCOUNT_DELETED"))

    assert (active.state, removed.state) == ("disconnected", "removed")


async def test_of_a_number_that_never_came_to_work_meta_is_not_asked_how_it_stands() -> None:
    stage = Stage(Meta(answers={"subscribe": [Refused(10, "Permission denied")]}))
    with pytest.raises(ConnectFailed):
        await stage.connect()
    stage.clock.pass_minutes(600)
    async with probing(stage, Asked()) as prober:
        assert prober.due() == []


async def test_whoever_waits_for_its_turn_to_ask_does_not_keep_the_service_from_ending() -> None:
    stage, stopping = Stage(), asyncio.Event()
    await stage.connect()
    async with probing(stage, Asked()) as prober:
        prober.limiter = AsyncLimiter(1, 3600)
        await prober.limiter.acquire()
        worker = asyncio.create_task(prober(stopping))
        for _ in range(10):
            await asyncio.sleep(0)
        stopping.set()
        await asyncio.wait_for(worker, 10)

        assert prober.due() == [NUMBER]


async def test_an_adopted_number_that_gets_another_token_has_that_one_from_then_on() -> None:
    stage = Stage()
    await adopt(stage)
    await adopt(stage, token=SecretStr("another"))

    assert _stored(stage) == SecretStr("another")
