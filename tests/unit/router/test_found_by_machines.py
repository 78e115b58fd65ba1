"""What the state machines found, each as the shortest story in which it showed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from tests.unit.router.build import (
    CUSTOMER,
    EVERYONE,
    HOUR,
    Story,
    accepted,
    asked,
    at,
    echoed,
    received,
)
from tests.unit.router.machine.events import changed_hands, outcome_of, status_of
from tests.unit.router.partition import Partition, on

from saath.events import (
    AskRule,
    Condition,
    Contact,
    Content,
    ConversationUnattended,
    Event,
    HandoffRule,
    MessagePriced,
    MessageReceived,
    OwnerChanged,
    PassWish,
    Pricing,
    ThenPass,
    TurnOffered,
    WindowClosing,
    WindowOpened,
)
from saath.topics import CONVERSATIONS

E = TypeVar("E", bound=Event)
PERSON = (HandoffRule(name="person", when=Condition(words=("a person",))),)
IMAGES = (AskRule(bot="pictures", when=Condition(types=("image",))),)
IMAGE = Content.model_validate({"type": "image", "image": {"id": "1"}})
SERVICE, UTILITY = (Pricing(model="PMP", category=name) for name in ("service", "utility"))


def of(kind: type[E], facts: Iterable[Event]) -> list[E]:
    return [fact for fact in facts if isinstance(fact, kind)]


def test_a_message_to_metas_agent_names_the_epoch_of_its_ownership() -> None:
    story = Story()

    said = story.hears(received("m1", 0).model_copy(update={"standby": True}))

    (message,) = of(MessageReceived, said)
    assert message.routed
    assert message.routed.epoch == story.state.epoch


def test_what_waited_on_trial_takes_nothing_from_a_person_when_the_policy_changes() -> None:
    story = Story(replace(EVERYONE, answers="shadow", quiet=timedelta(seconds=5)))
    story.is_told(asked("take over", "1"), 0)
    story.hears(received("m1", 1))
    story.policy = EVERYONE

    said = story.waits(10)

    assert [turn.shadow for turn in of(TurnOffered, said)] == [True]
    assert story.state.owner == "human"


def test_a_second_message_of_the_same_second_does_not_open_a_closing_window_again() -> None:
    story = Story(replace(EVERYONE, window_closing=timedelta(hours=24)))
    story.hears(received("m1", 0))
    story.waits(0.3)

    story.hears(received("m2", 0), 0.4)
    story.waits(0.5)

    assert (len(of(WindowOpened, story.log)), len(of(WindowClosing, story.log))) == (1, 1)


def test_a_price_that_was_said_is_not_said_again_after_another_one() -> None:
    story = Story()
    first = status_of("read", "w1", 0, pricing=UTILITY)
    second = status_of("sent", "w1", 1, pricing=SERVICE)

    for status in (first, second, first, second):
        story.hears(status)

    assert [price.pricing for price in of(MessagePriced, story.log)] == [UTILITY, SERVICE]


def test_a_message_that_takes_it_from_meta_and_hands_it_on_changes_owners_twice() -> None:
    story = Story(replace(EVERYONE, handoff=PERSON))
    story.hears(changed_hands("t1", 0, "meta"))

    said = story.hears(received("m1", 5, Content.of_text("a person, please")))

    changes = of(OwnerChanged, said)
    assert [change.owner for change in changes] == ["bot", "human"]
    assert len({change.id for change in changes}) == 2


def test_after_meta_a_rule_s_bot_gets_it_from_the_one_that_was_named() -> None:
    story = Story(replace(EVERYONE, ask=IMAGES))
    story.hears(changed_hands("t1", 0, "meta"))

    said = story.hears(received("m1", 5, IMAGE))

    assert [change.bot for change in of(OwnerChanged, said)] == ["orders", "pictures"]


def test_an_old_message_that_was_answered_before_it_was_read_calls_nobody() -> None:
    story = Story(replace(EVERYONE, human_hold=timedelta(0)))
    story.hears(accepted("w1", 2 * HOUR, by="person"))

    said = story.hears(received("m1", HOUR), 2 * HOUR)

    assert of(ConversationUnattended, said) == []
    assert not story.state.handoff_open


def test_a_reaction_from_the_phone_is_no_answer_to_what_is_read_later() -> None:
    story = Story()
    reaction = Content.model_validate({"type": "reaction", "reaction": {"emoji": "👍"}})
    story.hears(echoed("e1", 2 * HOUR, reaction))

    story.hears(received("m1", HOUR), 2 * HOUR)

    assert story.state.waiting_since == at(HOUR)


def test_what_waits_too_long_to_be_asked_on_release_is_said() -> None:
    story = Story()
    story.is_told(asked("take over", "1"), 0)
    story.hears(received("m1", 1))

    said = story.is_told(asked("release", "2"), HOUR)

    assert [(fact.epoch, fact.waiting_since) for fact in of(ConversationUnattended, said)] == [
        (story.state.epoch, at(1))
    ]


def test_the_release_word_answers_nobody() -> None:
    story = Story(replace(EVERYONE, release_word="bot on"))
    story.is_told(asked("take over", "1"), 0)
    story.hears(received("m1", 1))

    story.hears(echoed("e1", 5, Content.of_text("bot on")))

    assert story.state.waiting_since == at(1)


def test_a_bot_passes_nothing_on_where_no_bot_is_to_be_asked() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.policy = replace(EVERYONE, answers="nobody")

    said = story.hears(accepted("w1", 1, turn, then=ThenPass(pass_to=PassWish(bot="pictures"))))

    assert of(TurnOffered, said) == []


def test_a_bot_that_passes_on_to_itself_without_a_word_calls_a_person() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)

    story.hears(outcome_of("closed", turn, 1, 0, 1, ThenPass(pass_to=PassWish(bot=turn.bot))))

    assert story.state.handoff_open


def test_a_bot_is_not_missed_where_a_person_answered_and_does_not_hold() -> None:
    story = Story(replace(EVERYONE, human_hold=timedelta(0)))
    story.is_asked("m1", 0)

    story.hears(accepted("w1", 1, by="person"))

    assert story.waits(HOUR) == ()


def changed_number() -> MessageReceived:
    said = {"type": "user_changed_number", "wa_id": "4915100000002"}
    content = Content.model_validate({"type": "system", "system": said})
    return received("s1", 2, content)


def test_a_change_of_number_that_comes_again_is_known_where_it_led() -> None:
    partition = Partition()
    partition.reads(received("m1", 0))
    partition.reads(changed_number())

    assert len(partition.reads(changed_number())) == 1  # the watermark


def test_a_message_that_comes_again_does_not_take_back_a_number() -> None:
    both = Contact(phone=CUSTOMER.phone, user_id="DE.1")
    wrote = received("m1", 0).model_copy(update={"contact": both})
    partition = Partition()
    first, *_ = on(CONVERSATIONS, partition.reads(wrote))
    partition.reads(changed_number().model_copy(update={"contact": both}))

    again = partition.reads(wrote)
    somebody_else, *_ = on(CONVERSATIONS, partition.reads(received("m2", 9)))

    assert len(again) == 1  # the watermark
    assert somebody_else.conversation != first.conversation
