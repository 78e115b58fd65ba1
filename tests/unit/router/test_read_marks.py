"""A customer's message is marked as read, or they are shown that somebody types: that is no answer yet."""

import pytest
from tests.unit.router.build import (
    NUMBER,
    READ_MARK,
    Story,
    accepted,
    echoed,
    handoff,
    kinds,
    owners,
    read_marked,
    rejected,
)
from tests.unit.router.test_silent_bots import MISSED_AT, Bots, alarms

from saath.events import Content, MessageDropped, MessageRejected, TurnOffered
from saath.topics import OUTCOMES

REACTION = Content.model_validate(
    {"type": "reaction", "reaction": {"message_id": "m1", "emoji": "\N{THUMBS UP SIGN}"}}
)


def is_asked() -> tuple[Story, TurnOffered]:
    story = Story()
    return story, story.is_asked("m1", 0)


def test_a_bot_that_only_shows_that_it_types_loses_the_conversation_as_a_silent_one_does() -> None:
    story, turn = is_asked()

    decision = story.hears(read_marked(5, turn))

    assert (kinds(decision), story.state.waiting_since, list(story.state.turns)) == (
        ["MessageReadMarked"],
        turn.time,
        [turn.id],
    )
    assert owners(story.waits(61)) == [("human", "bot_silent")]


def test_words_after_a_read_mark_are_the_answer() -> None:
    story, turn = is_asked()
    story.hears(read_marked(1, turn, total=2))
    words = accepted("a1", 2, turn).model_copy(update={"index": 1, "total": 2})

    story.hears(words)

    assert (story.state.watched, story.state.turns, story.waits(120)) == ({}, {}, ())


def test_a_read_mark_after_the_words_leaves_nothing_open() -> None:
    story, turn = is_asked()
    story.hears(accepted("a1", 1, turn).model_copy(update={"total": 2}))

    story.hears(read_marked(2, turn, index=1, total=2))

    assert (story.state.watched, story.state.turns) == ({}, {})


def test_what_follows_a_read_mark_happens() -> None:
    story, turn = is_asked()

    decision = story.hears(read_marked(5, turn, then=handoff("asks for a discount")))

    assert owners(decision) == [("human", "bot_handed_over")]


def test_a_read_mark_and_done_says_that_nothing_needs_an_answer() -> None:
    story, turn = is_asked()

    story.hears(read_marked(5, turn, then="done"))

    assert (story.state.waiting_since, story.state.turns, story.waits(120)) == (None, {}, ())


def test_a_read_mark_that_meta_refused_calls_nobody() -> None:
    story, turn = is_asked()

    decision = story.hears(rejected(turn, 5).model_copy(update={"content": READ_MARK}))

    assert (kinds(decision), list(story.state.watched)) == (["MessageRejected"], [turn.id])


def test_what_follows_a_read_mark_that_failed_happens_all_the_same() -> None:
    story, turn = is_asked()
    failed = rejected(turn, 5).model_copy(
        update={"content": READ_MARK, "then": handoff("asks for a discount")}
    )

    assert owners(story.hears(failed)) == [("human", "bot_handed_over")]


@pytest.mark.parametrize("model", [MessageRejected, MessageDropped])
def test_a_read_mark_that_failed_and_done_says_that_nothing_needs_an_answer(
    model: type[MessageRejected] | type[MessageDropped],
) -> None:
    story, turn = is_asked()
    facts = rejected(turn, 5).model_dump(exclude={"type"}) | {"content": READ_MARK, "then": "done"}

    story.hears(model.model_validate({"reason": "no answer", **facts}))

    assert (story.state.waiting_since, story.state.turns, story.waits(120)) == (None, {}, ())


@pytest.mark.parametrize(
    "event",
    [
        read_marked(5, by="person"),
        accepted("a1", 5, by="person").model_copy(update={"content": REACTION}),
    ],
    ids=["read mark", "reaction"],
)
def test_a_person_who_says_nothing_takes_nothing_over(event: object) -> None:
    story, turn = is_asked()

    decision = story.hears(event)  # type: ignore[arg-type]

    assert (kinds(decision), story.state.owner, list(story.state.watched)) == (
        [type(event).__name__],
        "bot",
        [turn.id],
    )


def test_a_read_mark_leaves_a_person_who_has_the_conversation_alone() -> None:
    story = Story()
    story.hears(echoed("e1", 0))
    lease = story.state.lease_until

    story.hears(read_marked(60, by="person"))

    assert (story.state.owner, story.state.lease_until) == ("human", lease)


def test_a_bot_that_only_ever_types_has_answered_no_turn() -> None:
    bots = Bots()
    for _ in range(10):
        turn = bots.writes(seconds=0)
        about = {"conversation": turn.conversation, "number": turn.number}
        for n in range(5):
            again = read_marked(1, turn).model_copy(update={**about, "id": f"r{turn.id}{n}"})
            bots.reads(again, topic=OUTCOMES, now=1)

    assert alarms(bots.fires(MISSED_AT)) == [("orders", NUMBER)]
