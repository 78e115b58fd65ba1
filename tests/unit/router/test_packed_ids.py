"""Packed ids, beside the tables and lists that they stand for."""

from hypothesis import given
from hypothesis import strategies as st

from saath_router.memory import (
    DATED_BYTES,
    SECOND_MAX,
    has_dated,
    has_plain,
    rank_in,
    short_hash,
    unnamed,
    with_dated,
    with_plain,
    with_rank,
)

NAMES = st.sampled_from("abcdefgh")
AGE_MAX, MAX = 5, 4


@given(st.lists(st.tuples(NAMES, st.integers(0, 12))))
def test_of_dated_ids_is_forgotten_what_a_sorted_table_would_forget(
    heard: list[tuple[str, int]],
) -> None:
    seen, table = b"", list[tuple[int, str]]()
    for what, second in heard:
        seen, newest = with_dated(seen, what, second, second - AGE_MAX, MAX)
        table = [(s, known) for s, known in table if known != what] + [(second, what)]
        table.sort(key=lambda entry: entry[0])
        kept = [entry for entry in table[-MAX:] if entry[0] >= second - AGE_MAX]
        gone = [s for s, _ in table[: len(table) - len(kept)]]
        table = kept

        assert newest == max(gone, default=None)
        assert len(seen) == len(table) * DATED_BYTES
        assert {n for n in "abcdefgh" if has_dated(seen, n)} == {name for _, name in table}


@given(st.lists(NAMES))
def test_of_plain_ids_the_last_are_known(heard: list[str]) -> None:
    ids = b""
    for what in heard:
        ids = with_plain(ids, what, MAX)

    assert {name for name in "abcdefgh" if has_plain(ids, name)} == set(heard[-MAX:])


@given(st.lists(st.tuples(NAMES, st.integers(0, 4), st.booleans())))
def test_ranks_are_those_of_a_table_and_the_first_are_forgotten(
    heard: list[tuple[str, int, bool]],
) -> None:
    statuses, table = b"", dict[str, tuple[int, bool]]()
    for message, rank, named in heard:
        statuses = with_rank(statuses, message, rank, MAX, named=named)
        table[message] = rank, named
        table = dict(list(table.items())[-MAX:])

    ranks = {name: rank_in(statuses, name) for name in "abcdefgh"}
    assert ranks == {name: table.get(name, (-1, True))[0] for name in "abcdefgh"}
    assert [*unnamed(statuses)] == [short_hash(n) for n, (_, named) in table.items() if not named]


def test_a_hash_that_stands_across_two_entries_is_no_entry() -> None:
    """What is packed has no separators, so what is found must begin where an entry begins."""
    wanted = short_hash("wanted")
    ids = b"\0" * 4 + wanted + b"\0" * 4

    assert not has_plain(ids, "wanted")
    assert has_plain(ids + wanted, "wanted")


def test_a_fact_before_1970_or_after_2106_is_remembered_too() -> None:
    seen = b""
    for what, second in (("early", -5), ("late", SECOND_MAX + 5)):
        seen, _ = with_dated(seen, what, second, second - AGE_MAX, MAX)

    assert (has_dated(seen, "early"), has_dated(seen, "late")) == (False, True)
