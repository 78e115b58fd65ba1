"""Several bots on one number: a rule or a bot names the one asked, and only that one is listened to."""

import pytest
from tests.unit.router.build import (
    EVERYONE,
    HOLD,
    HOUR,
    Story,
    accepted,
    closed,
    echoed,
    handoff,
    kinds,
    owners,
    passed_to,
    received,
    turns,
)

from saath.events import (
    AskRule,
    Condition,
    Content,
    MessageReceived,
    NumberPolicy,
    OwnerChanged,
    TurnOffered,
)
from saath_router.outcomes import PASSES_MAX
from saath_router.ownership import Decision
from saath_router.policy import overlay

SALES = AskRule(bot="sales", when=Condition(words=("price",)))
TWO_BOTS = overlay(EVERYONE, NumberPolicy(ask=(SALES,)))


def says(text: str, message: str, seconds: float) -> MessageReceived:
    return received(message, seconds, Content.of_text(text))


def offer(decision: Decision) -> TurnOffered:
    return next(fact for fact in decision if isinstance(fact, TurnOffered))


@pytest.mark.parametrize(("text", "bot"), [("What price?", "sales"), ("Hello", "orders")])
def test_a_rule_names_the_bot_that_is_asked(text: str, bot: str) -> None:
    story = Story(TWO_BOTS)

    decision = story.hears(says(text, "m1", 0))

    (message, *_) = decision
    assert isinstance(message, MessageReceived)
    assert message.routed
    assert (message.routed.bot, turns(decision)) == (bot, [(bot, ["m1"])])
    assert [fact.bot for fact in decision if isinstance(fact, OwnerChanged)] == [bot]


def test_another_bot_gets_it_at_a_higher_epoch_and_the_firsts_turns_are_withdrawn() -> None:
    story = Story(TWO_BOTS)
    first = story.is_asked("m1", 0)

    decision = story.hears(says("What price?", "m2", 5))

    assert kinds(decision) == ["MessageReceived", "OwnerChanged", "TurnWithdrawn", "TurnOffered"]
    assert owners(decision) == [("bot", "another_bot")]
    assert offer(decision).epoch == story.state.epoch > first.epoch
    assert [*story.state.turns] == [offer(decision).id]


def test_a_bot_that_was_asked_before_has_no_say_any_more() -> None:
    story = Story(TWO_BOTS)
    first = story.is_asked("m1", 0)
    story.hears(says("What price?", "m2", 5))
    before = story.state.bot, story.state.epoch

    wishes = [
        story.hears(closed(first, 6, handoff("late"))),
        story.hears(closed(first, 7, passed_to("returns"))),
        story.hears(accepted("w1", 8, first)),
    ]

    assert [kinds(decision) for decision in wishes] == [
        ["TurnClosed"],
        ["TurnClosed"],
        ["MessageAccepted"],
    ]
    assert (story.state.bot, story.state.epoch) == before


def test_the_bot_that_was_asked_first_is_not_watched_any_more() -> None:
    story = Story(TWO_BOTS)
    story.is_asked("m1", 0)
    second = offer(story.hears(says("What price?", "m2", 5)))

    assert [*story.state.watched] == [second.id]


@pytest.mark.parametrize("with_words", [True, False])
def test_a_bot_passes_the_conversation_on_and_the_other_is_asked_the_same(with_words: bool) -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    then = passed_to("returns")

    decision = story.hears(
        accepted("w1", 5, turn, then=then) if with_words else closed(turn, 5, then)
    )

    asked = offer(decision)
    assert owners(decision) == [("bot", "bot_passed_on")]
    assert turns(decision) == [("returns", ["m1"])]
    assert (asked.passed_by, asked.summary, asked.rule) == (
        "orders",
        "wants two, blue",
        "bot_passed_on",
    )
    assert asked.epoch == story.state.epoch > turn.epoch


def test_a_bot_that_passes_it_on_loses_its_other_turns() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.is_asked("m2", 1)

    decision = story.hears(closed(turn, 5, passed_to("returns")))

    assert kinds(decision) == ["TurnClosed", "OwnerChanged", "TurnWithdrawn", "TurnOffered"]
    assert turns(decision) == [("returns", ["m1", "m2"])]


