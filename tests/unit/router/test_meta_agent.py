"""Meta's own agent: it gets a conversation, and lets go of it, by thread control or by its words."""

from collections import Counter
from datetime import timedelta

import pytest
from tests.unit.router.build import (
    EVERYONE,
    HOLD,
    HOUR,
    Story,
    accepted,
    asked,
    at,
    echoed,
    kinds,
    owners,
    received,
    thread_control,
    turns,
)

from saath.events import (
    AskRule,
    Condition,
    Content,
    HandoffRule,
    MessageEchoed,
    MessageReceived,
)
from saath_router.policy import Policy

A_PERSON = HandoffRule(name="person", when=Condition(words=("person",)))
SALES = AskRule(bot="sales", when=Condition(words=("price",)))


def for_meta(message: str, seconds: float) -> MessageReceived:
    """A message that Meta shows us while its agent answers."""
    return received(message, seconds).model_copy(update={"standby": True})


def metas_answer(message: str, seconds: float) -> MessageEchoed:
    return echoed(message, seconds).model_copy(update={"standby": True})


def held_by_meta(policy: Policy = EVERYONE) -> Story:
    """A bot was asked at 0 s, Meta's agent got the conversation at 10 s."""
    story = Story(policy)
    story.is_asked("m1", 0)
    story.hears(thread_control("meta", 10))
    return story


def test_metas_agent_gets_the_conversation_and_the_open_turn_is_withdrawn() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)

    decision = story.hears(thread_control("meta", 10))

    assert kinds(decision) == ["ThreadControlChanged", "OwnerChanged", "TurnWithdrawn"]
    assert (story.state.owner, story.state.turns) == ("meta", {})
    assert story.state.epoch > turn.epoch


@pytest.mark.parametrize("shown", [for_meta("m2", 10), metas_answer("a1", 10)])
def test_what_is_shown_on_standby_says_that_metas_agent_answers(
    shown: MessageReceived | MessageEchoed,
) -> None:
    story = Story()
    story.is_asked("m1", 0)

    decision = story.hears(shown)

    assert kinds(decision)[1:] == ["OwnerChanged", "TurnWithdrawn"]
    assert owners(decision) == [("meta", "meta_took")]


def test_while_metas_agent_has_it_nobody_is_asked_and_nothing_changes() -> None:
    story = held_by_meta()
    epoch = story.state.epoch

    decisions = [story.hears(for_meta("m2", 20)), story.hears(metas_answer("a1", 21))]

    assert [kinds(decision) for decision in decisions] == [["MessageReceived"], ["MessageEchoed"]]
    assert (story.state.owner, story.state.epoch) == ("meta", epoch)


def test_the_bot_gets_it_back_and_is_asked_what_metas_agent_did_not_answer() -> None:
    story = held_by_meta()
    story.hears(for_meta("m2", 20))

    decision = story.hears(thread_control("app", 30))

    assert owners(decision) == [("bot", "meta_let_go")]
    assert turns(decision) == [("orders", ["m1", "m2"])]


def test_the_bot_is_not_asked_what_metas_agent_has_answered() -> None:
    story = held_by_meta()
    story.hears(metas_answer("a1", 20))

    decision = story.hears(thread_control("app", 30))

    assert kinds(decision) == ["ThreadControlChanged", "OwnerChanged"]


def test_the_person_who_had_it_before_gets_it_back_for_the_rest_of_the_lease() -> None:
    story = Story()
    story.hears(echoed("e1", 0))
    story.hears(thread_control("meta", 10))

    decision = story.hears(thread_control("app", 30))

    assert owners(decision) == [("human", "meta_let_go")]
    assert (story.state.owner, story.state.lease_until) == ("human", at(0) + HOLD)


def test_the_bot_gets_it_back_where_the_lease_was_over_meanwhile() -> None:
    story = Story()
    story.hears(echoed("e1", 0))
    story.hears(thread_control("meta", 10))

    decision = story.hears(thread_control("app", HOLD.total_seconds()))

    assert owners(decision) == [("bot", "meta_let_go")]


def test_control_that_passed_before_the_last_change_and_is_read_after_it_is_late() -> None:
    story = held_by_meta()
    story.hears(thread_control("app", 30))

    assert kinds(story.hears(thread_control("meta", 20), seconds=31)) == ["ThreadControlChanged"]
    assert story.state.owner == "bot"


