"""What the changelog says, and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saath_sender.cursors import (
    Cursor,
    decode_cursor,
    encode_cursor,
    lane_key,
    parse_lane_key,
)
from saath_sender.ledger import (
    Begun,
    Doubt,
    Entry,
    Finished,
    Ledger,
    Name,
    Origin,
    decode,
    encode,
    parse_name,
)

ORIGIN = Origin("outbound.v1", 7)


@pytest.mark.parametrize(
    "entry",
    [
        Begun(ORIGIN, inbound=3),
        Begun(ORIGIN, inbound=3, attempt=2),
        Doubt(ORIGIN, inbound=3, since=1.5),
        Finished(ORIGIN, at=2.5),
    ],
)
def test_an_entry_is_read_back_as_it_was_written(entry: Entry) -> None:
    assert decode(encode(entry)) == entry


@given(
    number=st.from_regex(r"\A\d{1,32}\Z"),
    request=st.from_regex(r"\A[A-Za-z0-9._:=-]{1,128}\Z"),
    index=st.integers(0, 99),
)
def test_a_name_is_read_back_from_its_key(number: str, request: str, index: int) -> None:
    name = Name(number, request, index)

    assert (parse_name(str(name)), parse_lane_key(str(name))) == (name, None)


def test_keys_of_other_kinds_are_no_names() -> None:
    keys = ["~positions", "~released", lane_key("outbound.v1", "1")]

    assert [parse_name(key) for key in keys] == [None, None, None]
    assert parse_lane_key(keys[2]) == ("outbound.v1", "1")


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor(3, (5, 9)),
        Cursor(3, (5, 9), ((10, 12), (20, 20))),
        Cursor(3, (), ((10, 12),), parked=4, stopped=True),
    ],
)
def test_a_cursor_is_read_back_as_it_was_written(cursor: Cursor) -> None:
    assert decode_cursor(encode_cursor(cursor)) == cursor


def finished(*requests: tuple[str, float]) -> Ledger:
    ledger = Ledger(keep_seconds=900, keep_requests=2)
    for request, at in requests:
        ledger.put(Name("1", request, 0), Finished(ORIGIN, at))
        ledger.close("1", request, at)
    return ledger


def test_what_is_finished_is_forgotten_after_a_quarter_of_an_hour() -> None:
    ledger = finished(("a", 0.0), ("b", 10.0))

    assert [ledger.forget(899.0), ledger.forget(900.0)] == [[], [Name("1", "a", 0)]]
    assert (ledger.origin("1", "a"), ledger.origin("1", "b")) == (None, ORIGIN)


def test_no_more_are_remembered_than_a_number_may_have() -> None:
    ledger = finished(("a", 0.0), ("b", 1.0), ("c", 2.0))

    assert ledger.forget(3.0) == [Name("1", "a", 0)]


def test_a_request_that_is_not_over_is_not_forgotten() -> None:
    ledger = finished(("a", 0.0))
    ledger.reopen("1", "a")

    assert ledger.forget(10_000.0) == []


def test_after_a_restart_the_finished_age_on_and_the_unresolved_are_known() -> None:
    ledger, begun = Ledger(keep_seconds=900), Begun(ORIGIN, inbound=42)
    ledger.put(Name("1", "old", 0), Finished(ORIGIN, 0.0))
    ledger.put(Name("1", "half", 0), Finished(ORIGIN, 0.0))
    ledger.put(Name("1", "half", 1), begun)
    ledger.close_all()

    assert list(ledger.unresolved()) == [(Name("1", "half", 1), begun)]
    assert ledger.forget(900.0) == [Name("1", "old", 0)]
