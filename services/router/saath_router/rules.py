"""Which rule fits a customer's message. Pure. Asked of every message, so rules are made ready once."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeVar

from pydantic_core import SchemaError, SchemaValidator

from saath.events import Condition, Contact, MessageReceived, OpeningHours
from saath.events.conditions import pattern_reader
from saath_router.hours import is_open
from saath_router.texts import ad_source, words
from saath_router.words import folded, stands_in, word_of

# As long as a text of WhatsApp's may be; a caption may be forged longer.
TEXT_MAX = 4096
ANY: Final = "any"
# Lists of rules kept ready: more than numbers that choose their own, then it is begun anew.
READY_MAX = 4096


class Rule(Protocol):
    """Something that says when it holds."""

    @property
    def when(self) -> Condition:
        """What must hold."""


R = TypeVar("R", bound=Rule)


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What rules can ask of a customer's message.

    ``text`` is what they wrote or tapped; ``ad_source`` the ad they came from, empty for one without an id.
    """

    text: str | None
    type: str
    contact: Contact
    ad_source: str | None
    at: datetime


def facts_of(event: MessageReceived) -> Facts:
    """What *event* says."""
    return Facts(
        text=words(event.content),
        type=event.content.type,
        contact=event.contact,
        ad_source=ad_source(event.content),
        at=event.time,
    )


def first_match(rules: tuple[R, ...], facts: Facts, hours: OpeningHours | None) -> R | None:
    """The first of *rules* that fits."""
    if not rules:
        return None
    asked = _Asked(facts, _Text.of(facts.text), hours)
    for rule, checks in zip(rules, _ready(rules), strict=True):
        # What asks for nothing that is known here was written by somebody newer, and fits nothing.
        if checks and all(check(asked) for check in checks):
            return rule
    return None


@dataclass(frozen=True, slots=True)
class _Text:
    """A message's text: as words are looked for in it, and as patterns are."""

    folded: str
    written: str

    @classmethod
    def of(cls, text: str | None) -> "_Text | None":
        if not text:
            return None
        # Half a character, as a client may cut one, is no text to the engine of patterns.
        whole = text[:TEXT_MAX].encode(errors="replace").decode()
        return cls(folded(whole), unicodedata.normalize("NFKC", whole))


@dataclass(frozen=True, slots=True)
class _Asked:
    """One message, made ready for all rules."""

    facts: Facts
    text: _Text | None
    hours: OpeningHours | None


_Check = Callable[[_Asked], bool]
_Checks = tuple[_Check, ...]

# By the list itself and not by what is in it: to hash a list of rules takes longer than to ask them.
# It is kept beside its checks: so its name in memory is no other list's.
_known: dict[int, tuple[object, tuple[_Checks, ...]]] = {}


def _ready(rules: tuple[R, ...]) -> tuple[_Checks, ...]:
    known = _known.get(id(rules))
    if known is not None:
        return known[1]
    ready = tuple(tuple(_checks(rule.when)) for rule in rules)
    if len(_known) >= READY_MAX:
        _known.clear()
    _known[id(rules)] = (rules, ready)
    return ready


def _checks(when: Condition) -> Iterator[_Check]:
    """A check for each part that is said, the cheap ones first."""
    if when.types is not None:
        yield _of_type(frozenset(when.types))
    if when.contacts is not None:
        yield _of_contact(frozenset(map(_address, when.contacts)))
    if when.ad_sources is not None:
        yield _of_ad(frozenset(when.ad_sources))
    if when.words is not None:
        yield _with_word(when.words)
    if when.patterns is not None:
        yield _with_pattern(when.patterns)
    if when.closed is not None:
        yield _while_closed(when.closed)


def _of_type(types: frozenset[str]) -> _Check:
    return lambda asked: asked.facts.type in types


def _of_contact(contacts: frozenset[str]) -> _Check:
    def check(asked: _Asked) -> bool:
        contact = asked.facts.contact
        phone = contact.phone and _address(contact.phone)
        return phone in contacts or contact.user_id in contacts

    return check


def _address(contact: str) -> str:
    """A phone number's digits, however it was written; a business-scoped user id as it is."""
    plain = contact.strip()
    return plain if "." in plain else "".join(c for c in plain if c.isdigit())


def _of_ad(sources: frozenset[str]) -> _Check:
    if ANY in sources:
        return lambda asked: asked.facts.ad_source is not None
    return lambda asked: asked.facts.ad_source in sources


def _with_word(texts: tuple[str, ...]) -> _Check:
    found = [word for text in texts if (word := word_of(text))]

    def check(asked: _Asked) -> bool:
        text = asked.text
        return text is not None and any(
            word.text in text.folded and stands_in(word, text.folded) for word in found
        )

    return check


def _with_pattern(patterns: tuple[str, ...]) -> _Check:
    readers = [reader for pattern in patterns if (reader := _reader(pattern))]

    def check(asked: _Asked) -> bool:
        text = asked.text
        return text is not None and any(r.isinstance_python(text.written) for r in readers)

    return check


def _reader(pattern: str) -> SchemaValidator | None:
    """``None`` for one that does not work here; whoever wrote it by hand was told."""
    try:
        return pattern_reader(pattern)
    except SchemaError:
        return None


def _while_closed(closed: bool) -> _Check:
    return lambda asked: is_open(asked.hours, asked.facts.at) is not closed
