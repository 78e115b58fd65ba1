"""Ids: the same whenever they are made again, and silent about the customer."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from saath.events import Contact
from saath.identity import (
    Callback,
    alias_key,
    conversation_id,
    digest_id,
    event_id,
    identities,
    key_fingerprint,
    parse_callback,
    turn_id,
    uuid7,
)

KEY = b"an installation's secret"
# Made with openssl and sha256sum: the keyed parts joined by 0x1f, 32 hexadecimal digits of it.
EXPECTED = (
    "x_f04cdced9736a69da6103f08a4daaf8c",
    "c_599e73e83642d518999682d9bb9bb981",
    "a_2e313d54cfb5c918007fece80fb0e4d2",
    "1c0843679c39f6677df16488866b9ea4",
    "t_94c09c01a6d0b56d1113a91315ec694e",
)
IDS = st.text(alphabet="abcXYZ0189._:=-", min_size=1, max_size=30)


def test_what_happened_to_a_message_has_the_same_id_however_often_it_is_told() -> None:
    assert event_id("wamid.A", "read") == event_id("wamid.A", "read") == "wamid.A:read"


def test_ids_made_by_this_version_are_those_of_every_other() -> None:
    made = (
        digest_id("x_", "a", "b"),
        conversation_id(KEY, "100000000000001", "phone:4915112345"),
        alias_key(KEY, "100000000000001", "phone:4915112345"),
        key_fingerprint(KEY),
        turn_id(["wamid.A:received"], "orders", 3),
    )

    assert made == EXPECTED


@given(st.lists(st.text(min_size=1), min_size=2, max_size=4))
def test_a_digest_keeps_its_parts_apart(parts: list[str]) -> None:
    assert digest_id("x_", *parts) != digest_id("x_", "".join(parts))


def test_a_conversation_is_named_by_installation_number_and_customer_alone() -> None:
    base = conversation_id(KEY, "1", "phone:49")
    others = {
        conversation_id(b"another secret", "1", "phone:49"),
        conversation_id(KEY, "2", "phone:49"),
        conversation_id(KEY, "1", "phone:50"),
        conversation_id(KEY, "1", "user:49"),
        alias_key(KEY, "1", "phone:49"),
    }

    assert base == conversation_id(KEY, "1", "phone:49")
    assert len(others | {base}) == 6


def test_a_conversations_name_says_nothing_of_the_customer() -> None:
    assert "4915112345" not in conversation_id(KEY, "1", "phone:4915112345")


def test_a_contact_is_known_by_its_phone_first_written_either_way() -> None:
    assert identities(Contact(phone="+4915112345", user_id="US.1")) == (
        "phone:4915112345",
        "user:US.1",
    )
    assert identities(Contact(user_id="US.1")) == ("user:US.1",)
    assert identities(Contact(name="Anna")) == ()


def test_a_turn_is_another_for_another_bot_epoch_or_message() -> None:
    turns = {
        turn_id(["a"], "orders", 1), turn_id(["a"], "sales", 1), turn_id(["a"], "orders", 2),
        turn_id(["b"], "orders", 1), turn_id(["a", "b"], "orders", 1),
    }  # fmt: skip

    assert len(turns) == 5


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
def test_a_uuid7_is_one_by_the_standards_own_reader(unix_ms: int, random_bits: int) -> None:
    made = uuid.UUID(uuid7(unix_ms, random_bits))

    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, unix_ms)


@given(st.integers(0, 2**48 - 2), st.integers(0, 2**74 - 1), st.integers(0, 2**74 - 1))
def test_a_later_uuid7_sorts_after_an_earlier_one(unix_ms: int, first: int, second: int) -> None:
    assert uuid7(unix_ms, first) < uuid7(unix_ms + 1, second)


@given(IDS, st.integers(0, 99), st.none() | IDS, st.none() | st.integers(0))
def test_callback_data_comes_back_as_it_was(
    request: str, index: int, conversation: str | None, epoch: int | None
) -> None:
    callback = Callback(request, index, conversation, epoch)

    assert parse_callback(str(callback)) == callback


@given(st.none() | st.text())
def test_callback_data_that_is_not_ours_is_nothing(text: str | None) -> None:
    assert parse_callback(text) is None
