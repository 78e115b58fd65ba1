"""Money is reckoned from a dated table; what it does not say is unknown."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.costs.told import NUMBER

from saath.costs import BadRates, Bucket, Counts, Day, Rates, read_rates
from saath.costs.bill import Item, bill, without_markets
from saath.events import Contact

EXAMPLE = Path(__file__).parents[3] / "examples" / "rates.example.csv"
HEAD = "valid_from,market,recipients,category,rate,currency"
TABLE = f"""{HEAD}
# quarter by quarter
2026-07-01,Germany,+49 DE,marketing,3,XXX
2026-10-01,Germany,+49 DE,marketing,4.5,XXX
2026-10-01,Germany,+49 DE,service,1,XXX
2026-10-01,Americas,+1,marketing,2,XXX
2026-07-01,Jamaica,+1876,marketing,7,XXX
2026-10-01,all,*,authentication-international,9,XXX
"""
OCTOBER, SEPTEMBER, JUNE = date(2026, 10, 1), date(2026, 9, 30), date(2026, 6, 30)


def table() -> Rates:
    return read_rates(TABLE.splitlines())


@pytest.mark.parametrize(
    ("category", "market", "day", "expected"),
    [
        ("marketing", "+49", OCTOBER, "4.5"),
        ("marketing", "+49", SEPTEMBER, "3"),
        ("marketing", "+49", JUNE, None),
        ("marketing", "DE", OCTOBER, "4.5"),
        ("marketing", "+1", OCTOBER, "2"),
        ("marketing", "+1876", OCTOBER, "7"),
        ("marketing", "+44", OCTOBER, None),
        ("marketing", None, OCTOBER, None),
        ("utility", "+49", OCTOBER, None),
        ("authentication_international", None, OCTOBER, "9"),
    ],
)
def test_a_rate_is_that_of_the_day_and_of_the_closest_market(
    category: str, market: str | None, day: date, expected: str | None
) -> None:
    found = table().rate(category, market, day)

    assert (found and str(found.rate)) == expected


def test_customers_are_told_apart_as_finely_as_the_table_does() -> None:
    contacts = [
        Contact(phone="18765550100"), Contact(phone="12125550100"), Contact(phone="447700900000"),
        Contact(user_id="DE.1"), Contact(),
    ]  # fmt: skip

    assert [table().market_of(c) for c in contacts] == ["+1876", "+1", "+44", "DE", None]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("2026-13-01,x,+49,marketing,1,EUR", "line 2: '2026-13-01' is no day"),
        ("2026-10-01,x,+49,marketing,dear,EUR", "line 2: the rate 'dear' is no price"),
        ("2026-10-01,x,+49,marketing,-1,EUR", "line 2: the rate '-1' is no price"),
        ("2026-10-01,x,+49,marketing,NaN,EUR", "line 2: the rate 'NaN' is no price"),
        ("2026-10-01,x,49,marketing,1,EUR", "line 2: recipients: '49' is not like"),
        ("2026-10-01,x,,marketing,1,EUR", "line 2: recipients: '' is not like"),
        ("2026-10-01,x,+49,,1,EUR", "line 2: a category is needed"),
        ("2026-10-01,x,+49,marketing,1,euro", "line 2: a currency has three"),
        ("2026-10-01,x,+49,marketing,1", "line 2: 6 cells are needed, not 5"),
        ("", "one currency is needed in a table, not 0"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_by_its_line(line: str, wrong: str) -> None:
    with pytest.raises(BadRates, match=f"^{wrong}"):
        read_rates([HEAD, line])


def test_two_currencies_and_other_columns_are_refused() -> None:
    row = "2026-10-01,x,*,marketing,1,{}"
    for lines in ([HEAD, row.format("EUR"), row.format("USD")], ["day,rate"], []):
        with pytest.raises(BadRates):
            read_rates(lines)


def test_the_example_can_be_read_and_is_in_no_currency() -> None:
    assert read_rates(EXAMPLE.read_text("utf-8").splitlines()).currency == "XXX"


PAID_49 = Bucket("counted", "regular", "marketing", "+49")
PAID_44 = Bucket("counted", "regular", "marketing", "+44")
FREE = Bucket("counted", "free_entry_point", "referral_conversion", "+44")
ODD = Bucket("counted", "next_year", "marketing", "+49")
APP_49, APP_44 = Bucket("app", market="+49"), Bucket("app", market="+44")
DAY = Day(NUMBER, OCTOBER)


def test_free_is_nothing_paid_is_the_rate_and_everything_else_is_unknown() -> None:
    told = bill({DAY: Counts({PAID_49: 2, PAID_44: 5, FREE: 7, ODD: 1})}, table())

    costs = {(i.kind, i.market): i.cost for i in told.items}
    assert costs == {
        ("regular", "+49"): Decimal("9.0"),
        ("regular", "+44"): None,
        ("free_entry_point", "+44"): Decimal(0),
        ("next_year", "+49"): None,
    }
    assert (told.cost, told.without_cost) == (Decimal("9.0"), 6)


def test_without_rates_what_is_paid_is_unknown() -> None:
    told = bill({DAY: Counts({PAID_49: 2, APP_49: 3})}, None)

    assert ([i.cost for i in told.items], told.saved_for, told.app_messages) == ([None], 0, 3)


def test_what_the_app_saved_is_estimated_where_a_rate_says_so_and_nowhere_else() -> None:
    told = bill({DAY: Counts({APP_49: 3, APP_44: 4})}, table())

    assert (told.app_messages, told.saved, told.saved_for) == (7, Decimal(3), 3)


def test_markets_are_added_up_and_an_unknown_one_makes_the_sum_unknown() -> None:
    told = bill({DAY: Counts({PAID_49: 2, PAID_44: 5, FREE: 7})}, table())

    assert without_markets(told.items) == [
        Item(DAY, "free", "free_entry_point", "referral_conversion", None, 7, Decimal(0)),
        Item(DAY, "paid", "regular", "marketing", None, 7, None),
    ]
