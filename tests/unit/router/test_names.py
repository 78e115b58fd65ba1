"""Ids of conversations are kept as numbers, whichever way they are read."""

import pytest

from saath_router.names import full, name_of, name_of_key

OURS = "c_00112233445566778899aabbccddeeff"


@pytest.mark.parametrize(
    "conversation",
    [OURS, "c_" + "0" * 32, OURS.upper(), OURS[:-1], OURS + "0", "c_1_" + "0" * 30, "c_ " + "1" * 31,
     "c_+" + "1" * 31, "c_", "c_sample", "a_" + "1" * 32, "c_" + "é" * 16],
)  # fmt: skip
def test_a_key_is_read_as_its_text_is_and_no_id_is_lost(conversation: str) -> None:
    name = name_of_key(conversation.encode())

    assert (name, full(name)) == (name_of(conversation), conversation)


def test_an_id_of_ours_is_a_number() -> None:
    assert name_of_key(OURS.encode()) == 0x00112233445566778899AABBCCDDEEFF
