"""A number's own choices over the router's defaults."""

from dataclasses import fields
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.saath.events_made_up import of_model

from saath.events import (
    AskRule,
    Condition,
    Contact,
    HandoffRule,
    NumberPolicy,
    OpeningHours,
)
from saath_router.policy import Policy, bot_for, chosen_name, hold_until, overlay
from saath_router.rules import Facts

HOURS = OpeningHours.model_validate(
    {
        "timezone": "Asia/Kolkata",
        "week": {key: ["10:00-18:00"] for key in ("mon", "tue", "thu", "fri", "sat", "sun")},
    }
)
DEFAULTS = Policy(answers="everyone", bot="orders", human_hold=timedelta(hours=2))

ALWAYS_BUT_FRIDAY = OpeningHours.model_validate(
    {
        "timezone": "Asia/Kolkata",
        "week": {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
        "closed": ["2026-11-06"],
    }
)


def kolkata(text: str) -> datetime:
    """``"Mon 17:55"`` of the week that begins on Monday, 2 November 2026."""
    day, clock = text.split()
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(day)
    zone = ZoneInfo("Asia/Kolkata")
    return datetime.fromisoformat(f"2026-11-{2 + days:02} {clock}").replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (None, DEFAULTS),
        (NumberPolicy(), DEFAULTS),
        (
            NumberPolicy(answers="nobody"),
            Policy(answers="nobody", bot="orders", human_hold=timedelta(hours=2)),
        ),
        (
            NumberPolicy(bot="returns", human_hold_seconds=60),
            Policy(answers="everyone", bot="returns", human_hold=timedelta(seconds=60)),
        ),
        (
            NumberPolicy(human_hold_seconds=0),
            Policy(answers="everyone", bot="orders", human_hold=timedelta(0)),
        ),
    ],
)
def test_what_a_number_chose_goes_before_the_defaults(
    chosen: NumberPolicy | None, expected: Policy
) -> None:
    assert overlay(DEFAULTS, chosen) == expected


def test_new_contacts_are_answered_where_nothing_is_said() -> None:
    assert overlay(Policy(), None).answers == "new_contacts"


def test_the_later_of_two_choices_goes_before_the_earlier() -> None:
    file, command = NumberPolicy(bot="orders", quiet_seconds=5), NumberPolicy(bot="returns")

    chosen = overlay(Policy(), file, None, command)

    assert chosen == Policy(bot="returns", quiet=timedelta(seconds=5))


def test_everything_that_can_be_chosen_changes_what_the_rules_read() -> None:
    chosen = NumberPolicy(
        answers="shadow",
        bot="a",
        human_hold_seconds=1,
        human_hold_after_opening_seconds=2,
        automatic_texts=("  We're AWAY ", ""),
        auto_reply_window_seconds=3,
        bot_reply_within_seconds=4,
        silent_bot_hold_seconds=5,
        missed_share_max=0.5,
        human_reply_within_seconds=6,
        release_word=" Back to  the BOT",
        turn_deadline_seconds=7,
        turn_age_max_seconds=8,
        echo_wait_after_seconds=9,
        echo_wait_seconds=10,
        quiet_seconds=11,
        window_closing_seconds=12,
        hours=HOURS,
        handoff=(HandoffRule(name="b", when=Condition(closed=True)),),
        ask=(AskRule(bot="c", when=Condition(closed=True)),),
    )

    assert overlay(Policy(), chosen) == Policy(
        answers="shadow",
        bot="a",
        human_hold=timedelta(seconds=1),
        human_hold_after_opening=timedelta(seconds=2),
        automatic_texts=frozenset({"we're away"}),
        auto_reply_window=timedelta(seconds=3),
        bot_reply_within=timedelta(seconds=4),
        silent_bot_hold=timedelta(seconds=5),
        missed_share_max=0.5,
        human_reply_within=timedelta(seconds=6),
        release_word="back to the bot",
        turn_deadline=timedelta(seconds=7),
        turn_age_max=timedelta(seconds=8),
        echo_wait_after=timedelta(seconds=9),
        echo_wait=timedelta(seconds=10),
        quiet=timedelta(seconds=11),
        window_closing=timedelta(seconds=12),
        hours=HOURS,
        handoff=(HandoffRule(name="b", when=Condition(closed=True)),),
        ask=(AskRule(bot="c", when=Condition(closed=True)),),
    )


def test_there_is_a_default_for_everything_that_can_be_chosen_and_nothing_more() -> None:
    assert [*map(chosen_name, (f.name for f in fields(Policy)))] == [*NumberPolicy.model_fields]


def test_an_empty_release_word_takes_the_defaults_away() -> None:
    chosen = overlay(Policy(release_word="bot"), NumberPolicy(release_word=" "))

    assert chosen.release_word is None


# A policy has many parts to draw; how long that takes says nothing.
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(of_model(NumberPolicy), max_size=2))
def test_choosing_the_same_twice_changes_nothing_more(chosen: list[NumberPolicy]) -> None:
    once = overlay(DEFAULTS, *chosen)

    assert overlay(once, *chosen) == once


@pytest.mark.parametrize(
    ("policy", "wrote", "until"),
    [
        # Open 10:00 to 18:00 in Kolkata, UTC+5:30, on every day but Wednesday.
        (Policy(hours=HOURS), "Mon 17:55", "Tue 12:00"),
        (Policy(hours=HOURS), "Mon 03:00", "Mon 15:00"),
        (Policy(hours=HOURS), "Tue 17:00", "Thu 12:00"),
        (Policy(hours=HOURS, human_hold=timedelta(days=3)), "Mon 17:55", "Thu 17:55"),
        (Policy(hours=HOURS, human_hold_after_opening=timedelta(0)), "Mon 17:55", "Tue 05:55"),
        (Policy(), "Mon 17:55", "Tue 05:55"),
        # Somebody is always there but for one holiday, which is far.
        (Policy(hours=ALWAYS_BUT_FRIDAY), "Mon 17:55", "Tue 05:55"),
        (Policy(hours=ALWAYS_BUT_FRIDAY), "Thu 17:55", "Sat 02:00"),
    ],
)
def test_a_person_keeps_the_conversation_for_the_hold_and_into_the_next_opening(
    policy: Policy, wrote: str, until: str
) -> None:
    assert hold_until(policy, kolkata(wrote)) == kolkata(until)


def test_the_first_rule_that_fits_names_the_bot() -> None:
    policy = Policy(
        bot="front",
        ask=(
            AskRule(bot="returns", when=Condition(words=("refund",))),
            AskRule(bot="night", when=Condition(closed=True)),
        ),
        hours=HOURS,
    )
    asked = [
        ("my refund please", "Mon 11:00"),
        ("my refund please", "Mon 23:00"),
        ("hello", "Mon 23:00"),
        ("hello", "Mon 11:00"),
    ]

    bots = [
        bot_for(policy, Facts(text, "text", Contact(), None, kolkata(at))) for text, at in asked
    ]

    assert bots == ["returns", "returns", "night", "front"]
