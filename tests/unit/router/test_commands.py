"""What people ask of the router by command."""

import pytest
from tests.unit.router.build import HOLD, NUMBER, Story, asked, at, echoed, kinds, received
from tests.unit.router.partition import Partition, types

from saath.events import OwnerChanged
from saath.topics import CONVERSATIONS, TURNS


def test_a_command_takes_over_and_withdraws_the_open_turn() -> None:
    story = Story()
    story.is_asked("m1", 0)

    decision = story.is_told(asked("take over", "t1"), 5)

    assert kinds(decision) == ["OwnerChanged", "TurnWithdrawn"]
    assert (story.state.owner, story.state.lease_until) == ("human", at(5) + HOLD)


def test_a_command_says_who_gave_it() -> None:
    story = Story()
    story.is_asked("m1", 0)

    (changed, *_) = story.is_told(asked("take over", "t1", by="Ana"), 5)

    assert isinstance(changed, OwnerChanged)
    assert (changed.reason, changed.causation) == ("taken over by Ana", "t1")


def test_a_release_gives_the_conversation_to_the_bot_before_the_lease_is_over() -> None:
    story = Story()
    story.hears(echoed("e1", 0))

    released = story.is_told(asked("release", "r1"), 5)
    turn = story.is_asked("m1", 6)

    assert kinds(released) == ["OwnerChanged"]
    assert (story.state.owner, turn.epoch) == ("bot", story.state.epoch)


def test_taking_over_again_renews_the_lease() -> None:
    story = Story()
    story.hears(echoed("e1", 0))

    decision = story.is_told(asked("take over", "t1"), 60)

    assert kinds(decision) == ["LeaseRenewed"]


@pytest.mark.parametrize("what", ["take over", "release"])
def test_a_command_written_twice_is_carried_out_once(what: str) -> None:
    story = Story()
    story.hears(echoed("e1", 0))
    first = asked("take over", "x") if what == "take over" else asked("release", "x")
    story.is_told(first, 60)
    before = story.state

    assert (story.is_told(first, 120), story.state.owner) == ((), before.owner)


def test_a_release_that_came_too_early_does_not_release_a_person_when_it_is_repeated() -> None:
    story = Story()
    story.is_asked("m1", 0)
    nothing = story.is_told(asked("release", "r1"), 1)
    story.hears(echoed("e1", 2))

    assert (nothing, story.is_told(asked("release", "r1"), 3)) == ((), ())
    assert story.state.owner == "human"


def test_a_release_calls_off_the_person_who_was_wanted() -> None:
    story = Story()
    story.hears(received("m1", 0), seconds=16 * 60)

    assert kinds(story.is_told(asked("release", "r1"), 17 * 60)) == ["HandoffWithdrawn"]


def test_a_command_about_nobody_is_refused_once_however_often_it_is_written() -> None:
    partition = Partition()
    told = {"id": "x1", "number": NUMBER, "command": "release", "phone": "4915100000009"}

    first = types(CONVERSATIONS, partition.is_told(told))
    partition.restarts()

    assert (first, types(CONVERSATIONS, partition.is_told(told))) == (["CommandRefused"], [])


def test_a_command_that_was_refused_is_not_carried_out_when_it_is_written_again() -> None:
    partition = Partition()
    told = {"id": "x1", "number": NUMBER, "command": "take over", "phone": "4915100000001"}

    first = types(CONVERSATIONS, partition.is_told(told))
    partition.reads(received("m1", 0))

    assert (first, types(CONVERSATIONS, partition.is_told(told))) == (["CommandRefused"], [])


def test_an_earlier_policy_that_is_written_again_does_not_come_back() -> None:
    partition = Partition()
    nobody = {"id": "p1", "number": NUMBER, "command": "policy", "policy": {"answers": "nobody"}}
    everyone = nobody | {"id": "p2", "policy": {"answers": "everyone"}}
    for told in (nobody, everyone, nobody):
        partition.is_told(told)

    assert types(TURNS, partition.reads(received("m1", 0))) == ["TurnOffered"]
