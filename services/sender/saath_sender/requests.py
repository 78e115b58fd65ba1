"""A request as it was written, read into what the sender works with, or refused with a reason. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from saath.codec import decode_request
from saath.errors import PoisonRecord, TokenRefused
from saath.events import (
    Content,
    InDoubtPolicy,
    MessageClass,
    OwnershipRecorded,
    Sender,
    SendRequest,
    Then,
)
from saath.identity import CALLBACK_MAX, Callback, identities, identity_of, uuid7_seconds
from saath.tokens import TurnToken
from saath.topics import DAY, OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, Topic
from saath_sender.granting import NO_GRANTS, GrantRules
from saath_sender.kinds import read as read_mark
from saath_sender.kinds import wrong
from saath_sender.ledger import KEEP_SECONDS, Origin

TOPICS_BY_SENDER: dict[Sender, Topic] = {
    "person": OUTBOUND_PEOPLE,
    "bot": OUTBOUND,
    "campaign": OUTBOUND_BULK,
}
SENDERS: dict[str, Sender] = {topic.name: by for by, topic in TOPICS_BY_SENDER.items()}

# How long a request without a turn may wait. None waits for longer than a day less than its topic keeps
# it, a turn's answer with a far deadline neither: what retention takes, nobody can say to have expired.
EXPIRES_AFTER: dict[Sender, timedelta] = {
    "person": timedelta(hours=24),
    "bot": timedelta(hours=24),
    "campaign": timedelta(hours=48),
}
# What is sent stands in its outcome, and that must fit into a record of 1 MiB.
REQUEST_BYTES_MAX = 512 * 1024
NUMBER = re.compile(rb"\d{1,32}")


def number_of_key(key: bytes | None) -> str | None:
    """The number that a record's key says, if it says one."""
    return key.decode() if key and NUMBER.fullmatch(key) else None


@dataclass(frozen=True, slots=True)
class Source:
    """
    The record a request stands in, and when it was written.

    ``vouched``: somebody wrote it again on purpose, and said that it may act.
    """

    topic: str
    offset: int
    written_at: datetime
    key: bytes | None = None
    size_bytes: int = 0
    vouched: bool = False

    @property
    def by(self) -> Sender:
        """Who writes on this topic: the topic's access list says so, not the record."""
        return SENDERS[self.topic]

    @property
    def number(self) -> str | None:
        """The number that the record's key says, if it says one."""
        return number_of_key(self.key)


