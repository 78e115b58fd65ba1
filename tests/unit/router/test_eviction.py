"""Which conversations may leave memory, and what is still known of them when the customer returns."""

from datetime import timedelta

import pytest
from tests.unit.router.build import (
    HOUR,
    NUMBER,
    Story,
    accepted,
    asked,
    at,
    echoed,
    handoff,
    received,
)
from tests.unit.router.test_store import BOTH, KEY, PHONE, USER, named, restarted, written

from saath_router.conversation import REMEMBERED_FOR, Conversation
from saath_router.eviction import FELT_FOR, UNUSED_FOR, WAITED_MAX, is_idle
from saath_router.store import Store

DAYS = 24 * HOUR


def answered() -> Story:
    story = Story()
    story.hears(accepted("w1", 3, story.is_asked("m1", 0)))
    return story


def test_an_answered_conversation_is_idle_once_it_was_said_that_its_window_closed() -> None:
    story = answered()
    idle = [is_idle(story.state, at(seconds)) for seconds in (HOUR, 9 * DAYS)]
    story.waits(DAYS)

    assert (idle, is_idle(story.state, at(DAYS))) == ([False, False], True)


def test_a_bot_that_is_watched_and_a_turn_that_is_open_keep_a_conversation() -> None:
    story = Story()
    story.is_asked("m1", 0)
    nobody_waits = story.state.model_copy(update={"window_until": None, "waiting_since": None})
    watched = nobody_waits.model_copy(update={"turns": {}})
    open_turn = nobody_waits.model_copy(update={"watched": {}})

    assert (is_idle(watched, at(90 * DAYS)), is_idle(open_turn, at(1))) == (False, False)


def test_a_lease_keeps_a_conversation_as_long_as_it_lasts_and_is_felt() -> None:
    story = Story()
    story.hears(echoed("e1", 0))
    over = 12 * HOUR + FELT_FOR.total_seconds()

    assert [is_idle(story.state, at(seconds)) for seconds in (over - 1, over)] == [False, True]


def test_metas_own_agent_is_not_forgotten() -> None:
    state = answered().state.model_copy(update={"owner": "meta"})

    assert not is_idle(state, at(90 * DAYS))


def test_a_customer_who_waits_keeps_a_conversation_until_it_is_said_or_long_ago() -> None:
    story = Story()
    story.is_told(asked("take over", "1"), 0)
    story.hears(received("m1", HOUR))
    later = HOUR + WAITED_MAX.total_seconds()
    closed = story.state.model_copy(update={"window": None})
    waits = [is_idle(closed, at(seconds)) for seconds in (9 * DAYS, later - 1, later)]
    story.waits(9 * DAYS)

    assert (waits, is_idle(story.state, at(9 * DAYS))) == ([False, False, True], True)


def test_a_call_that_nobody_has_answered_keeps_a_conversation_until_it_is_called_off() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(accepted("w1", 3, turn, then=handoff("asked for one")))
    story.waits(9 * DAYS)
    called = is_idle(story.state, at(90 * DAYS))
    story.is_told(asked("release", "1"), 91 * DAYS)
    story.waits(92 * DAYS)

    assert (called, is_idle(story.state, at(92 * DAYS))) == (False, True)


def test_ids_are_known_as_long_as_anything_can_be_delivered_again() -> None:
    assert UNUSED_FOR >= REMEMBERED_FOR


def evicted() -> tuple[Store, str]:
    """A store that a conversation of a contact with two identities has left."""
    store = Store(KEY)
    name = named(store, BOTH)
    state = answered().state.model_copy(update={"id": name, "contact": BOTH})
    store.put(state)
    written(store)
    store.evict(name)
    return store, name


def test_what_is_evicted_leaves_memory_and_a_tombstone_and_is_said_once() -> None:
    store, name = evicted()

    assert (len(store), store.get(name)) == (0, None)
    assert (written(store), written(store)) == ([(name.encode(), None)], [])


@pytest.mark.parametrize("contact", [PHONE, USER], ids=["phone", "user id"])
def test_whoever_returns_has_the_same_conversation_and_a_higher_epoch(contact: object) -> None:
    store, name = evicted()
    story = answered()

    found = named(store, contact)  # type: ignore[arg-type]
    again = Story(state=store.get_or_new(found, NUMBER))
    again.is_asked("m2", 365 * DAYS)

    assert (found, story.state.epoch < again.state.epoch) == (name, True)


@pytest.mark.parametrize("where", ["history", "address book", "nowhere"])
def test_whether_a_contact_was_known_outlives_eviction_and_restart(where: str) -> None:
    store, name = evicted()
    if where == "history":
        store.note_history(NUMBER, BOTH)
    elif where == "address book":
        store.note_book(NUMBER, BOTH, listed=True)
    records = written(store)
    again = restarted(records)

    here = [store.is_known(NUMBER, contact) for contact in (PHONE, USER)]
    assert here == [where != "nowhere"] * 2
    assert [again.is_known(NUMBER, contact) for contact in (PHONE, USER)] == here
    assert len(records) == (1 if where == "nowhere" else 3)
    assert records[0] == (name.encode(), None)


def test_whoever_is_taken_out_of_the_address_book_is_new_again_but_for_the_history() -> None:
    store, _ = evicted()
    store.note_book(NUMBER, BOTH, listed=True)
    store.note_book(NUMBER, BOTH, listed=False)
    new = store.is_known(NUMBER, PHONE)
    store.note_history(NUMBER, BOTH)
    store.note_book(NUMBER, BOTH, listed=False)

    assert (new, store.is_known(NUMBER, PHONE)) == (False, True)


def test_one_that_returns_in_the_same_transaction_has_no_tombstone() -> None:
    store, name = evicted()
    returned = Conversation(id=name, number=NUMBER, contact=BOTH)
    store.put(returned)

    changes = [*store.take_changed()]

    assert (changes, store.take_evicted()) == ([(None, returned)], [])


def test_looking_for_the_unused_goes_once_around_a_few_at_a_time() -> None:
    store = Store(KEY)
    for n in range(5):
        store.put(Conversation(id=f"c_{n:032x}", number=NUMBER))
    written(store)  # at 0 seconds
    soon, late = at(0) + UNUSED_FOR - timedelta(seconds=1), at(0) + UNUSED_FOR

    early = [store.unused(soon, 5), store.looked_at_all]
    rounds = [(len(store.unused(late, 2)), store.looked_at_all) for _ in range(3)]

    assert early == [[], True]
    assert rounds == [(2, False), (2, False), (1, True)]
