"""What a conversation remembers, what it forgets, and how large it gets."""

from tests.unit.router.build import Story, accepted, at, echoed, kinds, received, status

from saath.events import Content
from saath_router.conversation import REMEMBERED_FOR, SEEN_MAX, STATUSES_MAX
from saath_router.evolve import TURNS_MAX
from saath_router.memory import DATED_BYTES, HASH_BYTES, RANKED_BYTES

DAY = 86_400.0


def known(story: Story) -> int:
    """How many facts are remembered."""
    return len(story.state.seen) // DATED_BYTES


def test_whatever_comes_twice_changes_nothing() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    heard = [received("m1", 0), accepted("w1", 1, turn), status("sent", "w1", 2), echoed("e1", 3)]
    for event in heard:
        story.hears(event)
    before = story.state

    again = [story.hears(event, seconds=60) for event in heard]

    assert (again, story.state) == ([(), (), (), ()], before)


def talkative() -> Story:
    """So many messages, one a minute, that the first are forgotten."""
    story = Story()
    for n in range(SEEN_MAX + 10):
        story.hears(received(f"m{n}", n * 60))
    return story


def test_ids_are_forgotten_oldest_first_and_the_time_of_the_newest_is_kept() -> None:
    story = talkative()

    assert (known(story), story.state.forgotten_before) == (SEEN_MAX, at(9 * 60))


def test_an_old_fact_that_is_unknown_is_logged_and_acts_on_nothing() -> None:
    story = talkative()

    decisions = [story.hears(received("old", 9 * 60), 600), story.hears(echoed("e", 540), 600)]

    assert [kinds(decision) for decision in decisions] == [["MessageReceived"], ["MessageEchoed"]]
    assert story.state.owner == "bot"


def test_a_long_conversation_is_still_answered() -> None:
    """What is remembered is pushed out by what is new; that must not make the new look old."""
    story = talkative()
    now = (SEEN_MAX + 10) * 60.0

    first, second = (story.hears(received(m, now), seconds=now + 2) for m in ("x", "y"))

    assert (kinds(first)[-1], kinds(second)[-1]) == ("TurnOffered", "TurnOffered")


def test_a_fact_older_than_anything_is_remembered_is_logged_and_acts_on_nothing() -> None:
    """A redelivery after 8 days, or a record redriven from a dead-letter topic."""
    story = Story()
    story.is_asked("m1", 9 * DAY)
    story.hears(echoed("e0", 9 * DAY - 1), seconds=9 * DAY)

    decision = story.hears(received("m0", 0), seconds=REMEMBERED_FOR.total_seconds() + 1)

    assert kinds(decision) == ["MessageReceived"]


def test_ids_older_than_a_redelivery_can_be_are_dropped() -> None:
    story = Story()
    for day in range(20):
        story.hears(received(f"m{day}", day * DAY))

    assert (known(story), story.state.forgotten_before) == (9, at(10 * DAY))


def test_a_flood_of_messages_does_not_make_the_state_grow() -> None:
    """A customer who never stops, a bot that never answers, texts as long as Meta lets through."""
    story = Story()
    for n in range(400):
        turn = story.is_asked(f"m{n}", n / 10)
        story.hears(received(f"l{n}", n / 10, Content.of_text("ä" * 4096)))
        story.hears(accepted(f"w{n}", n / 10, turn).model_copy(update={"index": 0, "total": 2}))
        for kind in ("sent", "delivered", "read"):
            story.hears(status(kind, f"w{n}", n / 10))

    state = story.state
    ids = (state.seen, state.statuses, state.ours)
    sizes = (SEEN_MAX * DATED_BYTES, STATUSES_MAX * RANKED_BYTES, STATUSES_MAX * HASH_BYTES)
    assert (*map(len, ids), len(state.turns)) == (*sizes, TURNS_MAX)
    assert len(state.model_dump_json()) < 24_000


def test_an_address_book_in_a_message_is_not_kept_with_the_last_messages() -> None:
    story = Story()
    cards = {"type": "contacts", "contacts": [{"name": {"formatted_name": "x" * 900}}] * 900}

    story.hears(received("m1", 0, Content.model_validate(cards)))

    assert [message.content for message in story.state.recent] == [Content(type="contacts")]


def test_turns_whose_deadline_has_passed_are_let_go_of() -> None:
    story = Story()
    story.is_asked("m1", 0)

    later = story.is_asked("m2", 121)

    assert [*story.state.turns] == [later.id]
