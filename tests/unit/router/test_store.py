"""Conversations found by identity, by message, and again after a restart."""

import pytest
from tests.unit.router.build import NUMBER, accepted, at, received

from saath.errors import Misconfigured
from saath.events import Contact
from saath.topics import state_topic
from saath_router.conversation import Conversation
from saath_router.evolve import evolve
from saath_router.store import Store

KEY, OTHER_KEY = b"0123456789abcdef", b"fedcba9876543210"
PHONE, USER = Contact(phone="4915100000001"), Contact(user_id="DE.42")
BOTH = Contact(phone="4915100000001", user_id="DE.42")
STATE = state_topic("router")
Records = list[tuple[bytes, bytes | None]]


def due(state: Conversation) -> None:
    """Nothing here has a time."""


def named(store: Store, contact: Contact, number: str = NUMBER) -> str:
    name = store.find_or_name(number, contact)
    assert name
    return name


def written(store: Store) -> Records:
    """What a transaction writes to the changelog now."""
    changed = [after for _, after in store.take_changed()]
    outputs = store.outputs(STATE, 0, changed, store.take_evicted(), due, at(0))
    return [(output.key or b"", output.value) for output in outputs]


def restarted(records: Records, key: bytes = KEY) -> Store:
    store = Store(key)
    for name, value in records:
        store.restore(name, value)
    return store


@pytest.mark.parametrize("first", [PHONE, USER], ids=["phone first", "user id first"])
def test_a_contact_learned_by_both_identities_has_one_conversation(first: Contact) -> None:
    store = Store(KEY)
    name = named(store, first)

    found = [named(store, contact) for contact in (BOTH, PHONE, USER)]

    assert found == [name] * 3


def test_a_contact_has_another_conversation_with_another_number() -> None:
    store = Store(KEY)

    assert named(store, PHONE, "1") != named(store, PHONE, "2")


def test_a_conversations_name_says_nothing_of_the_customer() -> None:
    assert "49151" not in named(Store(KEY), PHONE)


def test_a_contact_without_any_identity_has_no_conversation() -> None:
    assert Store(KEY).find_or_name(NUMBER, Contact(name="Ana")) is None


def test_a_message_of_ours_is_found_without_an_address() -> None:
    store = Store(KEY)
    name = named(store, PHONE)
    store.put(evolve(store.get_or_new(name, NUMBER), accepted("w1", 0)))

    assert store.find(NUMBER, Contact(), "w1") == name


def test_after_a_restart_both_identities_lead_to_the_same_conversation_still() -> None:
    store = Store(KEY)
    name = named(store, USER)
    named(store, BOTH)
    records = written(store)

    found = [restarted(records).find(NUMBER, contact) for contact in (PHONE, USER)]

    assert found == [name, name]


def test_after_a_restart_a_conversation_is_as_it_was() -> None:
    store = Store(KEY)
    name = named(store, PHONE)
    state = store.get_or_new(name, NUMBER)
    for event in (received("m1", 0), accepted("w1", 1)):
        state = evolve(state, event)
    store.put(state)

    again = restarted(written(store))

    assert (again.get(name), again.find(NUMBER, Contact(), "w1")) == (state, name)


def test_a_tombstone_forgets_a_conversation_but_not_whose_it_was() -> None:
    store = Store(KEY)
    name = named(store, PHONE)
    store.put(evolve(store.get_or_new(name, NUMBER), accepted("w1", 1)))
    again = restarted([*written(store), (name.encode(), None)])

    found = (again.get(name), again.find(NUMBER, Contact(), "w1"), again.find(NUMBER, PHONE))

    assert found == (None, None, name)


def test_nothing_is_written_twice_that_did_not_change() -> None:
    store = Store(KEY)
    named(store, PHONE)
    written(store)

    assert written(store) == []


def test_several_changes_of_a_batch_are_one_change_from_what_was_written_before() -> None:
    store = Store(KEY)
    before = Conversation(id=named(store, PHONE), number=NUMBER)
    store.put(before)
    written(store)
    first = evolve(before, received("m1", 0))
    last = evolve(first, received("m2", 1))
    store.put(first)
    store.put(last)

    assert [*store.take_changed()] == [(before, last)]


def test_state_of_another_installation_key_is_refused_with_a_sentence() -> None:
    store = Store(KEY)
    named(store, PHONE)

    with pytest.raises(Misconfigured, match="SAATH_INSTALLATION_KEY is not the one"):
        restarted(written(store), OTHER_KEY)


def test_a_message_of_what_was_joined_is_found_where_it_went_as_after_a_restart() -> None:
    store = Store(KEY)
    kept, gone = named(store, PHONE), named(store, USER)
    younger = evolve(store.get_or_new(gone, NUMBER), accepted("w1", 0))
    store.put(younger)
    records = written(store)
    both = store.get_or_new(kept, NUMBER).model_copy(update={"statuses": younger.statuses})

    store.put(both)
    store.redirect(younger, kept)
    records += written(store)

    found = [each.find(NUMBER, Contact(), "w1") for each in (store, restarted(records))]
    assert found == [kept, kept]