def test_whoever_it_was_passed_to_is_asked_the_next_message_whatever_the_rules_say() -> None:
    story = Story(TWO_BOTS)
    story.hears(closed(story.is_asked("m1", 0), 5, passed_to("returns")))

    assert turns(story.hears(says("What price?", "m2", 10))) == [("returns", ["m2"])]


def test_it_is_passed_on_from_bot_to_bot_and_then_to_a_person() -> None:
    story = Story()
    second = offer(story.hears(closed(story.is_asked("m1", 0), 5, passed_to("returns"))))
    third = offer(story.hears(closed(second, 10, passed_to("refunds"))))

    decision = story.hears(closed(third, 15, handoff("too much money")))

    assert (second.bot, third.bot, third.passed_by) == ("returns", "refunds", "returns")
    assert kinds(decision) == ["TurnClosed", "OwnerChanged", "HandoffRequested"]
    assert owners(decision) == [("human", "bot_handed_over")]


def test_a_bot_that_passes_it_to_itself_without_a_word_calls_a_person() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)

    decision = story.hears(closed(turn, 5, passed_to("orders")))

    assert (kinds(decision), story.state.epoch) == (["TurnClosed", "HandoffRequested"], turn.epoch)


def test_bots_that_pass_it_to_and_fro_lose_it_to_a_person() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    for n in range(PASSES_MAX):
        turn = offer(story.hears(closed(turn, 1 + n, passed_to(f"bot{n}"))))

    decision = story.hears(closed(turn, 10, passed_to("orders")))

    assert kinds(decision) == ["TurnClosed", "OwnerChanged", "HandoffRequested"]
    assert owners(decision) == [("human", "bot_handed_over")]


def test_a_bot_may_pass_it_on_again_when_the_customer_has_written_again() -> None:
    story = Story()
    turn = story.is_asked("m0", 0)
    for n in range(2 * PASSES_MAX):
        passed = offer(story.hears(closed(turn, 10 * n + 1, passed_to(f"bot{n}"))))
        story.hears(accepted(f"w{n}", 10 * n + 2, passed))
        turn = story.is_asked(f"m{n + 1}", 10 * n + 5)

    assert (story.state.owner, story.state.bot) == ("bot", f"bot{2 * PASSES_MAX - 1}")


@pytest.mark.parametrize("end", ["a person wrote", "the window closed"])
def test_the_rules_choose_again_when_what_it_was_passed_on_for_is_over(end: str) -> None:
    story = Story()
    passed = offer(story.hears(closed(story.is_asked("m1", 0), 5, passed_to("returns"))))
    story.hears(accepted("w1", 6, passed))
    if end == "a person wrote":
        story.hears(echoed("e1", 10))
        later = 10 + HOLD.total_seconds()
    else:
        story.waits(24 * HOUR)
        later = 25 * HOUR

    assert turns(story.hears(received("m2", later))) == [("orders", ["m2"])]


def test_whoever_it_was_passed_to_is_watched_like_any_bot() -> None:
    story = Story()
    story.hears(closed(story.is_asked("m1", 0), 5, passed_to("returns")))

    assert (story.waits(64), owners(story.waits(65))) == ((), [("human", "bot_silent")])


def test_a_turn_says_what_its_message_quotes_and_who_wrote_that() -> None:
    story = Story()
    story.hears(accepted("w1", 1, story.is_asked("m1", 0)))
    quoting = Content.model_validate(
        {"type": "text", "text": {"body": "this one"}, "context": {"id": "w1"}}
    )

    asked = offer(story.hears(received("m2", 5, quoting)))

    quoted = asked.messages[0].quotes
    assert quoted
    assert (quoted.message_id, quoted.author, quoted.content) == (
        "w1",
        "bot",
        Content.of_text("Yes"),
    )


def test_the_next_bot_is_told_what_is_quoted_too() -> None:
    story = Story()
    quoting = Content.model_validate(
        {"type": "text", "text": {"body": "this one"}, "context": {"id": "m0"}}
    )
    turn = offer(story.hears(received("m1", 0, quoting)))

    asked = offer(story.hears(closed(turn, 5, passed_to("returns"))))

    assert asked.messages == turn.messages
    assert asked.messages[0].quotes
    assert asked.messages[0].quotes.message_id == "m0"
