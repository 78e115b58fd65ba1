"""Who answers, as people write and the clock goes on."""

from datetime import timedelta

import pytest
from tests.unit.router.build import (
    CONVERSATION,
    EVERYONE,
    HOLD,
    HOUR,
    NUMBER,
    Story,
    accepted,
    asked,
    at,
    echoed,
    kinds,
    left_in_doubt,
    received,
    status,
    unavailable,
)

from saath.events import Content, OwnerChanged, TurnWithdrawn
from saath_router.conversation import Conversation
from saath_router.policy import Policy

REACTION = Content.model_validate({"type": "reaction", "reaction": {"message_id": "m1"}})
SYSTEM = Content.model_validate({"type": "system", "system": {"type": "user_changed_number"}})
IN_GROUP = Content.model_validate({"type": "text", "text": {"body": "hi"}, "group_id": "g1"})


def owner(state: Conversation) -> tuple[str, int]:
    return state.owner, state.epoch


def held_by_a_person() -> Story:
    """A bot was asked at 0 s, a person answered from the phone at 10 s."""
    story = Story()
    story.is_asked("m1", 0)
    story.hears(echoed("e1", 10))
    return story


def test_the_bot_is_asked_to_answer_the_first_message() -> None:
    story = Story()

    decision = story.hears(received("m1", 0))

    assert kinds(decision) == ["MessageReceived", "OwnerChanged", "TurnOffered"]
    assert story.state.owner == "bot"


def test_the_bot_that_answers_is_asked_again_without_a_change_of_owner() -> None:
    story = Story()
    first = story.is_asked("m1", 0)

    decision = story.hears(received("m2", 5))

    assert kinds(decision) == ["MessageReceived", "TurnOffered"]
    assert story.state.epoch == first.epoch


def test_nobody_answers_where_the_policy_says_so() -> None:
    story = Story(Policy(answers="nobody"))

    decision = story.hears(received("m1", 0))

    assert kinds(decision) == ["MessageReceived"]
    assert owner(story.state) == ("bot", 0)


def test_an_echo_takes_over_for_the_lease_and_withdraws_every_open_turn() -> None:
    story = Story()
    turns = [story.is_asked("m1", 0), story.is_asked("m2", 1)]

    _, changed, *withdrawn = story.hears(echoed("e1", 10), seconds=11)

    assert isinstance(changed, OwnerChanged)
    assert (changed.owner, changed.previous, changed.lease_until) == ("human", "bot", at(10) + HOLD)
    assert changed.epoch > turns[0].epoch
    assert [fact.turn_id for fact in withdrawn if isinstance(fact, TurnWithdrawn)] == [
        turn.id for turn in turns
    ]
    assert story.state.turns == {}


def test_another_echo_renews_the_lease_and_keeps_the_epoch() -> None:
    story = held_by_a_person()
    before = owner(story.state)

    decision = story.hears(echoed("e2", HOUR))

    assert kinds(decision) == ["MessageEchoed", "LeaseRenewed"]
    assert (owner(story.state), story.state.lease_until) == (before, at(HOUR) + HOLD)


def test_an_older_echo_delivered_after_a_newer_one_does_not_shorten_the_lease() -> None:
    story = held_by_a_person()
    story.hears(echoed("e3", HOUR))

    decision = story.hears(echoed("e2", 60), seconds=HOUR + 1)

    assert kinds(decision) == ["MessageEchoed"]
    assert story.state.lease_until == at(HOUR) + HOLD


def test_the_bot_stays_silent_while_the_lease_runs() -> None:
    story = held_by_a_person()

    decision = story.hears(received("m2", 10 + HOLD.total_seconds() - 1))

    assert kinds(decision) == ["MessageReceived"]


