"""What stands around the items of a change, taken out of it once. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from saath.events import Contact
from saath_ingest.fields.change import Change, number_of
from saath_ingest.fields.contacts import Book, addresses, book, sole


# No repr, as of the change itself.
@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """
    The number that a change is about, the customers it names, and when it came.

    ``ours`` are the business's own addresses, which a message may name as its other side.
    """

    number: str
    known: Book
    contacts: Any
    ours: frozenset[str]
    received_at: datetime

    @property
    def sole(self) -> Contact | None:
        """The one customer that the change names, for items that name none themselves."""
        return sole(self.contacts)

    def said(self, who: Contact) -> frozenset[str]:
        """The addresses that an event of this number, about *who*, holds."""
        return self.ours.union(addresses(who))


def frame_of(change: Change) -> Frame:
    """
    Take out of *change* what each of its items needs.

    Raises:
        Unreadable: it names no number.
    """
    number = number_of(change)
    ours = frozenset(filter(None, (number, change.display_phone)))
    contacts = change.value.get("contacts")
    return Frame(number, book(contacts), contacts, ours, change.received_at)
