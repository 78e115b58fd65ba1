"""What a message counts as: its first price, once it has arrived, on the day that price was said."""

from datetime import UTC, date
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from tests.unit.costs.told import MARKETING, NOON, NUMBER, SERVICE, at, echoed, priced, status

from saath.costs import (
    Bucket,
    Counts,
    Day,
    Message,
    buckets,
    charge,
    day_of,
    evolve,
    heard_in_log,
    heard_on_wire,
    market_of,
    recorded,
)
from saath.costs.days import moved
from saath.events import Contact, CostLine, Event, Pricing

PAID = Bucket("counted", "regular", "marketing", "+49")
FREE = Bucket("counted", "free_customer_service", "service", "+49")


def in_log(*events: Event) -> Message | None:
    message: Message | None = None
    for event in events:
        if heard := heard_in_log(event, market_of):
            message = evolve(message, heard)
    return message


def on_wire(*events: Event) -> Message | None:
    message: Message | None = None
    for event in events:
        if heard := heard_on_wire(event, market_of):
            message = evolve(message, heard)
    return message


def counted(message: Message | None) -> tuple[Bucket, ...]:
    return buckets(message) if message else ()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("regular", "paid"),
        ("free_customer_service", "free"),
        ("free_entry_point", "free"),
        ("free_group_customer_service", "free"),
        ("free_for_a_reason_of_next_year", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_type_that_nobody_has_heard_of_is_unknown_and_not_free(
    kind: str | None, expected: str
) -> None:
    assert charge(kind) == expected


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((priced(),), (Bucket("waiting"),)),
        ((priced(), status("sent")), (Bucket("waiting"),)),
        ((priced(), status("delivered")), (PAID,)),
        ((priced(), status("read")), (PAID,)),
        ((priced(), status("delivered"), status("read")), (PAID,)),
        ((priced(pricing=SERVICE), status("delivered")), (FREE,)),
        ((priced(), status("failed")), (Bucket("failed"),)),
        ((priced(), status("failed"), status("delivered")), (PAID,)),
        ((priced(), status("delivered"), status("failed")), (PAID,)),
        ((status("delivered"),), ()),
        ((echoed(),), (Bucket("app", market="+49"),)),
        ((echoed(standby=True),), ()),
        ((echoed(origin="history"),), ()),
        ((echoed(), priced(name="wamid.E"), status("delivered", name="wamid.E")), (PAID,)),
    ],
)
def test_a_message_is_charged_when_it_has_arrived_and_only_then(
    events: tuple[Event, ...], expected: tuple[Bucket, ...]
) -> None:
    assert counted(in_log(*events)) == expected


def test_the_first_price_counts_and_another_one_is_noticed() -> None:
    message = in_log(priced(0), status("delivered", 1), priced(2, SERVICE, id="x", differs=True))

    assert counted(message) == (PAID, Bucket("differs"))


def test_on_the_wire_a_price_comes_with_every_status_in_any_order_and_is_one() -> None:
    said = [status(what, 0, MARKETING) for what in ("sent", "delivered", "read")]

    orders = [counted(on_wire(*order, *order)) for order in permutations(said)]

    assert orders == [(PAID,)] * 6


def test_on_the_wire_a_read_that_comes_months_later_begins_nothing() -> None:
    assert counted(on_wire(status("read", 90 * 24 * 60, MARKETING))) == ()


def test_on_the_wire_another_price_is_noticed_too() -> None:
    message = on_wire(status("sent", 0, MARKETING), status("delivered", 1, SERVICE))

    assert counted(message) == (PAID, Bucket("differs"))


def test_a_message_of_the_time_of_conversations_is_counted_and_its_charge_is_unknown() -> None:
    cbp = Pricing(model="CBP", category="utility", billable=True)
    message = in_log(priced(pricing=cbp), status("delivered"))

    assert counted(message) == (Bucket("counted", "CBP", "utility", "+49"),)
    assert charge("CBP") == "unknown"


def test_the_day_is_that_of_the_first_price_by_the_clock_that_was_asked_for() -> None:
    message = in_log(priced(11 * 60 + 59), status("delivered", 3 * 24 * 60))

    assert message
    assert [day_of(message, zone) for zone in (UTC, ZoneInfo("Asia/Kolkata"))] == [
        Day(NUMBER, date(2026, 11, 24)),
        Day(NUMBER, date(2026, 11, 25)),
    ]


def test_what_is_counted_moves_when_more_is_known_and_is_never_counted_twice() -> None:
    days: dict[Day, Counts] = {}
    waiting = in_log(priced())
    arrived = in_log(priced(), status("delivered"))
    assert waiting
    assert arrived

    changed = [moved(days, None, waiting, UTC), moved(days, waiting, arrived, UTC)]
    changed.append(moved(days, arrived, arrived, UTC))

    day = Day(NUMBER, NOON.date())
    assert (changed, +days[day]) == ([(day,), (day,), ()], Counts({PAID: 1}))


def test_the_fact_of_a_day_says_what_was_counted_and_what_was_not() -> None:
    counts = Counts(
        {PAID: 3, FREE: 2, Bucket("waiting"): 1, Bucket("app", market="+49"): 4,
         Bucket("failed"): 0, Bucket("differs"): 1}
    )  # fmt: skip

    fact = recorded(Day(NUMBER, NOON.date()), counts, at(1))

    assert fact.lines == (
        CostLine(charge="free", type="free_customer_service", category="service", market="+49",
                 messages=2),
        CostLine(charge="paid", type="regular", category="marketing", market="+49", messages=3),
    )  # fmt: skip
    assert (fact.app_messages, fact.waiting, fact.failed, fact.differing) == (4, 1, 0, 1)


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (Contact(phone="4915100000001", user_id="US.1"), "+49"),
        (Contact(phone="+12125550100"), "+1"),
        (Contact(phone="77011234567"), "+7"),
        (Contact(phone="919876543210"), "+91"),
        (Contact(phone="972501234567"), "+972"),
        (Contact(user_id="in.8812"), "IN"),
        (Contact(user_id="8812"), None),
        (Contact(), None),
    ],
)
def test_a_market_is_told_by_the_number_else_by_the_user_id_else_not(
    contact: Contact, expected: str | None
) -> None:
    assert market_of(contact) == expected
