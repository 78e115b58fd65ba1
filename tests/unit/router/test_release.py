"""A person gives the conversation back: by a word typed in the app, or by command."""

from datetime import timedelta

import pytest
from tests.unit.router.build import (
    EVERYONE,
    Story,
    accepted,
    asked,
    at,
    echoed,
    handoff,
    kinds,
    owners,
    received,
    rejected,
    turns,
)

from saath.events import (
    AskRule,
    CommandRefused,
    Condition,
    Content,
    MessageEchoed,
    NumberPolicy,
    OwnerChanged,
    TurnOffered,
)
from saath_router.answering import Around
from saath_router.ownership import Decision
from saath_router.policy import overlay

WITH_WORD = overlay(EVERYONE, NumberPolicy(release_word="#Bot"))


def typed(text: str, message: str = "r1", seconds: float = 60) -> MessageEchoed:
    return echoed(message, seconds, Content.of_text(text))


def held(*unanswered: str) -> Story:
    """A person wrote at 10 s, the customer since then, a second apart."""
    story = Story(WITH_WORD)
    story.is_asked("m1", 0)
    story.hears(echoed("e1", 10))
    for n, message in enumerate(unanswered):
        story.hears(received(message, 20 + n))
    return story


def rules(decision: Decision) -> list[str | None]:
    return [fact.rule for fact in decision if isinstance(fact, MessageEchoed | OwnerChanged)]


@pytest.mark.parametrize("text", ["#Bot", "#bot", " #BOT \n"])
def test_the_release_word_gives_the_conversation_to_the_bot(text: str) -> None:
    decision = held().hears(typed(text))

    assert kinds(decision) == ["MessageEchoed", "OwnerChanged"]
    assert rules(decision) == ["release_word", "release_word"]


@pytest.mark.parametrize("text", ["I gave it to the #bot", "#bot now", "#bots"])
def test_the_release_word_within_a_message_is_a_persons_words(text: str) -> None:
    decision = held().hears(typed(text))

    assert kinds(decision) == ["MessageEchoed", "LeaseRenewed"]


def test_without_a_release_word_nothing_is_one() -> None:
    story = Story()
    story.is_asked("m1", 0)

    assert owners(story.hears(typed("#bot"))) == [("human", "echo")]


def test_an_empty_release_word_is_none() -> None:
    assert overlay(EVERYONE, NumberPolicy(release_word=" ")).release_word is None


def test_the_release_word_is_no_answer_and_the_bot_is_asked_what_nobody_answered() -> None:
    assert turns(held("m2", "m3").hears(typed("#bot"))) == [("orders", ["m2", "m3"])]


def test_the_bot_is_not_asked_what_the_person_has_answered() -> None:
    story = held("m2")
    story.hears(echoed("e2", 30))

    assert turns(story.hears(typed("#bot"))) == []


def test_the_bot_is_not_asked_what_is_old_when_it_is_released() -> None:
    story = held("m2")

    assert turns(story.hears(typed("#bot", seconds=20 + 15 * 60 + 1))) == []


def test_the_bot_is_asked_what_came_after_an_echo_that_was_delivered_late() -> None:
    story = held("m2")
    story.hears(echoed("e0", 15), seconds=30)

    assert turns(story.hears(typed("#bot"))) == [("orders", ["m2"])]


def test_the_bot_is_not_asked_what_was_answered_before_it_was_read() -> None:
    story = held()
    story.hears(echoed("e2", 30))
    story.hears(received("m2", 20), seconds=31)

    assert turns(story.hears(typed("#bot"))) == []


def test_a_release_word_of_before_the_last_change_of_owner_is_late() -> None:
    story = held()
    story.is_told(asked("release", "c1"), 70)
    story.is_told(asked("take over", "c2"), 80)

    decision = story.hears(typed("#bot", seconds=60), seconds=81)

    assert (kinds(decision), rules(decision)) == (["MessageEchoed"], ["late"])
    assert story.state.owner == "human"


def test_a_release_word_of_before_a_persons_last_words_is_late() -> None:
    story = held()
    story.hears(echoed("e2", 80))

    decision = story.hears(typed("#bot", seconds=60), seconds=81)

    assert (kinds(decision), rules(decision)) == (["MessageEchoed"], ["late"])


def test_a_release_word_while_the_bot_has_it_takes_nothing_over() -> None:
    story = Story(WITH_WORD)
    story.is_asked("m1", 0)

    assert (kinds(story.hears(typed("#bot"))), story.state.owner) == (["MessageEchoed"], "bot")


def test_a_release_word_calls_off_the_person_who_was_wanted() -> None:
    story = Story(WITH_WORD)
    turn = story.is_asked("m1", 0)
    story.hears(accepted("w1", 5, turn, then=handoff("discount asked")))

    assert "HandoffWithdrawn" in kinds(story.hears(typed("#bot")))


