"""One change of a webhook, and where what it says will go. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from saath.events import Event, JsonObject
from saath.topics import Topic
from saath_ingest.fields.values import account_id, digits, mapping


class Unreadable(ValueError):
    """Part of a webhook does not fit its reader; the message says why, without its content."""


class Placed(NamedTuple):
    """An event and the topic it goes to."""

    topic: Topic
    event: Event


# No repr: a traceback's text goes into logs, and the value is what a customer wrote.
@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """
    One item of ``entry[].changes[]``.

    ``received_at`` stands in for a time that Meta did not say, or said unreadably.
    """

    account: str
    field: str
    value: JsonObject
    entry_time: Any
    received_at: datetime

    @property
    def number(self) -> str | None:
        """The id of the business's phone number; account-level fields have none."""
        return account_id(mapping(self.value.get("metadata")).get("phone_number_id"))

    @property
    def display_phone(self) -> str | None:
        """The business's phone number itself, as digits."""
        return digits(mapping(self.value.get("metadata")).get("display_phone_number"))


def number_of(change: Change) -> str:
    """
    The number that *change* is about.

    Raises:
        Unreadable: it names none.
    """
    number = change.number
    if number is None:
        raise Unreadable("no phone_number_id")
    return number
