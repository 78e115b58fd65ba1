"""Who has a say in a number's policy, and a policy by command."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.router.build import EVERYONE, HOUR, NUMBER, at, echoed, received
from tests.unit.router.partition import INSTALLATION, PARTITION, Partition, on, types

from saath.events import CommandRefused, Contact, NumberPolicy, NumberRecorded
from saath.events.conditions import OpeningHours, Week
from saath.topics import CONVERSATIONS, TURNS, partition_for
from saath_router.hours import next_opening
from saath_router.numbers import Numbers
from saath_router.policy import overlay

MONDAY = datetime(2026, 11, 23, 22, tzinfo=UTC)
OTHER = next(str(n) for n in range(100) if partition_for(str(n), 4) == PARTITION)


def named(bot: str, **more: Any) -> NumberPolicy:
    return NumberPolicy(bot=bot, **more)


def recorded(policy: NumberPolicy) -> NumberRecorded:
    return NumberRecorded(id="n1", time=at(0), number=NUMBER, state="active", policy=policy)


def command(policy: dict[str, Any] | None, name: str = "p1") -> dict[str, Any]:
    return {"id": name, "number": NUMBER, "command": "policy", "policy": policy}


def bots(partition: Partition, message: str, seconds: float = 1, **who: Any) -> list[str]:
    """Who is asked to answer somebody new."""
    said = {"contact": Contact(phone=f"49{message[1:]:0>8}"), **who}
    event = received(message, seconds).model_copy(update=said)
    return [getattr(turn, "bot") for turn in on(TURNS, partition.reads(event, now=seconds))]  # noqa: B009


@pytest.mark.parametrize(
    ("filed", "connected", "commanded", "expected"),
    [
        (None, None, None, "orders"),
        ("filed", None, None, "filed"),
        ("filed", "connected", None, "connected"),
        ("filed", "connected", "commanded", "commanded"),
        (None, None, "commanded", "commanded"),
    ],
)
def test_settings_then_the_file_then_the_connection_then_a_command(
    filed: str | None, connected: str | None, commanded: str | None, expected: str
) -> None:
    numbers = Numbers(
        EVERYONE,
        recorded=lambda _: recorded(named(connected)) if connected else None,
        filed=lambda _: (named(filed),) if filed else (),
    )

    assert numbers.policy(NUMBER, named(commanded) if commanded else None).bot == expected


def test_what_the_later_says_nothing_of_the_earlier_says() -> None:
    filed = (named("filed", quiet_seconds=5),)
    numbers = Numbers(EVERYONE, filed=lambda _: filed)

    assert numbers.policy(NUMBER, named("commanded")) == overlay(
        EVERYONE, NumberPolicy(bot="commanded", quiet_seconds=5)
    )


@pytest.mark.parametrize(
    ("named_in_policy", "of_the_number", "opens"),
    [
        (None, "Asia/Kolkata", "2026-11-24T03:30:00+00:00"),
        (None, None, "2026-11-24T09:00:00+00:00"),
        ("Europe/Berlin", "Asia/Kolkata", "2026-11-24T08:00:00+00:00"),
    ],
)
def test_hours_that_name_no_time_zone_are_by_the_numbers_own_clock(
    named_in_policy: str | None, of_the_number: str | None, opens: str
) -> None:
    hours = OpeningHours(timezone=named_in_policy, week=Week(tue=("09:00-17:00",)))
    known = [recorded(named("orders", hours=hours))]
    numbers = Numbers(EVERYONE, recorded=lambda _: known[-1])
    before = numbers.policy(NUMBER, None).hours
    known.append(
        recorded(named("orders", hours=hours)).model_copy(update={"timezone": of_the_number})
    )

    after = numbers.policy(NUMBER, None).hours

    assert (before, next_opening(after, MONDAY)) == (hours, datetime.fromisoformat(opens))


def test_a_policy_that_changes_holds_at_once() -> None:
    said = [named("first")]
    numbers = Numbers(EVERYONE, filed=lambda _: (said[-1],))
    before = numbers.policy(NUMBER, None).bot
    said.append(named("second"))

    assert (before, numbers.policy(NUMBER, None).bot) == ("first", "second")


def test_a_policy_by_command_holds_from_then_on_and_across_a_restart() -> None:
    partition = Partition()
    before = bots(partition, "m1")

    written = partition.is_told(command({"bot": "sales"}))
    partition.restarts()

    assert types(CONVERSATIONS, written) == []
    assert (before, bots(partition, "m2")) == (["orders"], ["sales"])


def test_a_policy_by_command_is_its_numbers_own() -> None:
    partition = Partition()
    partition.is_told(command({"bot": "sales"}))

    assert bots(partition, "m1", number=OTHER) == ["orders"]


def test_null_takes_it_back_and_across_a_restart() -> None:
    partition = Partition()
    partition.is_told(command({"bot": "sales"}))
    partition.is_told(command(None, "p2"))
    partition.restarts()

    assert bots(partition, "m1") == ["orders"]


@pytest.mark.parametrize(
    ("policy", "pointer"),
    [
        ({"bott": "sales"}, "/policy"),
        ({"human_hold_seconds": -1}, "/policy/human_hold_seconds"),
        ({"answers": "some"}, "/policy/answers"),
        (
            {"handoff": [{"name": "a", "when": {"patterns": ["("]}}]},
            "/policy/handoff/0/when/patterns/0",
        ),
    ],
)
def test_a_bad_policy_is_refused_with_its_place_and_the_last_good_one_stays(
    policy: dict[str, Any], pointer: str
) -> None:
    partition = Partition()
    partition.is_told(command({"bot": "sales"}))

    (refused,) = on(CONVERSATIONS, partition.is_told(command(policy, "p2")))

    assert isinstance(refused, CommandRefused)
    assert (refused.pointer, refused.causation, refused.number) == (pointer, "p2", NUMBER)
    assert bots(partition, "m1") == ["sales"]


def test_answers_nobody_by_command_stops_the_bots_at_once() -> None:
    partition = Partition()
    partition.is_told(command({"answers": "nobody"}))

    assert bots(partition, "m1") == []


def test_a_policy_that_lets_a_customer_wait_longer_counts_for_who_waits_by_now() -> None:
    partition = Partition()
    partition.reads(echoed("e1", 0), received("m1", 1))
    partition.is_told(command({"human_reply_within_seconds": HOUR}), now=10)

    assert on(CONVERSATIONS, partition.fires(1000)) == []
    assert types(CONVERSATIONS, partition.fires(1 + HOUR)) == ["ConversationUnattended"]


def test_the_defaults_are_the_routers_settings() -> None:
    quiet = replace(EVERYONE, bot="default")
    partition = Partition(installation=replace(INSTALLATION, numbers=Numbers(quiet)))

    assert bots(partition, "m1") == ["default"]
