"""One partition's handler, what was written by it, and a restart."""

import json
from datetime import datetime
from itertools import count
from typing import Any

from tests.unit.router.build import CUSTOMER, EVERYONE, NUMBER, at

from saath.codec import decode, encode
from saath.events import Event, OwnershipRecorded
from saath.identity import conversation_id
from saath.kafka.layout import Layout
from saath.kafka.records import Output, Record
from saath.kafka.timers import fire
from saath.tokens import TurnTokens
from saath.topics import COMMANDS, INBOUND, OWNERS, TOPICS, Topic, partition_for, state_topic
from saath_router.carrier import Installation
from saath_router.handler import RouterHandler
from saath_router.numbers import Numbers
from saath_router.publishing import WATERMARK_KEY

KEY = b"0123456789abcdef"
TOKENS = TurnTokens(["a-turn-key-of-some-length"])
PARTITION = partition_for(NUMBER, 4)
CONVERSATION = conversation_id(KEY, NUMBER, f"phone:{CUSTOMER.phone}")
INSTALLATION = Installation(
    key=KEY,
    tokens=TOKENS,
    numbers=Numbers(EVERYONE),
    layout=Layout({topic.name: 4 for topic in TOPICS}),
)


class Partition:
    """A handler, what was written by it, and a restart."""

    def __init__(
        self, partition: int = PARTITION, installation: Installation = INSTALLATION
    ) -> None:
        self.partition, self.installation = partition, installation
        self.offsets = count()
        self.state: list[Output] = []
        self.handler = RouterHandler(installation, partition)

    def reads(self, *events: Event, topic: Topic = INBOUND, now: float = 1) -> list[Output]:
        """One batch: everything it writes but the state, which is kept for a restart."""
        records = [self.record(topic, *encode(event), now) for event in events]
        return self.batch(records, at(now))

    def is_told(self, what: dict[str, Any], now: float = 1) -> list[Output]:
        value = json.dumps(what).encode()
        return self.batch([self.record(COMMANDS, [], value, now)], at(now))

    def record(
        self, topic: Topic, headers: list[tuple[str, bytes]], value: bytes, now: float = 1
    ) -> Record:
        stamp = int(at(now).timestamp() * 1000)
        return Record(topic, self.partition, next(self.offsets), stamp, b"", value, tuple(headers))

    def batch(self, records: list[Record], now: datetime) -> list[Output]:
        outputs = [o for record in records for o in self.handler.handle(record, now)]
        outputs += self.handler.finish({"inbound.v1": 7}, now)
        self.state += [o for o in outputs if o.topic == state_topic("router")]
        return [o for o in outputs if o.topic != state_topic("router")]

    def fires(self, seconds: float) -> list[Output]:
        """Everything was read up to then: what time leads to, but the state and the watermark."""
        outputs = [*fire(self.handler, at(seconds), at(seconds))]
        outputs += self.handler.finish({"inbound.v1": 7}, at(seconds))
        self.state += [o for o in outputs if o.topic == state_topic("router")]
        return [o for o in outputs if o.topic != state_topic("router") and o.key != WATERMARK_KEY]

    def restarts(self) -> None:
        self.handler = RouterHandler(self.installation, self.partition)
        for record in self.state:
            self.handler.restore(record.key or b"", record.value)


def on(topic: Topic, outputs: list[Output]) -> list[Event]:
    return [decode(o.headers, o.value) for o in outputs if o.topic is topic]


def types(topic: Topic, outputs: list[Output]) -> list[str]:
    return [type(event).__name__ for event in on(topic, outputs)]


def owned(outputs: list[Output]) -> list[OwnershipRecorded]:
    return [event for event in on(OWNERS, outputs) if isinstance(event, OwnershipRecorded)]