def test_the_bot_answers_again_when_the_lease_is_over_with_a_higher_epoch() -> None:
    story = held_by_a_person()
    before = story.state.epoch

    turn = story.is_asked("m2", 10 + HOLD.total_seconds())

    assert turn.epoch == story.state.epoch > before
    assert (story.state.owner, turn.reason) == ("bot", "phone went quiet")


def test_a_lease_that_is_over_changes_nothing_before_the_customer_writes() -> None:
    story = held_by_a_person()
    before = owner(story.state)

    story.hears(status("read", "e1", 13 * HOUR, ours=False))

    assert owner(story.state) == before


def test_an_epoch_is_at_least_the_clock_so_that_what_was_forgotten_cannot_give_an_old_one() -> None:
    story = Story()

    turn = story.is_asked("m1", 7)

    assert turn.epoch == int(at(7).timestamp() * 1000)


def test_an_epoch_rises_though_the_clock_stands_still() -> None:
    story = held_by_a_person()
    epochs = [story.state.epoch]

    for n in range(3):
        story.is_told(asked("release", f"r{n}"), 10)
        epochs.append(story.state.epoch)
        story.is_told(asked("take over", f"t{n}"), 10)
        epochs.append(story.state.epoch)

    assert epochs == sorted(set(epochs))


def test_an_echo_written_before_the_last_change_of_owner_takes_nothing_over() -> None:
    story = held_by_a_person()
    story.is_told(asked("release", "r1"), 60)

    decision = story.hears(echoed("e2", 59), seconds=61)

    assert kinds(decision) == ["MessageEchoed"]
    assert story.state.owner == "bot"


def test_an_echo_of_the_same_second_counts_as_after_because_meta_sends_whole_seconds() -> None:
    story = held_by_a_person()
    story.is_told(asked("release", "r1"), 60.9)

    story.hears(echoed("e2", 60), seconds=61)

    assert story.state.owner == "human"


def test_an_echo_that_was_merely_delivered_late_takes_over() -> None:
    story = Story()
    story.is_asked("m1", 0)

    story.hears(echoed("e1", 5), seconds=HOUR)

    assert (story.state.owner, story.state.lease_until) == ("human", at(5) + HOLD)


def test_a_person_who_wrote_while_the_router_was_down_is_not_taken_for_late() -> None:
    """Message at 0 s, answer from the phone at 5 s, both read a minute later."""
    story = Story()
    story.hears(received("m1", 0), seconds=60)

    story.hears(echoed("e1", 5), seconds=60)

    assert story.state.owner == "human"


def test_a_person_who_wrote_after_a_release_that_was_read_late_is_not_taken_for_late() -> None:
    story = held_by_a_person()
    release = asked("release", "r1")
    released = story.is_told(release, 20)
    story.hears(echoed("e2", 25), seconds=90)

    assert (kinds(released), story.state.owner) == (["OwnerChanged"], "human")


def test_an_echo_so_old_that_its_lease_is_over_takes_nothing_over() -> None:
    story = Story()
    story.is_asked("m1", 0)

    decision = story.hears(echoed("e1", 1), seconds=1 + HOLD.total_seconds())

    assert kinds(decision) == ["MessageEchoed"]


@pytest.mark.parametrize(
    "content", [REACTION, SYSTEM, IN_GROUP], ids=["reaction", "system", "group"]
)
def test_what_is_no_message_to_the_customer_takes_nothing_over(content: Content) -> None:
    story = Story()
    story.is_asked("m1", 0)

    decision = story.hears(echoed("e1", 1, content))

    assert kinds(decision) == ["MessageEchoed"]


@pytest.mark.parametrize(
    "content", [REACTION, SYSTEM, IN_GROUP], ids=["reaction", "system", "group"]
)
def test_what_waits_for_no_answer_gets_no_turn(content: Content) -> None:
    story = Story()

    decision = story.hears(received("m1", 0, content))

    assert kinds(decision) == ["MessageReceived"]


