"""
The ledger: what was begun, what is in doubt, what is finished, by number, request and index. Pure.

It is the sender's changelog, so a new owner knows what the old one had in its hands. What is
finished stays for a while: a request that comes again within that time is not sent again. One whose
id is older than that when it is written, and unknown, may have been sent before.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pydantic_core import to_json

KEEP_SECONDS = 15 * 60.0
# As many as a number at Meta's cap of 20 a second can send in that time, and some more.
KEEP_REQUESTS = 20_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Which record a request came from: the same id from another record is the same request again."""

    topic: str
    offset: int


@dataclass(frozen=True, slots=True)
class Begun:
    """It may have left from here on. ``inbound``: how far inbound was read, statuses come after it."""

    origin: Origin
    inbound: int
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Doubt:
    """It may have arrived. ``since`` is unix seconds."""

    origin: Origin
    inbound: int
    since: float
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Finished:
    """It has its outcome. ``at`` is unix seconds: by then it was over, and it could not be new any more."""

    origin: Origin
    at: float


Entry = Begun | Doubt | Finished
KINDS: dict[str, type[Begun] | type[Doubt] | type[Finished]] = {
    "begun": Begun,
    "doubt": Doubt,
    "finished": Finished,
}
_NAMES = {model: kind for kind, model in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Name:
    """One message of one request of one number."""

    number: str
    request: str
    index: int

    def __str__(self) -> str:
        return f"{self.number}/{self.request}/{self.index}"


def parse_name(key: str) -> Name | None:
    """Read a ledger record's key; ``None`` where it is another kind of record."""
    match key.split("/"):
        case [number, request, index] if number.isdecimal() and index.isdecimal():
            return Name(number, request, int(index))
        case _:
            return None


def encode(entry: Entry) -> bytes:
    """An entry as it stands in the changelog."""
    # ``asdict`` copies all that it finds, which takes five times as long as to write it.
    said = {name: getattr(entry, name) for name in entry.__slots__}
    said["origin"] = {"topic": entry.origin.topic, "offset": entry.origin.offset}
    return to_json({"kind": _NAMES[type(entry)], **said})


def decode(value: bytes) -> Entry:
    """Read an entry back."""
    data = json.loads(value)
    model = KINDS[data.pop("kind")]
    return model(**(data | {"origin": Origin(**data["origin"])}))


@dataclass(slots=True)
class Ledger:
    """All entries of one partition. A *closed* request is over and forgotten in time."""

    keep_seconds: float = KEEP_SECONDS
    keep_requests: int = KEEP_REQUESTS
    _entries: dict[tuple[str, str], dict[int, Entry]] = field(default_factory=dict)
    _closed: dict[str, OrderedDict[str, float]] = field(default_factory=dict)

    def put(self, name: Name, entry: Entry) -> None:
        """Remember *entry*."""
        self._entries.setdefault((name.number, name.request), {})[name.index] = entry

    def drop(self, name: Name) -> None:
        """Forget what was begun and never left."""
        entries = self._entries.get((name.number, name.request), {})
        entries.pop(name.index, None)
        if not entries:
            self._entries.pop((name.number, name.request), None)

    def get(self, name: Name) -> Entry | None:
        """What is known of one message."""
        return self._entries.get((name.number, name.request), {}).get(name.index)

    def of(self, number: str, request: str) -> dict[int, Entry]:
        """What is known of a request, by index."""
        return self._entries.get((number, request), {})

    def origin(self, number: str, request: str) -> Origin | None:
        """Where a known request came from."""
        return next((entry.origin for entry in self.of(number, request).values()), None)

    def requests(self, number: str) -> list[tuple[str, dict[int, Entry]]]:
        """All that is known of a number's requests."""
        return [(name, found) for (whose, name), found in self._entries.items() if whose == number]

    def unresolved(self) -> Iterator[tuple[Name, Begun | Doubt]]:
        """What may have left and has no outcome yet."""
        for (number, request), entries in self._entries.items():
            for index, entry in entries.items():
                if not isinstance(entry, Finished):
                    yield Name(number, request, index), entry

    def close(self, number: str, request: str, now: float) -> None:
        """The whole request is over: its entries may go when a quarter of an hour more has been read."""
        self._closed.setdefault(number, OrderedDict())[request] = now

    def reopen(self, number: str, request: str) -> None:
        """It was not over: the rest of it has been read again."""
        self._closed.get(number, OrderedDict()).pop(request, None)

    def close_all(
        self, over: Callable[[str, Origin], bool] = lambda _number, _origin: True
    ) -> None:
        """
        After a restart: close whatever is finished, oldest first, where its record is *over*.

        Of a request that is half sent the finished half is all that is known until its record is
        read again; forgotten before that, it would be sent from its beginning.
        """
        ends = [
            (max(entry.at for entry in entries.values() if isinstance(entry, Finished)), key)
            for key, entries in self._entries.items()
            if all(isinstance(entry, Finished) for entry in entries.values())
            and over(key[0], next(iter(entries.values())).origin)
        ]
        for at, (number, request) in sorted(ends):
            self.close(number, request, at)

    def forget(
        self, read_to: float, behind: Callable[[str], bool] = lambda _number: False
    ) -> list[Name]:
        """
        Forget what is too old or too much, and return its names, to be forgotten on disk too.

        Old is not what was finished long ago but what can come again no more: all that was written by
        *read_to* has been read, but of the numbers that are *behind*, of which only too much is forgotten.
        """
        names: list[Name] = []
        for number, closed in [*self._closed.items()]:
            while closed:
                request, at = next(iter(closed.items()))
                young = read_to - at < self.keep_seconds or behind(number)
                if young and len(closed) <= self.keep_requests:
                    break
                del closed[request]
                entries = self._entries.pop((number, request), {})
                names.extend(Name(number, request, index) for index in entries)
            if not closed:
                del self._closed[number]
        return names
