"""What is due long from now is not held in memory until it comes near."""

from tests.unit.router.build import HOUR, at, received
from tests.unit.router.partition import Partition, types

from saath.events import Contact
from saath.topics import CONVERSATIONS
from saath_router.handler import AHEAD
from saath_router.sweep import SWEEP

NAMES = ("4915100000001", "4915100000002", "4915100000003")


def restarted() -> Partition:
    """Three customers wrote, six hours between them, and nothing but their windows is left open."""
    partition = Partition()
    for n, phone in enumerate(NAMES):
        at = n * 6 * HOUR
        event = received(f"m{n}", at).model_copy(update={"contact": Contact(phone=phone)})
        partition.reads(event, now=at)
        partition.fires(at + 2 * HOUR)
    partition.restarts()
    return partition


def test_after_a_restart_only_what_is_due_soon_has_an_alarm() -> None:
    partition = restarted()

    first = partition.handler.next_due()
    before = set(partition.handler._alarms._comes_up)
    partition.fires(23 * HOUR)

    names = set(partition.handler._alarms._comes_up)
    assert (first, before) == (at(23 * HOUR), {AHEAD, SWEEP})
    assert len([name for name in names if name.startswith("c_")]) == 1
    assert AHEAD in names


def test_what_was_not_soon_comes_up_at_its_time_all_the_same() -> None:
    partition = restarted()

    closed = [
        types(CONVERSATIONS, partition.fires(hour * HOUR)).count("WindowClosed")
        for hour in (23, 25, 29, 31, 35, 37)
    ]

    assert closed == [0, 1, 0, 1, 0, 1]


def test_what_changes_while_it_is_looked_ahead_keeps_its_new_time() -> None:
    partition = restarted()
    partition.handler.next_due()
    at = 20 * HOUR
    event = received("again", at).model_copy(update={"contact": Contact(phone=NAMES[1])})
    partition.reads(event, now=at)

    closed = [
        types(CONVERSATIONS, partition.fires(hour * HOUR)).count("WindowClosed")
        for hour in (25, 31, 37, 43, 45)
    ]

    assert closed == [1, 0, 1, 0, 1]
