"""What ingest, the sender and people's tools write for the router, as untidily as it comes from Meta."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

from aiokafka.errors import KafkaError
from tests.faults.people import Customer
from tests.faults.redelivery import numbers_of

from saath.events import (
    Command,
    Contact,
    Content,
    Event,
    MessageAccepted,
    MessageDelivered,
    MessageEchoed,
    MessageEdited,
    MessageRead,
    MessageReceived,
    MessageSent,
    StatusEvent,
)
from saath.identity import event_id
from saath.kafka.publisher import Publisher
from saath.kafka.records import Output, output
from saath.topics import COMMANDS, INBOUND, OUTCOMES, partition_for

# Some 80 facts and 120 records a second: less than a router decides, enough to be always at it.
TICK_SECONDS = 0.1
FACTS_A_TICK = 8
STATUSES_A_TICK = 8
# Every third record stands twice, and some of the latest come again long after. Not of all: a
# conversation remembers 256 facts, and here has a tenth of the latest at most.
TWICE_EVERY = 3
LATE_A_TICK = 1
LATE_OF = 400
AGAIN_SECONDS = 0.1
# Nobody answers here, and of unanswered turns a conversation remembers 64.
UNANSWERED_MAX = 50

STATUSES: dict[str, type[StatusEvent]] = {
    "sent": MessageSent,
    "delivered": MessageDelivered,
    "read": MessageRead,
}


class Traffic:
    """
    Customers of numbers in every partition, and what is written of them.

    ``acked`` is where each partition of each topic ended when Kafka last took something.
    """

    def __init__(self, publisher: Publisher, partitions: int, seed: int) -> None:
        self._publisher, self._partitions = publisher, partitions
        self._chance = random.Random(seed)
        numbers = numbers_of(partitions)
        self.customers = tuple(
            Customer(number, f"49151{place}00{n}", by)
            for place, number in enumerate(numbers)
            for n, by in enumerate(("bot", "person", "both"))
        )
        self.acked: dict[tuple[str, int], int] = {}
        self.told: list[str] = []
        self._said: Counter[Customer] = Counter()
        self._unanswered: Counter[Customer] = Counter()
        self._commands = 0
        self._statuses: list[Output] = []
        self._past: list[Output] = []

    async def introduce(self) -> None:
        """Everybody writes: no command is for somebody unknown."""
        await self._write([self._received(customer) for customer in self.customers])

    async def flow(self, enough: asyncio.Event) -> None:
        """Things happen until it is *enough*."""
        while not enough.is_set():
            await self._write(self._untidy(self._news()))
            await asyncio.sleep(TICK_SECONDS)

    async def settle(self) -> dict[Customer, str]:
        """Everybody writes once more, and a person decides who answers: that, by customer."""
        await self._write([*self._statuses, *map(self._received, self.customers)])
        wishes: dict[Customer, Literal["take over", "release"]] = {
            customer: "take over" if place % 2 else "release"
            for place, customer in enumerate(self.customers)
        }
        await self._write([self._asked(customer, wish) for customer, wish in wishes.items()])
        owners = {"take over": "human", "release": "bot"}
        return {customer: owners[wish] for customer, wish in wishes.items()}

    def _news(self) -> list[Output]:
        news = [
            fact
            for customer in self._chance.choices(self.customers, k=FACTS_A_TICK)
            for fact in self._something(customer)
        ]
        self._chance.shuffle(self._statuses)
        due, self._statuses = (
            self._statuses[:STATUSES_A_TICK],
            self._statuses[STATUSES_A_TICK:],
        )
        return news + due

    def _untidy(self, news: Sequence[Output]) -> list[Output]:
        """*news* with copies among them, near and late."""
        late = self._chance.choices(self._past[-LATE_OF:], k=LATE_A_TICK) if self._past else []
        copies = [*islice(news, 0, None, TWICE_EVERY), *late]
        self._past += news
        found = [*news]
        for copy in copies:
            first = found.index(copy) if copy in found else -1
            found.insert(self._chance.randint(first + 1, len(found)), copy)
        return found

    def _something(self, customer: Customer) -> list[Output]:
        dice = self._chance.random()
        if dice < 0.5 and self._unanswered[customer] < UNANSWERED_MAX:
            self._unanswered[customer] += 1
            return [self._received(customer)]
        if dice < 0.6 and customer.by != "bot":
            self._unanswered[customer] = 0
            return [self._echoed(customer)]
        if dice < 0.7 and customer.by == "both":
            return [self._asked(customer, self._chance.choice(["take over", "release"]))]
        if dice < 0.75:
            return [self._edited(customer)]
        person = customer.by == "both" and dice < 0.8
        return [self._accepted(customer, "person" if person else "campaign")]

    def _received(self, customer: Customer) -> Output:
        about = self._about(customer, "received")
        return self._output(MessageReceived(**about, content=Content.of_text("Hello?")))

    def _echoed(self, customer: Customer) -> Output:
        about = self._about(customer, "echoed")
        return self._output(MessageEchoed(**about, content=Content.of_text("Here I am.")))

    def _edited(self, customer: Customer) -> Output:
        about = self._about(customer, "edited")
        content = Content.of_text("Hello!")
        return self._output(MessageEdited(**about, by="customer", content=content))

    def _accepted(self, customer: Customer, by: Literal["person", "campaign"]) -> Output:
        """Something was sent; how it fares is said later, in any order."""
        about = self._about(customer, "accepted")
        request, contact = f"request.{about['message_id']}", about.pop("contact")
        for what, model in STATUSES.items():
            named = about | {"id": event_id(about["message_id"], what)}
            self._statuses.append(self._output(model(**named, contact=contact)))
        event = MessageAccepted(**about, request=request, by=by, to=customer.phone)
        return output(OUTCOMES, event, self._partitions)

    def _asked(self, customer: Customer, wish: Literal["take over", "release"]) -> Output:
        self._commands += 1
        command = Command(
            id=f"command.{self._commands}",
            number=customer.number,
            command=wish,
            phone=customer.phone,
            by="Asha",
        )
        where = partition_for(customer.number, self._partitions)
        value = command.model_dump_json(exclude_none=True).encode()
        return Output(COMMANDS, where, customer.number.encode(), value)

    def _about(self, customer: Customer, what: str) -> dict[str, Any]:
        self._said[customer] += 1
        message = f"wamid.{customer.phone}.{self._said[customer]}"
        return {
            "id": event_id(message, what),
            "time": datetime.now(UTC).replace(microsecond=0),  # as Meta tells it
            "number": customer.number,
            "message_id": message,
            "contact": Contact(phone=customer.phone),
        }

    def _output(self, event: Event) -> Output:
        return output(INBOUND, event, self._partitions)

    async def _write(self, outputs: Sequence[Output]) -> None:
        """Write until Kafka has taken all of it: what is refused comes again, as from Meta."""
        while outputs:
            sent = [await self._publisher.send_output(each) for each in outputs]
            answers = await asyncio.gather(*sent, return_exceptions=True)
            refused = []
            for each, answer in zip(outputs, answers, strict=True):
                if isinstance(answer, KafkaError):
                    refused.append(each)
                elif isinstance(answer, BaseException):
                    raise answer
                else:
                    self._took(each, answer.offset)
            outputs = refused
            if refused:
                await asyncio.sleep(AGAIN_SECONDS)

    def _took(self, record: Output, offset: int) -> None:
        where = record.topic.name, record.partition
        self.acked[where] = max(offset + 1, self.acked.get(where, 0))
        self.told += [value.decode() for name, value in record.headers if name == "ce_id"]
