"""
Which conversation an identity leads to, and what is known of whoever it is. Pure.

An alias stays when its conversation has left memory, so there is one for every customer there ever was.
They are kept as numbers: both names are 128 bits, and as texts they took a half more.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from pydantic_core import from_json

from saath.events import Model
from saath_router.journal import Journal

_CONVERSATION = "c_"
_PLAIN = b'{"conversation":"c_'
_BITS = 128
# Above the conversation's bits.
_KNOWN, _IN_BOOK, _MOVED = 1 << _BITS, 1 << (_BITS + 1), 1 << (_BITS + 2)


class Alias(Model):
    """
    An identity's keyed hash stands for this conversation; for none, where nobody has written yet.

    ``known``: the business knew this person before it was connected, who is no new contact, and neither
    is whoever stands ``in_book``. Whoever had this identity before, and has another since, is counted in
    ``moved``: the next to have it is somebody else. ``left`` is the conversation of the last of them, to
    which what they wrote by then belongs when it is delivered again.
    """

    conversation: str | None = None
    known: bool | None = None
    in_book: bool | None = None
    moved: int | None = None
    left: str | None = None


class Aliases:
    """All aliases of one partition, and which of them are new since they were last written."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal or Journal()
        self._found: dict[int, int] = {}
        self._left: dict[int, str] = {}
        self._changed: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._found)

    def conversation(self, alias: str) -> str | None:
        """The conversation that *alias* stands for."""
        found = self._found.get(_number(alias), 0) & (_KNOWN - 1)
        return f"{_CONVERSATION}{found:032x}" if found else None

    def known(self, alias: str) -> bool:
        """Whether whoever this is was known before they first wrote, or stands in the address book."""
        return bool(self._found.get(_number(alias), 0) & (_KNOWN | _IN_BOOK))

    def moved(self, alias: str) -> int:
        """How many had this identity before."""
        return self._found.get(_number(alias), 0) // _MOVED

    def left(self, alias: str) -> str | None:
        """The conversation of whoever had this identity last, and has another since."""
        return self._left.get(_number(alias))

    def lead(self, alias: str, conversation: str) -> None:
        """*alias* stands for *conversation* from now on."""
        kept = self._found.get(_number(alias), 0) // _KNOWN * _KNOWN
        self._set(alias, kept | _number(conversation))

    def move(self, alias: str) -> None:
        """Whoever this was is known by something else from now on."""
        if conversation := self.conversation(alias):
            self._journal.will_change(self._left, _number(alias))
            self._left[_number(alias)] = conversation
        self._set(alias, (self.moved(alias) + 1) * _MOVED)

    def note_known(self, alias: str) -> None:
        """Whoever this is was known before they first wrote."""
        self._set(alias, self._found.get(_number(alias), 0) | _KNOWN)

    def note_book(self, alias: str, *, listed: bool) -> None:
        """Whoever this is stands in the address book, or no longer."""
        found = self._found.get(_number(alias), 0)
        self._set(alias, found | _IN_BOOK if listed else found & ~_IN_BOOK)

    def note_same(self, aliases: Iterable[str]) -> None:
        """All these are one person's: who is known by one of them is known by each."""
        found = {alias: self._found.get(_number(alias), 0) for alias in aliases}
        known = _KNOWN | _IN_BOOK
        flags = reduce(or_, (value & known for value in found.values()), 0)
        for alias, value in found.items():
            self._set(alias, value | flags)

    def restore(self, alias: bytes, value: bytes) -> None:
        """Take over one record of the changelog."""
        if len(value) == len(_PLAIN) + 34 and value.startswith(_PLAIN):
            # Nothing but the conversation, as nearly all are: no JSON need be read for that.
            self._found[_number(alias)] = int(value[len(_PLAIN) : -2], 16)
            return
        said = from_json(value)  # a model would take longer than all the rest
        found = _number(said["conversation"]) if said.get("conversation") else 0
        found |= (_KNOWN if said.get("known") else 0) | (_IN_BOOK if said.get("in_book") else 0)
        self._found[_number(alias)] = found + _MOVED * said.get("moved", 0)
        if left := said.get("left"):
            self._left[_number(alias)] = left

    def take_changed(self) -> list[tuple[str, Alias]]:
        """The aliases that changed since the last time, as they are written."""
        changed, self._changed = self._changed, {}
        return [(alias, self._record(alias)) for alias in changed]

    def _set(self, alias: str, found: int) -> None:
        number = _number(alias)
        if self._found.get(number, 0) != found:
            self._journal.will_change(self._found, number)
            self._journal.will_change(self._changed, alias)
            self._found[number] = found
            self._changed[alias] = None

    def _record(self, alias: str) -> Alias:
        found = self._found[_number(alias)]
        return Alias(
            conversation=self.conversation(alias),
            known=bool(found & _KNOWN) or None,
            in_book=bool(found & _IN_BOOK) or None,
            moved=self.moved(alias) or None,
            left=self.left(alias),
        )


def _number(name: str | bytes) -> int:
    return int(name[2:], 16)  # noqa: FURB166 # no prefix of Python's