def test_an_echo_written_before_a_release_takes_nothing_over_though_another_bot_is_asked_since() -> (
    None
):
    sales = AskRule(bot="sales", when=Condition(words=("price",)))
    story = Story(overlay(EVERYONE, NumberPolicy(ask=(sales,))))
    story.is_asked("m1", 0)
    story.hears(echoed("e1", 10))
    story.is_told(asked("release", "c1"), 60)
    story.hears(received("m2", 70, Content.of_text("What price?")))

    decision = story.hears(echoed("e2", 50), seconds=75)

    assert (kinds(decision), story.state.bot) == (["MessageEchoed"], "sales")


def test_a_release_names_the_bot_that_is_asked() -> None:
    decision = held("m2").is_told(asked("release", "c1", bot="sales"), 60)

    assert turns(decision) == [("sales", ["m2"])]


def test_a_release_to_another_bot_takes_it_from_the_one_that_has_it() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)

    decision = story.is_told(asked("release", "c1", bot="sales"), 5)

    assert kinds(decision) == ["OwnerChanged", "TurnWithdrawn", "TurnOffered"]
    assert turns(decision) == [("sales", ["m1"])]
    assert story.state.epoch > turn.epoch


def test_the_bot_that_a_person_named_is_asked_the_next_message_too() -> None:
    story = held()
    story.is_told(asked("release", "c1", bot="sales"), 60)

    assert turns(story.hears(received("m2", 70))) == [("sales", ["m2"])]


def test_a_release_to_the_bot_that_has_it_changes_nothing() -> None:
    story = Story()
    story.is_asked("m1", 0)

    assert story.is_told(asked("release", "c1", bot="orders"), 5) == ()


def test_a_command_for_an_ownership_that_has_ended_is_refused_and_says_why() -> None:
    story = held()
    epoch = story.state.epoch

    (refused,) = story.is_told(asked("release", "c1", epoch=epoch - 1), 60)

    assert isinstance(refused, CommandRefused)
    assert (refused.pointer, refused.causation, story.state.owner) == ("/epoch", "c1", "human")
    assert str(epoch) in refused.reason


def test_a_command_for_the_ownership_that_lasts_is_carried_out() -> None:
    story = held()

    decision = story.is_told(asked("release", "c1", epoch=story.state.epoch), 60)

    assert owners(decision) == [("bot", "released")]


def test_a_refused_command_written_twice_is_refused_once() -> None:
    story = held()
    late = asked("release", "c1", epoch=1)

    assert [kinds(story.is_told(late, 60)), kinds(story.is_told(late, 61))] == [
        ["CommandRefused"],
        [],
    ]


def test_a_release_of_before_a_persons_last_words_is_refused() -> None:
    """Written at 60 s to one topic, the words at 80 s to another, which was read first."""
    story = held()
    story.hears(echoed("e2", 80))

    (refused,) = story.is_told(asked("release", "c1"), 60)

    assert isinstance(refused, CommandRefused)
    assert (refused.reason, story.state.owner) == ("a person has written since", "human")


def test_whoever_is_known_to_the_business_is_not_answered_by_a_bot_on_release_either() -> None:
    story = Story(overlay(WITH_WORD, NumberPolicy(answers="new_contacts")))
    story.around = Around(known_contact=True)
    story.hears(echoed("e1", 0))
    story.hears(received("m1", 5))

    decision = story.hears(typed("#bot", seconds=10))

    assert kinds(decision) == ["MessageEchoed", "OwnerChanged"]


def test_a_release_holds_until_a_person_writes_again() -> None:
    story = held()
    story.is_told(asked("release", "c1"), 60)

    assert owners(story.hears(echoed("e2", 61))) == [("human", "echo")]
    assert story.state.lease_until == at(61) + timedelta(hours=12)


def test_a_bot_whose_words_were_not_sent_is_asked_anew_when_it_is_released_to_it() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(rejected(turn, 5))

    decision = story.is_told(asked("release", "r1"), 10)

    again = decision[-1]
    assert kinds(decision) == ["OwnerChanged", "HandoffWithdrawn", "TurnOffered"]
    assert isinstance(again, TurnOffered)
    assert again.id != turn.id
    assert again.messages == turn.messages


def test_a_message_of_the_second_in_which_the_bot_answered_another_waits_all_the_same() -> None:
    """Meta's times are whole seconds, those of our own answers are not."""
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(accepted("w1", 1.05, turn))
    story.hears(echoed("e1", 1))
    story.hears(received("m2", 1), seconds=1.9)

    decision = story.is_told(asked("release", "r1"), 3)

    assert kinds(decision) == ["OwnerChanged", "TurnOffered"]
    assert story.state.waiting_since == at(1)