@pytest.mark.parametrize("shown", [for_meta("m2", 20), metas_answer("a1", 20)])
def test_what_was_on_standby_before_metas_agent_let_go_and_is_read_after_it_is_late(
    shown: MessageReceived | MessageEchoed,
) -> None:
    story = held_by_meta()
    story.hears(thread_control("app", 30))

    decision = story.hears(shown, seconds=31)

    assert (owners(decision), story.state.owner) == ([], "bot")


def test_control_passed_to_us_changes_nothing_where_metas_agent_had_nothing() -> None:
    story = Story()
    story.hears(echoed("e1", 0))

    assert kinds(story.hears(thread_control("app", 10))) == ["ThreadControlChanged"]


def test_a_message_that_is_not_on_standby_says_that_metas_agent_let_go() -> None:
    story = held_by_meta()

    decision = story.hears(received("m2", 20))

    assert owners(decision) == [("bot", "meta_let_go")]
    assert turns(decision) == [("orders", ["m2"])]


def test_a_message_from_before_metas_agent_got_it_says_nothing_of_now() -> None:
    story = held_by_meta()

    decision = story.hears(received("m0", 5), seconds=11)

    assert (kinds(decision), story.state.owner) == (["MessageReceived"], "meta")


def test_a_person_who_writes_takes_it_from_metas_agent() -> None:
    story = held_by_meta()

    assert owners(story.hears(echoed("e1", 20))) == [("human", "echo")]


def test_a_command_releases_it_from_metas_agent_to_the_bot() -> None:
    story = held_by_meta()

    assert owners(story.is_told(asked("release", "r1"), 20)) == [("bot", "released")]


def test_metas_agent_answers_nobody_is_no_business_of_a_number_without_bots() -> None:
    story = Story(Policy(answers="nobody"))

    assert kinds(story.hears(for_meta("m1", 0))) == ["MessageReceived"]


def test_metas_agent_is_not_watched_like_a_bot_nor_reported_like_a_person() -> None:
    story = held_by_meta()
    story.hears(for_meta("m2", 20))

    assert story.waits(9 * HOUR) == ()


@pytest.mark.parametrize(
    ("policy", "words", "expected"),
    [
        (Policy(answers="everyone", handoff=(A_PERSON,)), "a person!", ("human", "handoff_rule")),
        (Policy(answers="everyone", ask=(SALES,)), "what price?", ("bot", "another_bot")),
    ],
    ids=["handoff", "another bot"],
)
def test_a_rule_holds_for_the_message_that_shows_that_metas_agent_let_go(
    policy: Policy, words: str, expected: tuple[str, str]
) -> None:
    story = held_by_meta(policy)

    decision = story.hears(received("m2", 20, Content.of_text(words)))

    assert owners(decision)[-1] == expected
    assert Counter(fact.id for fact in decision).most_common(1)[0][1] == 1


def test_a_bots_answer_to_a_turn_of_before_changes_nothing() -> None:
    story = Story(Policy(answers="everyone", bot_reply_within=timedelta(minutes=1)))
    turn = story.is_asked("m1", 0)
    story.hears(thread_control("meta", 10))

    assert kinds(story.hears(accepted("w1", 11, turn))) == ["MessageAccepted"]
    assert story.state.owner == "meta"


def test_what_metas_agent_had_answered_before_it_let_go_is_answered_when_it_is_read_late() -> None:
    story = held_by_meta()
    story.hears(metas_answer("a1", 25))
    story.hears(thread_control("app", 30))

    decision = story.hears(for_meta("m2", 20), 31)

    (message,) = decision
    assert isinstance(message, MessageReceived)
    assert message.routed
    assert (message.routed.to, message.routed.rule) == ("nobody", "meta_holds")


def test_what_metas_agent_let_go_with_is_asked_of_the_bot_when_it_is_read_late() -> None:
    story = held_by_meta()
    story.hears(metas_answer("a1", 15))
    story.hears(thread_control("app", 30))

    assert turns(story.hears(for_meta("m2", 20), 31)) == [("orders", ["m2"])]
