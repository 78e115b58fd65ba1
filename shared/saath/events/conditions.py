"""What a rule asks of a message, and when a number is open: as people write it, as events carry it."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import SchemaError, SchemaValidator, core_schema

from saath.events.base import Private
from saath.events.by_hand import SEVERAL, SOME, Chosen, checked, is_by_hand, mistake
from saath.spelling import did_you_mean

PATTERN_MAX = 500
# Meta adds types unannounced, so another one is allowed; one that is nearly one of these is not.
TYPES: Final = (
    "audio", "button", "contacts", "document", "image", "interactive", "location", "order",
    "reaction", "request_welcome", "sticker", "system", "text", "unsupported", "video",
)  # fmt: skip
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_CONTACT = re.compile(r"\+?\d[\d ()-]{4,30}|[A-Z]{2}\.[0-9A-Za-z.]{1,130}")
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24(?=:00)):([0-5]\d)")
_DAY_MINUTES = 24 * 60


def pattern_reader(pattern: str) -> SchemaValidator:
    """
    What finds *pattern* in a text, in either case.

    By the regular expressions of pydantic's own core: their time grows with the text's length
    and never explodes, whatever the pattern.

    Raises:
        SchemaError: that is no regular expression, or one it does not know (look-around, backreference).
    """
    schema = core_schema.str_schema(pattern=f"(?i){pattern}", regex_engine="rust-regex")
    return SchemaValidator(schema)


def minutes_of(span: str) -> tuple[int, int] | None:
    """``"09:00-17:30"`` as minutes since midnight; past 24 h where it crosses it; ``None`` for no span."""
    found = _SPAN.fullmatch(span.strip())
    if found is None:
        return None
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    opens, closes = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if opens == closes:
        return None
    return opens, closes if closes > opens else closes + _DAY_MINUTES


def _word_problem(word: str) -> str | None:
    if len(word) > PATTERN_MAX:
        return f"is longer than {PATTERN_MAX} characters"
    blank = all(c.isspace() or unicodedata.category(c) in ("Cc", "Cf") for c in word)
    return "is no word" if blank else None


def _pattern_problem(pattern: str) -> str | None:
    if len(pattern) > PATTERN_MAX:
        return f"is longer than {PATTERN_MAX} characters: make it several patterns"
    if not pattern:
        return "is empty, and would fit every message"
    try:
        pattern_reader(pattern)
    except SchemaError as error:
        # The engine draws the pattern first; what is wrong is its last line.
        said = str(error).strip().splitlines()[-1].strip().removeprefix("error: ")
        said = said.removeprefix("SchemaError: ")
        return f"is no regular expression that can be used ({said[:150]})"
    return None


def _type_problem(kind: str) -> str | None:
    if kind in TYPES or not (hint := did_you_mean(kind, TYPES)):
        return None
    return f"{kind} is not one of Meta's message types{hint}"


def _contact_problem(contact: str) -> str | None:
    if _CONTACT.fullmatch(contact.strip()):
        return None
    return "is neither a phone number with its country code nor a business-scoped user id (CC.…)"


def _name_problem(name: str) -> str | None:
    if _NAME.fullmatch(name):
        return None
    return "a rule's name is up to 63 of a-z, 0-9 and -: it stands in the log as the reason"


def _bot_problem(bot: str) -> str | None:
    return None if 0 < len(bot.strip()) <= 100 else "a bot's name has 1 to 100 characters"


def _span_problem(span: str) -> str | None:
    if minutes_of(span) is not None:
        return None
    return f"{span[:40]} is not hours such as 09:00-17:30; a whole day is 00:00-24:00"


def _zone_problem(zone: str) -> str | None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        hint = did_you_mean(zone[:64], available_timezones())
        return f"{zone[:64]} is not a time zone such as Asia/Kolkata{hint}"
    return None


BotName = Annotated[str, checked(_bot_problem)]
_Span = Annotated[str, checked(_span_problem)]
_Word = Annotated[str, checked(_word_problem)]
_Day = Annotated[tuple[_Span, ...], SEVERAL]


class Condition(Chosen):
    """
    What must hold of a customer's message: every part that is said, any one value of each part.

    ``words`` are whole words or phrases in any language, ``patterns`` regular expressions, in either
    case. ``types`` are Meta's. ``ad_sources`` are the ``source_id`` of the ad the customer came from, or
    ``any``. ``contacts`` are phone numbers or business-scoped user ids. ``closed``: out of opening hours.
    """

    words: Annotated[tuple[_Word, ...] | None, SOME] = None
    patterns: Annotated[tuple[Annotated[str, checked(_pattern_problem)], ...] | None, SOME] = None
    types: Annotated[tuple[Annotated[str, checked(_type_problem)], ...] | None, SOME] = None
    ad_sources: Annotated[tuple[str, ...] | None, SOME] = None
    contacts: Annotated[
        tuple[Annotated[str, checked(_contact_problem)], ...] | None, SOME, Private
    ] = None
    closed: bool | None = None

    @model_validator(mode="after")
    def _asks_for_something(self, info: ValidationInfo) -> "Condition":
        if is_by_hand(info) and not self.parts():
            raise mistake(f"asks for nothing: say one of {', '.join(type(self).model_fields)}")
        return self

    def parts(self) -> tuple[str, ...]:
        """The names of what it asks for."""
        return tuple(n for n in type(self).model_fields if getattr(self, n) is not None)


class HandoffRule(Chosen):
    """A person answers what fits ``when``; ``name`` stands in the reason."""

    name: Annotated[str, checked(_name_problem)]
    when: Condition


class AskRule(Chosen):
    """``bot`` is asked to answer what fits ``when``."""

    bot: BotName
    when: Condition


class Week(Chosen):
    """The hours of each day, such as ``09:00-17:30``; a day that is not said is closed."""

    mon: _Day = ()
    tue: _Day = ()
    wed: _Day = ()
    thu: _Day = ()
    fri: _Day = ()
    sat: _Day = ()
    sun: _Day = ()


class OpeningHours(Chosen):
    """
    When people are there: by the clock of ``timezone``, each week, but for the dates in ``closed``.

    Without a time zone it is the number's own, and UTC where that is not known.

    Hours belong to the day they begin on, also where they end after midnight.
    """

    timezone: Annotated[str, checked(_zone_problem)] | None = None
    week: Week
    closed: Annotated[tuple[date, ...], SEVERAL, Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _opens_sometime(self, info: ValidationInfo) -> "OpeningHours":
        if is_by_hand(info) and not any(getattr(self.week, day) for day in DAYS):
            raise mistake("opens on no day: name the hours of one at least", "week")
        return self
