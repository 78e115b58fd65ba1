"""One conversation's state. Pure: no clock, no Kafka, no logging."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from saath.events import Contact, Model, Owner, StatusEvent, TurnMessage
from saath_router.memory import has_dated, has_plain, mark_in, rank_in
from saath_router.waiting import Watch

# Meta redelivers for 7 days, the input topics keep 8.
REMEMBERED_FOR = timedelta(days=8)
SERVICE_WINDOW = timedelta(hours=24)
SEEN_MAX = 256
# As many as their count has room for in what is written, where it is one byte.
STATUSES_MAX = 255

# A status never goes back. ``failed`` ends a message that was not yet delivered.
STATUS_RANK = {"accepted": 0, "sent": 1, "failed": 2, "delivered": 2, "read": 3, "played": 4}


class Conversation(Model):
    """
    A contact on a number: who answers, since when and until when, and what was seen lately.

    ``epoch`` 0 means that nobody has owned it yet. ``owner_rule`` is why its owner has it. ``held_with``
    stands for the text with which the app took it over, while nobody wrote anything else. ``passed_to``
    is the bot that another one passed it on to, or a person by name, for as long as a bot has it and
    its window is open. ``owner_since`` is since when that rule holds, though the bot may be another since.

    ``turns`` are the open ones and their deadlines, ``watched`` those of them to which the bot has said
    nothing. ``pending`` is what ``pending_bot`` is asked at ``pending_due``, if nothing comes between.
    ``waiting_since`` is when a customer wrote whom nobody answered yet; ``unattended``: it was said that
    this is too long. ``window`` is what was last said of the service window.

    ``person_left_at`` is when a person last ceased to have it. ``marketing_stopped``: the customer wants no
    marketing; false where they have taken that back, at ``marketing_said_at``. Meta takes none for them
    before ``marketing_rests_until``.

    ``statuses``, ``prices``, ``ours``, ``seen`` and ``seen_history`` hold ids as ``memory`` packs them:
    how far each of our messages got, what Meta counts for it, which messages we sent ourselves, which
    facts are known and of when. A fact as old as ``forgotten_before`` may have been known and
    forgotten. History has a memory of its own: 180 days of it must not push out what happens now.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    id: str
    number: str
    contact: Contact = Contact()
    started_at: AwareDatetime | None = None
    owner: Owner = "bot"
    epoch: int = 0
    bot: str | None = None
    owner_since: AwareDatetime | None = None
    owner_rule: str | None = None
    passed_to: str | None = None
    passes: int = 0
    lease_until: AwareDatetime | None = None
    window: Literal["open", "closing"] | None = None
    window_until: AwareDatetime | None = None
    held_with: str | None = None
    history_asked_at: AwareDatetime | None = None
    person_left_at: AwareDatetime | None = None
    marketing_stopped: bool | None = None
    marketing_said_at: AwareDatetime | None = None
    marketing_rests_until: AwareDatetime | None = None
    handoff_open: bool = False
    waiting_since: AwareDatetime | None = None
    unattended: bool = False
    turns: dict[str, AwareDatetime] = Field(default_factory=dict)
    watched: dict[str, Watch] = Field(default_factory=dict)
    pending: tuple[TurnMessage, ...] = ()
    pending_due: AwareDatetime | None = None
    pending_bot: str | None = None
    recent: tuple[TurnMessage, ...] = ()
    statuses: bytes = b""
    prices: bytes = b""
    ours: bytes = b""
    seen: bytes = b""
    seen_history: bytes = b""
    forgotten_before: AwareDatetime | None = None

    @property
    def pending_since(self) -> datetime | None:
        """When the first message that the bot has yet to be asked about was written."""
        return self.pending[0].time if self.pending else None

    def has_seen(self, event_id: str) -> bool:
        """True when this fact is known already."""
        return has_dated(self.seen, event_id) or has_plain(self.seen_history, event_id)

    def may_have_forgotten(self, happened: datetime) -> bool:
        """True for a time of which ids were forgotten, so that "not seen" says nothing."""
        return self.forgotten_before is not None and happened <= self.forgotten_before

    def is_ours(self, message_id: str) -> bool:
        """True for a message that we sent ourselves."""
        return has_plain(self.ours, message_id)

    def rank(self, message_id: str) -> int:
        """How far a message got on the ladder of statuses; -1 where nothing was said of it."""
        return rank_in(self.statuses, message_id)

    def price(self, message_id: str) -> bytes | None:
        """What Meta counts for a message, in a few bytes; ``None`` where it has said nothing."""
        return mark_in(self.prices, message_id)

    def next_epoch(self, now: datetime) -> int:
        """
        The epoch of the next ownership.

        At least the clock's milliseconds, so that a conversation that was forgotten and came back
        can never hand out an old epoch again.
        """
        return max(self.epoch + 1, int(now.timestamp() * 1000))


def rank_of(event: StatusEvent) -> int:
    """Where a status stands on the ladder: ``io.saath.message.read.v1`` -> 3."""
    return STATUS_RANK[event.type.split(".")[-2]]


def merged(known: Contact, said: Contact) -> Contact:
    """What is known of a contact after a body that *said* so much; silence unsays nothing."""
    if said == known:
        return known
    return known.model_copy(update={name: value for name, value in said if value is not None})
