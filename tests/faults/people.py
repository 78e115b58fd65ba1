"""What the people of a few numbers do, and what ought to be known of it in the end."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import takewhile

import aiohttp

from saath.client import Commander
from saath.events import Event, MessageEchoed, MessageReceived, StatusEvent
from saath.topics import partition_for
from saath_sandbox.client import Sandbox
from saath_sandbox.views import RegisteredNumber

Fact = tuple[str, str]  # what happened, and Meta's id of the message it happened to

# In each round all customers are moved at once, then so many are, one after the other: in all some
# 50 updates a second.
ROUND_SECONDS = 1.0
STEPS_A_ROUND = 20
LIFE_SECONDS_MAX = 90.0


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who writes to a number, and who may answer there."""

    number: str
    phone: str
    by: str  # "bot", "person", or "both": the person gives it back to the bot now and then


@dataclass(slots=True)
class Told:
    """Everything the sandbox was made to tell us: messages and echoes in order, and sends."""

    said: dict[Customer, list[Fact]] = field(default_factory=lambda: defaultdict(list))
    sent: list[str] = field(default_factory=list)

    def for_bots(self) -> dict[Customer, list[str]]:
        """
        The ids of what bots must be asked to answer: all that was written before a person answered.

        Of customers whom a person gives back to the bot nothing is said: when that comes through,
        nobody can tell beforehand.
        """
        return {
            customer: [f"{wamid}:received" for _, wamid in takewhile(_by_customer, said)]
            for customer, said in self.said.items()
            if customer.by != "both"
        }

    @property
    def facts(self) -> Counter[Fact]:
        """Each fact that must be in the log, once."""
        said = [fact for facts in self.said.values() for fact in facts]
        statuses = [(what, wamid) for wamid in self.sent for what in ("sent", "delivered")]
        return Counter([*said, *statuses])


def _by_customer(fact: Fact) -> bool:
    return fact[0] == "received"


@dataclass(frozen=True, slots=True)
class Town:
    """Numbers, their customers, and how they are moved."""

    meta: Sandbox
    numbers: dict[str, RegisteredNumber]
    customers: tuple[Customer, ...]
    http: aiohttp.ClientSession
    chance: random.Random
    told: Told = field(default_factory=Told)
    rush: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def living(self, commander: Commander | None = None) -> AsyncIterator[None]:
        """Until the block's end things happen at a steady rate, and in rushes."""
        enough = asyncio.Event()
        async with asyncio.timeout(LIFE_SECONDS_MAX), asyncio.TaskGroup() as group:
            group.create_task(self._live(enough, commander))
            yield
            enough.set()

    async def _live(self, enough: asyncio.Event, commander: Commander | None) -> None:
        loop = asyncio.get_running_loop()
        while not enough.is_set():
            next_round = loop.time() + ROUND_SECONDS
            async with self.rush:
                self.rush.notify_all()
            await asyncio.gather(*(self._something(c, commander) for c in self.customers))
            for step in range(STEPS_A_ROUND):
                await self._something(self.chance.choice(self.customers), commander)
                left = next_round - loop.time()
                await asyncio.sleep(left / (STEPS_A_ROUND - step))

    async def has_chatted(self, customer: Customer, messages: int) -> None:
        """A customer has written a lot: one message a second, until now."""
        first = int(time.time()) - messages
        for second in range(messages):
            await self.writes(customer, first + second)

    async def writes(self, customer: Customer, timestamp: int | None = None) -> None:
        """A customer writes."""
        said, number, phone = self.told.said[customer], customer.number, customer.phone
        wamid = await self.meta.customer_writes(
            number, f"Hello {len(said)}", phone=phone, timestamp=timestamp
        )
        said.append(("received", wamid))

    async def next_rush(self) -> None:
        """Wait until everybody does something at once."""
        async with self.rush:
            await self.rush.wait()

    async def rounds(self, count: int) -> None:
        """Wait until so many rounds are over."""
        for _ in range(count + 1):
            await self.next_rush()

    async def _something(self, customer: Customer, commander: Commander | None) -> None:
        said, number, phone = self.told.said[customer], customer.number, customer.phone
        dice = self.chance.random()
        if dice < 0.6 or not said:
            await self.writes(customer)
        elif dice < 0.75 and customer.by != "bot":
            wamid = await self.meta.person_answers(number, phone, f"Here {len(said)}")
            said.append(("echoed", wamid))
        elif dice < 0.85 and customer.by == "both" and commander:
            await commander.release(number, phone=phone, by="Asha")
        else:
            self.told.sent.append(await self._business_sends(customer))

    async def _business_sends(self, customer: Customer) -> str:
        """A message that another system sent through the Graph API: for us, two statuses."""
        token = self.numbers[customer.number].access_token
        body = {
            "messaging_product": "whatsapp",
            "to": customer.phone,
            "type": "text",
            "text": {"body": "Your order is on its way."},
        }
        async with self.http.post(
            f"{self.meta.url}/v25.0/{customer.number}/messages",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        ) as answer:
            return str((await answer.json())["messages"][0]["id"])


async def settle_down(
    meta: Sandbox, http: aiohttp.ClientSession, seed: int, partitions: int, customers: int = 20
) -> Town:
    """Register a number in each of the *partitions*, and give each its share of *customers*."""
    ids = [str(number) for number in range(106540352240000, 106540352240999)]
    numbers = [
        await meta.register_number(
            phone_number_id=next(n for n in ids if partition_for(n, partitions) == partition),
            cap=1000,
            pair_limit=False,
            service_window=False,
        )
        for partition in range(partitions)
    ]
    folk = tuple(
        Customer(
            numbers[n % partitions].phone_number_id,
            str(16505550000 + n),
            ("bot", "person", "both")[n // partitions % 3],
        )
        for n in range(customers)
    )
    by_id = {number.phone_number_id: number for number in numbers}
    return Town(meta, by_id, folk, http, random.Random(seed))


def facts_of(events: Iterable[Event]) -> Counter[Fact]:
    """What the log says happened to messages of Meta's."""
    return Counter(fact for event in events if (fact := fact_of(event)))


def fact_of(event: Event) -> Fact | None:
    """``io.saath.message.delivered.v1`` of a message -> ("delivered", its id)."""
    if isinstance(event, MessageReceived | MessageEchoed | StatusEvent):
        return event.type.split(".")[-2], event.message_id
    return None


def by_conversation(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Each conversation's events in the order they were read."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.conversation or ""].append(event)
    return found


def said_in(events: Sequence[Event]) -> list[Fact]:
    """What was written in one conversation, by whom, in the log's order."""
    spoken = (e for e in events if isinstance(e, MessageReceived | MessageEchoed))
    return [fact for event in spoken if (fact := fact_of(event))]
