"""
Rates as somebody wrote them down: a dated table, one currency. Pure.

Meta's webhooks name no price, and rate cards change on the first of a quarter. So a rate has the day it
holds from, and a day's messages are reckoned with what held then.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from saath.costs.markets import country, market_of
from saath.events import Contact

COLUMNS = ("valid_from", "market", "recipients", "category", "rate", "currency")
ANYBODY = "*"


class BadRates(ValueError):
    """A table that cannot be meant; says the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one message costs to recipients like ``+49``, ``DE`` or ``*``, from a day on."""

    valid_from: date
    market: str
    recipients: str
    category: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Rates:
    """A table of rates."""

    rates: tuple[Rate, ...]
    currency: str

    def market_of(self, contact: Contact) -> str | None:
        """Where a customer is, as finely as the table tells places apart."""
        if not contact.phone:
            return country(contact.user_id)
        phone = f"+{contact.phone.lstrip('+')}"
        named = {r.recipients for r in self.rates if phone.startswith(r.recipients)}
        return max(named, key=len) if named else market_of(contact)

    def rate(self, category: str | None, market: str | None, day: date) -> Rate | None:
        """
        What a message of *category* cost on *day*; ``None`` where the table does not say.

        The row that names the recipient most closely counts, and of those the latest before the day.
        """
        fitting = [
            rate
            for rate in self.rates
            if rate.category == _plain(category or "")
            and rate.valid_from <= day
            and _names(rate.recipients, market)
        ]
        return max(fitting, key=lambda r: (_closeness(r.recipients), r.valid_from), default=None)


def read_rates(lines: Iterable[str]) -> Rates:
    """
    Read a table: CSV with a line of names; lines that begin with ``#`` are for people.

    Raises:
        BadRates: it is not one.
    """
    numbered = [
        (n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")
    ]
    try:
        rows = list(csv.reader(line for _, line in numbered))
    except csv.Error as error:
        raise BadRates(f"it is not CSV: {error}") from None
    if not rows or tuple(cell.strip() for cell in rows[0]) != COLUMNS:
        raise BadRates(f"the first line must be {','.join(COLUMNS)}")
    found, currencies = list[Rate](), set[str]()
    for (number, _), row in zip(numbered[1:], rows[1:], strict=False):
        try:
            rates, currency = _row([cell.strip() for cell in row])
        except ValueError as error:
            raise BadRates(f"line {number}: {error}") from None
        found += rates
        currencies.add(currency)
    if len(currencies) != 1:
        raise BadRates(f"one currency is needed in a table, not {len(currencies)}")
    return Rates(tuple(found), currencies.pop())


def _row(cells: list[str]) -> tuple[list[Rate], str]:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(COLUMNS)} cells are needed, not {len(cells)}")
    valid_from, market, recipients, category, rate, currency = cells
    if not (len(currency) == 3 and currency.isalpha() and currency.isupper()):
        raise ValueError("a currency has three capital letters, such as EUR")
    named = recipients.split()
    for name in named or [""]:
        if not (name == ANYBODY or (name[:1] == "+" and name[1:].isdecimal()) or name.isalpha()):
            raise ValueError(f"recipients: {name!r} is not like +49, DE or *")
    day, price = _day(valid_from), _price(rate)
    if not category:
        raise ValueError("a category is needed")
    return [Rate(day, market, name, _plain(category), price) for name in named], currency


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ValueError(f"{written!r} is no day such as 2026-10-01") from None


def _price(written: str) -> Decimal:
    try:
        price = Decimal(written)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise ValueError(f"the rate {written!r} is no price")
    return price


def _names(recipients: str, market: str | None) -> bool:
    if recipients == ANYBODY:
        return True
    if recipients.startswith("+"):
        return bool(market) and str(market).startswith(recipients)
    return market == recipients


def _closeness(recipients: str) -> int:
    return 0 if recipients == ANYBODY else len(recipients)


def _plain(category: str) -> str:
    """Meta spells ``authentication-international`` two ways."""
    return category.lower().replace("_", "-")
