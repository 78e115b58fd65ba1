"""The address book: which entry a change is about, in which order changes count, and each once."""

import json

import pytest
from tests.unit.sync.samples import NUMBER, WRITTEN, contact, seconds

from saath.errors import PoisonRecord
from saath.events import Contact, ContactChanged, ContactRecorded
from saath.identity import alias_key
from saath_sync.book import AddressBooks

KEY = b"0123456789abcdef"
PHONE, USER = "16505551234", "US.13491208655302741918"
BY_PHONE = alias_key(KEY, NUMBER, f"phone:{PHONE}")
BY_USER = alias_key(KEY, NUMBER, f"user:{USER}")
BOTH = Contact(phone=PHONE, user_id=USER)


def told(*changes: ContactChanged) -> list[ContactRecorded]:
    """What is published of these changes, in this order."""
    books = AddressBooks(KEY)
    return [record for change in changes for record in books.learn(change)[1]]


def short(*changes: ContactChanged) -> list[tuple[str, Contact, bool]]:
    return [(r.entry, r.contact, r.removed) for r in told(*changes)]


def test_a_saved_contact_is_recorded_under_a_name_that_names_nobody() -> None:
    change = contact("add", name="Pablo").model_copy(update={"first_name": "Pablo"})

    [recorded] = told(change)

    assert recorded == ContactRecorded(
        id=recorded.id,
        time=WRITTEN,
        number=NUMBER,
        causation=change.id,
        entry=BY_PHONE,
        contact=Contact(phone=PHONE, name="Pablo"),
        first_name="Pablo",
    )
    assert PHONE not in recorded.entry + recorded.id


def test_of_two_changes_the_later_counts_whichever_comes_first() -> None:
    removed, added = contact("remove", 20), contact("add", 10)

    assert short(removed, added) == [(BY_PHONE, Contact(phone=PHONE), True)]


def ahead(name: str, at: float, dated: float) -> ContactChanged:
    """One that was read *at* then, and that the phone's clock has dated later."""
    change = contact("add", at, name=name)
    moment = WRITTEN + seconds(dated)
    return change.model_copy(update={"dated": moment, "id": f"ahead_{name}"})


def test_what_a_clock_that_was_ahead_has_said_is_not_told_again_when_it_comes_again() -> None:
    changes = [
        ahead("A", 0, 3600),
        ahead("B", 10, 3610),
        contact("add", 20, name="C"),
        ahead("A", 30, 3600),
        contact("add", 40, name="D"),
        ahead("B", 50, 3610),
        contact("add", 3611, name="E"),  # its time has come by now
        contact("add", 3600, name="A"),
        contact("add", 3620, name="F"),
    ]

    assert [r.contact.name for r in told(*changes)] == [*"ABCDEF"]


def test_a_change_that_comes_again_is_not_told_again_even_after_another_of_its_second() -> None:
    added, edited = contact("add", name="A"), contact("add", name="B")

    names = [r.contact.name for r in told(added, added, edited, added, edited)]

    assert names == ["A", "B"]


def test_changes_of_one_second_count_in_the_order_they_came() -> None:
    assert [removed for _, _, removed in short(contact("add"), contact("remove"))] == [False, True]


def test_a_contact_without_phone_number_goes_by_the_user_id() -> None:
    change = contact("add", phone=None, user_id=USER)

    assert short(change) == [(BY_USER, Contact(user_id=USER), False)]


def test_one_known_by_user_id_ends_where_a_change_shows_the_phone_number_too() -> None:
    changes = contact("add", phone=None, user_id=USER), contact("add", 10, user_id=USER)

    assert short(*changes)[1:] == [
        (BY_USER, Contact(user_id=USER), True),
        (BY_PHONE, BOTH, False),
    ]


@pytest.mark.parametrize("shown", [{}, {"phone": None, "user_id": USER}])
def test_a_removal_that_shows_one_identity_is_told_with_both(shown: dict[str, str | None]) -> None:
    changes = contact("add", user_id=USER), contact("remove", 10, **shown)

    assert short(*changes)[1:] == [(BY_PHONE, BOTH, True)]


def test_a_later_change_of_the_user_id_alone_outweighs_an_older_one_that_shows_both() -> None:
    changes = contact("remove", 20, phone=None, user_id=USER), contact("add", 10, user_id=USER)

    assert short(*changes) == [(BY_USER, Contact(user_id=USER), True)]


@pytest.mark.parametrize("user_id", [USER, None])
def test_a_user_id_that_moved_to_another_entry_is_not_removed_with_its_old_one(
    user_id: str | None,
) -> None:
    moved = contact("add", 10, phone="16505550000", user_id=USER)
    gone = contact("remove", 10, user_id=user_id)

    assert short(contact("add", user_id=USER), moved, gone)[-1] == (
        BY_PHONE,
        Contact(phone=PHONE),
        True,
    )


def test_an_older_change_does_not_take_a_user_id_back() -> None:
    moved = contact("add", 20, phone="16505550000", user_id=USER)
    changes = (
        moved,
        contact("add", 10, user_id=USER),
        contact("remove", 30, phone=None, user_id=USER),
    )

    assert short(*changes)[1:] == [
        (BY_PHONE, Contact(phone=PHONE), False),
        (
            alias_key(KEY, NUMBER, "phone:16505550000"),
            Contact(phone="16505550000", user_id=USER),
            True,
        ),
    ]


def test_what_nobody_knows_how_to_read_goes_to_the_dead_letters_and_changes_nothing() -> None:
    books = AddressBooks(KEY)
    for change in (contact("forget"), contact("add", phone=None)):
        with pytest.raises(PoisonRecord):
            books.learn(change)

    assert [r.removed for r in books.learn(contact("add"))[1]] == [False]


def test_little_is_kept_of_an_entry_and_nothing_that_names_its_contact() -> None:
    state, _ = AddressBooks(KEY).learn(contact("add", name="Pablo Morales"))
    value = state[BY_PHONE.encode()]

    assert (sorted(json.loads(value)), len(value) < 64) == (["at", "said"], True)


def test_times_between_seconds_are_kept_as_they_are() -> None:
    changes = contact("add", 0.25), contact("remove", 0.125)

    assert [r.time for r in told(*changes)] == [WRITTEN + seconds(0.25)]
