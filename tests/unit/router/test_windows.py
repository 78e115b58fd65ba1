"""The service window: opened, extended, closing, closed, each said once."""

from datetime import timedelta

import pytest
from tests.unit.router.build import (
    HOUR,
    OF_WINDOWS,
    Story,
    at,
    received,
    rejected,
    status,
    thread_control,
)

from saath.events import Content, Event, Problem, StatusEvent, WindowClosed, WindowOpened
from saath_router.ownership import Decision
from saath_router.policy import Policy

SILENT = Policy(answers="everyone", bot_reply_within=timedelta(0), human_reply_within=timedelta(0))
SYSTEM = Content.model_validate({"type": "system", "system": {"type": "user_changed_number"}})
WELCOME = Content.model_validate({"type": "request_welcome"})
IN_GROUP = Content.model_validate({"type": "text", "text": {"body": "hi"}, "group_id": "g1"})
REACTION = Content.model_validate({"type": "reaction", "reaction": {"message_id": "m1"}})


def said(facts: Decision | list[Event]) -> list[tuple[str, float]]:
    """What was said of the window, and of when."""
    return [
        (type(fact).__name__, (fact.time - at(0)).total_seconds())
        for fact in facts
        if isinstance(fact, OF_WINDOWS)
    ]


def failed(message: str, seconds: float, code: int = 131047) -> StatusEvent:
    return status("failed", message, seconds).model_copy(update={"errors": (Problem(code=code),)})


def opened() -> Story:
    """The customer wrote at 0 s."""
    story = Story(SILENT)
    story.hears(received("m1", 0))
    return story


def test_a_customers_message_opens_the_window_for_a_day_from_when_it_was_written() -> None:
    story = Story(SILENT)

    decision = story.hears(received("m1", 0), seconds=30)

    (fact,) = [fact for fact in decision if isinstance(fact, WindowOpened)]
    assert (fact.time, fact.until) == (at(0), at(24 * HOUR))


def test_a_window_that_is_open_is_extended_and_that_is_not_said() -> None:
    story = opened()

    decision = story.hears(received("m2", HOUR))

    assert (said(decision), story.state.window_until) == ([], at(25 * HOUR))


def test_a_window_is_closing_an_hour_before_its_end_and_then_closed_each_said_once() -> None:
    story = opened()

    story.waits(30 * 24 * HOUR)

    assert said(story.log) == [
        ("WindowOpened", 0),
        ("WindowClosing", 23 * HOUR),
        ("WindowClosed", 24 * HOUR),
    ]


def test_a_message_in_a_closing_window_opens_it_anew() -> None:
    story = opened()
    story.waits(23 * HOUR)
    story.hears(received("m2", 23.5 * HOUR))

    story.waits(30 * 24 * HOUR)

    assert said(story.log)[2:] == [
        ("WindowOpened", 23.5 * HOUR),
        ("WindowClosing", 46.5 * HOUR),
        ("WindowClosed", 47.5 * HOUR),
    ]


def test_an_older_message_delivered_while_the_window_is_closing_opens_nothing() -> None:
    story = Story(SILENT)
    story.hears(received("m2", 60))
    story.waits(23 * HOUR + 60)

    decision = story.hears(received("m1", 0), seconds=23.1 * HOUR)
    story.waits(30 * 24 * HOUR)

    assert said(decision) == []
    assert [what for what, _ in said(story.log)] == [
        "WindowOpened",
        "WindowClosing",
        "WindowClosed",
    ]


def test_a_message_after_the_window_has_closed_opens_another() -> None:
    story = opened()
    story.waits(24 * HOUR)

    assert said(story.hears(received("m2", 25 * HOUR))) == [("WindowOpened", 25 * HOUR)]


def test_a_message_whose_window_is_over_when_it_is_read_opens_none() -> None:
    story = Story(SILENT)

    assert said(story.hears(received("m1", 0), seconds=24 * HOUR)) == []


def test_zero_seconds_say_nothing_of_closing() -> None:
    story = Story(
        Policy(answers="nobody", window_closing=timedelta(0), human_reply_within=timedelta(0))
    )
    story.hears(received("m1", 0))
    story.waits(30 * 24 * HOUR)

    assert said(story.log) == [("WindowOpened", 0), ("WindowClosed", 24 * HOUR)]


@pytest.mark.parametrize("content", [SYSTEM, WELCOME, IN_GROUP], ids=["system", "welcome", "group"])
def test_what_no_customer_wrote_to_this_number_opens_no_window(content: Content) -> None:
    story = Story(SILENT)

    assert (said(story.hears(received("m1", 0, content))), story.state.window_until) == ([], None)


def test_a_reaction_of_the_customers_opens_the_window() -> None:
    assert said(Story(SILENT).hears(received("m1", 0, REACTION))) == [("WindowOpened", 0)]


def test_meta_says_in_a_status_that_the_window_is_closed_and_its_word_is_the_truth() -> None:
    story = opened()

    decision = story.hears(failed("w1", HOUR))

    (fact,) = [fact for fact in decision if isinstance(fact, WindowClosed)]
    assert (fact.rule, story.state.window, story.state.window_until) == (
        "meta_said_so",
        None,
        at(HOUR),
    )
    assert story.waits(48 * HOUR) == ()
    assert said(story.log)[-1] == ("WindowClosed", HOUR)


def test_meta_says_in_a_rejection_that_the_window_is_closed() -> None:
    story = Story(SILENT)
    turn = story.is_asked("m1", 0)

    assert said(story.hears(rejected(turn, HOUR))) == [("WindowClosed", HOUR)]


def test_another_failure_says_nothing_of_the_window() -> None:
    assert said(opened().hears(failed("w1", HOUR, code=131026))) == []


def test_what_failed_of_before_the_customer_wrote_says_nothing_of_the_window_they_opened() -> None:
    assert said(opened().hears(failed("w1", 59), seconds=70)) == []


def test_that_the_window_is_closed_is_said_once() -> None:
    story = opened()

    assert [said(story.hears(failed(f"w{n}", HOUR + n))) for n in range(2)] == [
        [("WindowClosed", HOUR)],
        [],
    ]


def test_after_metas_word_the_next_message_opens_the_window_again() -> None:
    story = opened()
    story.hears(failed("w1", HOUR))

    assert said(story.hears(received("m2", 2 * HOUR))) == [("WindowOpened", 2 * HOUR)]


def test_a_window_is_opened_whoever_answers() -> None:
    story = Story(SILENT)
    story.hears(thread_control("meta", 0))

    message = received("m1", 1).model_copy(update={"standby": True})
    assert said(story.hears(message)) == [("WindowOpened", 1)]
