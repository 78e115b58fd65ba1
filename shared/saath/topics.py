"""
Every topic there is: what it is keyed and partitioned by, how long it keeps, who writes and reads it.

The one list. ``saath topics apply`` creates the topics from it, the services place records by it.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from saath.events import BotAnsweredAgain, BotFellSilent, ContactRecorded, Event, HandoffRequested
from saath.events.numbers import AccountUpdated, CostsRecorded, WebhookUnrecognised

By = Literal["number", "account", "conversation"]
Key = Literal["number", "account", "conversation", "event", "entry", "day"]
Cleanup = Literal["delete", "compact", "compact,delete"]

PARTITIONS_DEFAULT = 24
# Calls for a person that are about a whole number stand beside those about a conversation.
OF_A_NUMBER = (HandoffRequested, BotFellSilent, BotAnsweredAgain)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Topic:
    """
    One topic, named without the installation's prefix.

    ``partition_by`` is what is hashed to choose the partition; ``key`` is what compaction goes by.
    """

    name: str
    partition_by: By
    key: Key
    cleanup: Cleanup
    retention: timedelta | None
    written_by: str
    read_by: str
    public: Literal["", "read", "write"] = ""
    log_append_time: bool = False
    max_message_bytes: int | None = None

    def full_name(self, prefix: str) -> str:
        """The name on the broker."""
        return f"{prefix}{self.name}"


class Place(NamedTuple):
    """Where an event goes on a topic."""

    key: str
    partition: int


def _input(name: str, days: float, written_by: str, read_by: str, by: By = "number") -> Topic:
    # Inputs carry the broker's clock, so that "read up to a time" means the same for all of them.
    key: Key = "account" if by == "account" else "number"
    retention = timedelta(days=days)
    return Topic(name, by, key, "delete", retention, written_by, read_by, log_append_time=True)


INBOUND = _input("inbound.v1", 8, "ingest", "router, sender, sync")
HISTORY = _input("history.v1", 30, "ingest, sync", "sync")
BACKFILL = _input("backfill.v1", 7, "sync", "router")
ACCOUNTS = _input("accounts.v1", 30, "ingest", "sync, people", by="account")
OUTBOUND = Topic(
    "outbound.v1", "number", "number", "delete", 7 * DAY, "bots", "sender", "write", True
)
OUTBOUND_PEOPLE = Topic(
    "outbound.people.v1", "number", "number", "delete", 7 * DAY, "people's tools", "sender",
    "write", True,
)  # fmt: skip
OUTBOUND_BULK = Topic(
    "outbound.bulk.v1", "number", "number", "delete", 7 * DAY, "campaign tools", "sender",
    "write", True,
)  # fmt: skip
COMMANDS = Topic(
    "commands.v1", "number", "number", "delete", 7 * DAY, "people's tools", "router", "write", True
)
OUTCOMES = Topic(
    "outcomes.v1",
    "number",
    "number",
    "delete",
    7 * DAY,
    "sender",
    "router, sender, bots",
    "read",
    True,
)
CONVERSATIONS = Topic(
    "conversations.v1", "conversation", "event", "compact,delete", 180 * DAY, "router",
    "everyone", "read",
)  # fmt: skip
TURNS = Topic(
    "turns.v1", "conversation", "conversation", "delete", 3 * DAY, "router", "bots", "read"
)
HANDOFFS = Topic(
    "handoffs.v1", "conversation", "conversation", "delete", 7 * DAY, "router", "people's tools",
    "read",
)  # fmt: skip
OWNERS = Topic(
    "owners.v1", "number", "conversation", "compact", None, "router", "sender, anyone", "read"
)
CONTACTS = Topic(
    "contacts.v1", "number", "entry", "compact", None, "sync", "router, everyone", "read", True
)
NUMBERS = Topic("numbers.v1", "number", "number", "compact", None, "sync", "everyone", "read")
NUMBER_EVENTS = Topic(
    "number.events.v1", "number", "number", "delete", 30 * DAY, "sync", "everyone", "read"
)
COSTS = Topic("costs.v1", "number", "day", "compact", None, "sync", "everyone", "read")
CREDENTIALS = Topic("credentials.v1", "number", "number", "compact", None, "sync", "sender, sync")

SERVICES = ("ingest", "router", "sender", "sync")
STATEFUL = ("router", "sender", "sync")


def state_topic(service: str) -> Topic:
    """A service's own changelog, with its input positions."""
    return Topic(f"{service}.state.v1", "number", "number", "compact", None, service, service)


def dlq_topic(service: str) -> Topic:
    """Where a service puts what it gave up on, untouched, with the reason in added headers."""
    return Topic(
        f"{service}.dlq.v1", "number", "number", "delete", 30 * DAY, service, "saath dlq",
        max_message_bytes=2 * 1024 * 1024,
    )  # fmt: skip


TOPICS: tuple[Topic, ...] = (
    INBOUND, HISTORY, BACKFILL, ACCOUNTS, OUTBOUND, OUTBOUND_PEOPLE, OUTBOUND_BULK, COMMANDS,
    OUTCOMES, CONVERSATIONS, TURNS, HANDOFFS, OWNERS, CONTACTS, NUMBERS, NUMBER_EVENTS, COSTS,
    CREDENTIALS,
    *(state_topic(service) for service in STATEFUL),
    *(dlq_topic(service) for service in SERVICES),
)  # fmt: skip


def murmur2(data: bytes) -> int:
    """
    Hash as Kafka's Java client does (32-bit murmur2, seed 0x9747b28c); returns an unsigned value.

    Written out here because the contract may not need a Kafka client; checked against vectors made
    by Kafka's own ``org.apache.kafka.common.utils.Utils.murmur2``.
    """
    m, mask, length = 0x5BD1E995, 0xFFFFFFFF, len(data)
    h = 0x9747B28C ^ length
    whole = length - length % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    if whole != length:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


@lru_cache(maxsize=4096)
def partition_for(value: str, partitions: int) -> int:
    """Choose the partition as the Java client's default partitioner does for this key."""
    return (murmur2(value.encode()) & 0x7FFFFFFF) % partitions


def place(topic: Topic, event: Event, partitions: int) -> Place:
    """
    Where *event* goes on *topic*, which has this many *partitions*.

    Raises:
        ValueError: the event lacks what the topic is keyed or partitioned by.
    """
    return Place(
        key=_value(topic, event, topic.key),
        partition=partition_for(_value(topic, event, topic.partition_by), partitions),
    )


def _value(topic: Topic, event: Event, by: Key) -> str:
    value: str | None
    match by:
        case "number":
            value = event.number
        case "conversation":
            value = event.conversation
            if value is None and isinstance(event, OF_A_NUMBER):
                value = event.number
        case "event":
            value = event.id
        case "entry":
            value = event.entry if isinstance(event, ContactRecorded) else None
        case "day":
            day = event.day.isoformat() if isinstance(event, CostsRecorded) else None
            value = f"{event.number}/{day}" if event.number and day else None
        case "account":
            account = isinstance(event, AccountUpdated | WebhookUnrecognised) and event.account
            value = event.number or account or None
    if not value:
        raise ValueError(f"{event.type} has no {by}, which {topic.name} needs")
    return value