@dataclass(frozen=True, slots=True)
class Request:
    """
    What is to be sent. ``to`` is an identity (``phone:…`` or ``user:…``); a turn has none.

    ``granted_to`` is who asks, where a grant says it.
    """

    id: str
    number: str
    source: Source
    token: TurnToken | None
    to: str | None = field(repr=False)
    message_class: MessageClass
    contents: tuple[Content, ...]
    then: Then | None
    working_seconds: int | None
    in_doubt: InDoubtPolicy
    expires_at: datetime
    granted_to: str | None = None

    @property
    def by(self) -> Sender:
        """Whose words they are."""
        return self.source.by

    @property
    def origin(self) -> Origin:
        """Which record it came from."""
        return Origin(self.source.topic, self.source.offset)

    @property
    def total(self) -> int:
        """How many messages it has, as its outcomes count them: one that closes a turn counts."""
        return max(1, len(self.contents))

    @property
    def is_marketing(self) -> bool:
        """True for what may not be sent to everybody at any time. Nobody tells us a template's category."""
        return self.message_class == "marketing"

    @property
    def fresh_until(self) -> float:
        """
        Up to when (unix seconds) the same id may be new: a turn's deadline, or when the id was made.

        A client whose clock is far ahead makes ids of next year. They are remembered as long as one that says
        nothing of its time, and so is what was finished after them.
        """
        if self.token:
            return float(self.token.deadline)
        ahead = self.source.written_at.timestamp() + KEEP_SECONDS
        return min(uuid7_seconds(self.id) or 0.0, ahead)

    @property
    def too_old(self) -> bool:
        """
        True where the same id may have been sent before, and been forgotten since.

        An id was not used before it was made. What counts is how old it was when it was written: what
        waited in Kafka since then is no older for that. A turn's answer is over with its deadline.
        """
        made_at = None if self.token or self.source.vouched else uuid7_seconds(self.id)
        return made_at is not None and self.source.written_at.timestamp() - made_at > KEEP_SECONDS

    def is_mark(self, index: int) -> bool:
        """True where message *index* is none, but marks the customer's as read."""
        return bool(self.contents) and self.contents[index].type == read_mark.TYPE

    def callback(self, index: int, conversation: str | None) -> str:
        """What comes back with every status of message *index*."""
        token = self.token
        name = token.conversation if token else conversation
        text = str(Callback(self.id, index, name, token.epoch if token else None))
        return text[:CALLBACK_MAX]


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Why a request cannot be carried out as written; ``pointer`` says where (RFC 6901).

    ``unreadable``: it is no request at all, and goes to the dead-letter topic too. ``token``: the
    turn it was to answer, so that the customer who waits for that is not forgotten. ``contents`` is
    what was to be sent, as far as it could be read.
    """

    reason: str
    pointer: str | None
    number: str | None
    request: str | None
    total: int = 1
    unreadable: bool = False
    token: TurnToken | None = None
    contents: tuple[Content, ...] = ()


def read(
    value: bytes | None,
    source: Source,
    read_token: Callable[[str], TurnToken],
    grants: GrantRules = NO_GRANTS,
) -> Request | Refusal:
    """Read one record of an outbound topic."""
    if source.size_bytes > REQUEST_BYTES_MAX:
        reason = f"a request has at most {REQUEST_BYTES_MAX} bytes"
        return Refusal(reason, None, source.number, None, unreadable=True)
    try:
        asked = decode_request(value)
    except PoisonRecord as error:
        return Refusal(str(error), error.pointer, source.number, None, unreadable=True)
    try:
        token = read_token(asked.turn) if asked.turn else None
    except TokenRefused as error:
        return _refusal(asked, source, None, str(error), "/turn")
    wrong = _wrong(asked, source, token)
    if wrong:
        return _refusal(asked, source, token, *wrong)
    if token:
        return _request(asked, source, token)
    grant = grants.check(asked, source.topic, source.written_at)
    if isinstance(grant, str):
        return _refusal(asked, source, None, grant, "/grant")
    return _request(asked, source, None, grant.who if grant else None)


def address_of(request: Request, owner: OwnershipRecorded | None) -> str | None:
    """Where a message goes, as Meta wants it: ``+`` and digits, or a business-scoped user id."""
    names = (request.to,) if request.to else identities(owner.addresses) if owner else ()
    for name in names:
        kind, _, value = name.partition(":")
        return f"+{value}" if kind == "phone" else value
    return None


def _wrong(asked: SendRequest, source: Source, token: TurnToken | None) -> tuple[str, str] | None:
    if asked.number and not asked.number.isascii():
        return "a number is written in the digits 0 to 9", "/number"
    if token and token.expired(source.written_at):
        # What expires while it waits here is no mistake of whoever wrote it.
        return "the turn had expired when this was written", "/turn"
    if token and source.by != "bot":
        return f"a turn is answered on {OUTBOUND.name}", "/turn"
    if token and asked.number not in (None, token.number):
        return "this turn belongs to another number", "/number"
    if not token and (asked.then is not None or asked.working is not None):
        return "only a turn has something after it", "/then" if asked.then else "/working"
    if asked.message_class == "authentication" and "." in (asked.to or ""):
        # Meta's error 131062: its one-time codes go to phone numbers only.
        return "an authentication template goes to a phone number, not to a user id", "/to"
    marks = [i for i, content in enumerate(asked.messages) if content.type == read_mark.TYPE]
    if len(marks) > 1:
        reason = "one read mark is enough: it marks all earlier messages of the chat too"
        return reason, f"/messages/{marks[1]}"
    for index, content in enumerate(asked.messages):
        if found := wrong(content):
            return found.reason, found.under("messages", index).pointer
    return None


def _request(
    asked: SendRequest, source: Source, token: TurnToken | None, granted_to: str | None = None
) -> Request:
    return Request(
        id=_id(asked, source, token),
        number=token.number if token else str(asked.number),
        source=source,
        token=token,
        to=identity_of(str(asked.to)) if not token else None,
        message_class=asked.message_class or "reply",
        contents=asked.messages,
        then=asked.then,
        working_seconds=asked.working,
        # Twice is better than never for an answer that somebody waits for; not for what costs money.
        in_doubt=asked.in_doubt or ("resend" if token else "drop"),
        expires_at=_expires_at(asked, source, token),
        granted_to=granted_to,
    )


def _id(asked: SendRequest, source: Source, token: TurnToken | None) -> str:
    if asked.id or not token:
        return str(asked.id)
    # What is not the answer must not have the turn's id: the answer would be taken for a repeat.
    if asked.working:
        return f"{token.turn}:working:{source.offset}"
    if asked.then is None and all(content.type == read_mark.TYPE for content in asked.messages):
        return f"{token.turn}:read:{source.offset}"
    return token.turn


def _expires_at(asked: SendRequest, source: Source, token: TurnToken | None) -> datetime:
    if token:
        latest = datetime.fromtimestamp(token.deadline, UTC)
    else:
        latest = source.written_at + EXPIRES_AFTER[source.by]
    kept_until = source.written_at + (TOPICS_BY_SENDER[source.by].retention or DAY) - DAY
    return min(latest, kept_until, asked.expires_at or latest)


def _refusal(
    asked: SendRequest, source: Source, token: TurnToken | None, reason: str, pointer: str
) -> Refusal:
    number = token.number if token else asked.number or source.number
    request = asked.id or (token.turn if token else None)
    return Refusal(
        reason,
        pointer,
        number,
        request,
        max(1, len(asked.messages)),
        token=token,
        contents=asked.messages,
    )