def test_a_message_that_was_old_when_it_was_read_calls_a_person_once_instead_of_a_bot() -> None:
    story = Story()

    decisions = [story.hears(received(m, 0), seconds=16 * 60) for m in ("m1", "m2")]

    assert [kinds(decision) for decision in decisions] == [
        ["MessageReceived", "ConversationUnattended", "HandoffRequested"],
        ["MessageReceived"],
    ]


def test_an_echo_of_our_own_message_is_not_a_persons() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(accepted("w1", 1, turn))

    assert story.hears(echoed("w1", 2)) == ()


def test_an_echo_of_our_own_message_is_known_by_a_status_that_was_faster() -> None:
    story = Story()
    story.is_asked("m1", 0)
    story.hears(status("sent", "w1", 1, ours=True))

    assert story.hears(echoed("w1", 2)) == ()


def test_a_status_of_what_was_written_in_the_app_does_not_make_its_echo_ours() -> None:
    story = Story()
    story.is_asked("m1", 0)
    story.hears(status("sent", "e1", 1, ours=False))

    story.hears(echoed("e1", 1), seconds=2)

    assert story.state.owner == "human"


def test_a_stub_is_logged_and_the_message_that_follows_with_its_id_is_answered() -> None:
    story = Story()

    stub = story.hears(unavailable("m1", 0))
    real = story.hears(received("m1", 0), seconds=0.2)

    assert kinds(stub) == ["MessageUnavailable"]
    assert kinds(real) == ["MessageReceived", "OwnerChanged", "TurnOffered"]


def test_a_persons_message_from_a_tool_takes_over_from_when_it_was_sent() -> None:
    story = Story()
    story.is_asked("m1", 0)

    decision = story.hears(accepted("w1", 5, by="person"), seconds=6)

    assert kinds(decision) == ["MessageAccepted", "OwnerChanged", "TurnWithdrawn"]
    assert (story.state.owner, story.state.lease_until) == ("human", at(5) + HOLD)


def test_a_persons_message_that_may_have_arrived_takes_over_like_one_that_has() -> None:
    """Nobody may ever know, and a bot that goes on would talk over it."""
    story = Story()
    story.is_asked("m1", 0)

    in_doubt = story.hears(left_in_doubt(5, "person"), seconds=6)
    arrived = story.hears(accepted("w1", 40, by="person"))

    assert kinds(in_doubt) == ["MessageLeftInDoubt", "OwnerChanged", "TurnWithdrawn"]
    assert kinds(arrived) == ["MessageAccepted", "LeaseRenewed"]


def test_a_campaign_in_doubt_takes_nothing_over() -> None:
    story = Story()
    story.is_asked("m1", 0)

    assert kinds(story.hears(left_in_doubt(5, "campaign"))) == ["MessageLeftInDoubt"]


def test_a_campaign_takes_nothing_over() -> None:
    story = held_by_a_person()

    decision = story.hears(accepted("w1", 20, by="campaign"))

    assert kinds(decision) == ["MessageAccepted"]


def test_the_service_window_opens_with_the_customers_message_and_never_moves_back() -> None:
    story = Story()
    story.hears(received("m2", 100))
    story.hears(received("m1", 0), seconds=101)

    assert story.state.window_until == at(100) + timedelta(hours=24)


def test_a_policy_of_a_number_decides_how_long_a_person_keeps_it() -> None:
    story = Story(Policy(answers="everyone", human_hold=timedelta(minutes=1)))
    story.hears(echoed("e1", 0))

    story.hears(received("m1", 60))

    assert story.state.owner == "bot"


def test_every_fact_says_whose_it_is_and_from_what_it_follows() -> None:
    story = Story(EVERYONE)
    story.is_asked("m1", 0)

    event, *following = story.hears(echoed("e1", 1))

    assert {(fact.number, fact.conversation) for fact in (event, *following)} == {
        (NUMBER, CONVERSATION)
    }
    assert {fact.causation for fact in following} == {event.id}
