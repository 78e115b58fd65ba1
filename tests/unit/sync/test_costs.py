"""Sync's cost books: one count a message however often it is told, and a bounded memory."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.unit.costs.told import MARKETING, NOON, NUMBER, at, echoed, status

from saath.costs import Bucket, Counts, Day
from saath.events import CostLine, CostsRecorded
from saath_sync.costs import FORGOTTEN_AT_ONCE, MESSAGES_MAX, CostBooks

TODAY = Day(NUMBER, NOON.date())
PAID = Bucket("counted", "regular", "marketing", "+49")
DAYS = timedelta(days=1)


def told(*events: object, now: datetime = NOON, books: CostBooks | None = None) -> CostBooks:
    books = books or CostBooks()
    for event in events:
        books.hear(event, now)  # type: ignore[arg-type]
    return books


def through(
    books: CostBooks, log: dict[bytes, bytes], now: datetime = NOON, most: int = MESSAGES_MAX
) -> CostBooks:
    """Write what has changed to a compacted log; somebody else takes over from it."""
    for key, value in books.changed(now):
        log.pop(key, None)
        if value is not None:
            log[key] = value
    other = CostBooks(messages_max=most)
    for key, value in log.items():
        assert CostBooks.owns(key)
        other.restore(key, value)
    return other


def counts(books: CostBooks) -> Iterable[tuple[Bucket, int]]:
    return (+books.days.get(TODAY, Counts())).items()


def test_whoever_takes_over_knows_what_was_counted() -> None:
    log: dict[bytes, bytes] = {}
    books = through(told(status("sent", 0, MARKETING)), log)
    assert dict(counts(books)) == {Bucket("waiting"): 1}

    books = through(told(status("delivered", 1, MARKETING), books=books), log)
    told(status("sent", 0, MARKETING), status("delivered", 1, MARKETING), books=books)

    assert dict(counts(books)) == {PAID: 1}


def test_what_changes_nothing_is_not_written_again() -> None:
    books = told(status("delivered", 1, MARKETING))
    assert len([*books.changed(NOON)]) == 2

    told(status("delivered", 1, MARKETING), status("read", 2, MARKETING), books=books)

    assert [*books.changed(NOON)] == []


def test_no_key_and_no_value_names_a_customer_or_a_message() -> None:
    written = [*told(status("delivered", 1, MARKETING), echoed()).changed(NOON)]

    said = b" ".join(key + (value or b"") for key, value in written)
    assert not any(word in said for word in (b"wamid", b"15100000001", b"hello"))


def test_a_day_is_said_at_once_and_then_once_a_minute_with_all_that_came_meanwhile() -> None:
    books = told(status("delivered", 0, MARKETING))
    first = [*books.due(NOON)]
    told(status("delivered", 0, MARKETING, "wamid.B"), echoed(), books=books)

    early, next_due, late = [*books.due(at(0.5))], books.next_due(), [*books.due(at(1))]

    line = CostLine(charge="paid", type="regular", category="marketing", market="+49", messages=1)
    two = line.model_copy(update={"messages": 2})
    assert ([f.lines for f in first], early, next_due) == ([(line,)], [], at(1))
    assert [(f.lines, f.app_messages) for f in late] == [((two,), 1)]
    assert ([*books.due(at(9))], books.next_due()) == ([], None)


def test_what_was_not_said_yet_is_said_by_whoever_takes_over() -> None:
    books = through(told(status("delivered", 0, MARKETING)), {})

    [fact] = books.due(at(0.1))

    assert isinstance(fact, CostsRecorded)
    assert (fact.number, fact.day, fact.lines[0].messages) == (*TODAY, 1)


def test_a_message_that_arrived_is_forgotten_once_meta_repeats_it_no_more() -> None:
    log: dict[bytes, bytes] = {}
    books = through(told(status("delivered", 0, MARKETING)), log)
    messages = [key for key in log if key.startswith(b"m_")]

    through(books, log, NOON + 7 * DAYS)
    kept = [key for key in log if key.startswith(b"m_")]
    through(through(books, log, NOON + 7 * DAYS), log, NOON + 9 * DAYS)

    assert (kept, [key for key in log if key.startswith(b"m_")]) == (messages, [])


def test_a_message_that_may_still_arrive_is_waited_for_as_long_as_meta_tries() -> None:
    log: dict[bytes, bytes] = {}
    books = through(told(status("sent", 0, MARKETING)), log)
    later = NOON + 29 * DAYS

    books = through(through(books, log, later), log, later)
    told(status("delivered", 29 * 24 * 60, MARKETING), now=later, books=books)

    assert dict(counts(books)) == {PAID: 1}


def test_a_day_stands_on_its_topic_only_once_nothing_of_it_can_change() -> None:
    log: dict[bytes, bytes] = {}
    books = told(status("delivered", 0, MARKETING))
    [*books.due(NOON)]
    through(books, log)

    through(books, log, NOON + 41 * DAYS)

    assert log == {}


def test_an_old_fact_that_nobody_knows_begins_no_day_anew() -> None:
    books = told(status("delivered", 0, MARKETING), now=NOON + 9 * DAYS)

    assert (books.days, [*books.due(NOON + 9 * DAYS)]) == ({}, [])
    assert books.next_due() is None


def names(log: dict[bytes, bytes]) -> int:
    return sum(key.startswith(b"m_") for key in log)


def arrived(count: int, first: int = 0) -> list[object]:
    return [status("delivered", n, MARKETING, f"wamid.{n}") for n in range(first, first + count)]


def test_of_too_many_messages_the_oldest_that_arrived_are_forgotten_and_never_counted_again() -> (
    None
):
    log: dict[bytes, bytes] = {}
    books = CostBooks(messages_max=3)
    told(status("sent", 0, MARKETING, "wamid.W"), books=books)
    for n, event in enumerate(arrived(4)):
        told(event, now=at(n), books=books)

    books = through(books, log, at(4), most=3)
    # Meta repeats all of it; then the one that was waited for arrives, and a new one.
    told(*arrived(4), status("sent", 0, MARKETING, "wamid.W"), now=at(5), books=books)
    told(status("delivered", 6, MARKETING, "wamid.W"), *arrived(1, 7), now=at(7), books=books)

    assert (names(log), dict(counts(books))) == (3, {PAID: 6})


def test_no_more_are_forgotten_with_one_commit_than_a_transaction_should_hold() -> None:
    log: dict[bytes, bytes] = {}
    books = through(told(*arrived(FORGOTTEN_AT_ONCE + 5)), log)

    books = through(books, log, NOON + 9 * DAYS)
    first = names(log)
    through(books, log, NOON + 9 * DAYS)

    assert (first, names(log)) == (5, 0)


def test_that_something_was_forgotten_is_itself_forgotten_once_nothing_so_old_is_counted() -> None:
    log: dict[bytes, bytes] = {}
    books = through(told(*arrived(2), books=CostBooks(messages_max=1)), log, most=1)
    early = [key for key in log if key.startswith(b"f_")]

    through(books, log, NOON + 9 * DAYS, most=1)

    assert (early, [key for key in log if key.startswith(b"f_")]) == ([f"f_{NUMBER}".encode()], [])
