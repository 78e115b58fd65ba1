"""What bots, people and campaigns ask the sender for."""

import asyncio
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tests.faults.clerk import BOT, Chat, Clerk, Post, Taken, now
from tests.faults.sender_judge import Message

from saath.events import Contact, Content, MessageEchoed, MessageReceived, NumberRecorded
from saath.identity import event_id, uuid7
from saath.tokens import TurnToken, TurnTokens
from saath.topics import INBOUND, NUMBERS, OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, OWNERS, Topic

TICK_SECONDS = 0.1
# How many messages a request has: some 14 messages a second of a number whose cap is 20.
TOTALS = (1, 1, 1, 2, 3)
TURN_SECONDS = 300
# What waits while senders are down; more would only be waited for at the end.
WAITING_MAX = 600


@dataclass(slots=True)
class Letters:
    """
    Everybody who asks for something to be sent.

    ``asked`` is every message; ``resends`` the requests that are sent again after a doubt, and
    ``recipients`` whom each goes to.
    """

    post: Post
    clerk: Clerk
    tokens: TurnTokens
    chats: Sequence[Chat]
    chance: random.Random
    asked: set[Message] = field(default_factory=set)
    resends: set[str] = field(default_factory=set)
    recipients: dict[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> list[str]:
        """The numbers."""
        return list(dict.fromkeys(chat.number for chat in self.chats))

    async def introduce(self, caps: Mapping[str, int] = MappingProxyType({})) -> None:
        """Every number is active, and a bot has every conversation."""
        for number in self.numbers:
            about = {"id": uuid.uuid4().hex, "time": now(), "number": number, "state": "active"}
            cap = {"cap_per_second": caps[number]} if number in caps else {}
            await self.post.events(NUMBERS, NumberRecorded(**about, **cap))
        await self.post.events(OWNERS, *(chat.recorded for chat in self.chats))

    async def flow(self, enough: asyncio.Event) -> None:
        """Things are asked for until it is *enough*."""
        async with asyncio.TaskGroup() as group:
            for number in self.numbers:
                mine = [chat for chat in self.chats if chat.number == number]
                group.create_task(self._flow(mine, enough))

    async def backlog(self, each: int) -> None:
        """A campaign to everybody, so that for a while there is always something to send."""
        for chat in [*self.chats] * each:
            await self.campaign(chat, max(TOTALS), self.chance.choice(("resend", "drop")))

    async def _flow(self, chats: Sequence[Chat], enough: asyncio.Event) -> None:
        while not enough.is_set():
            if len(self.asked) - len(self.clerk.ended) < WAITING_MAX:
                await self._something(self.chance.choice(chats))
            await asyncio.sleep(TICK_SECONDS)

    async def _something(self, chat: Chat) -> None:
        dice = self.chance.random()
        if dice < 0.45 and chat.owner == "bot":
            await self.reply(chat, self.chance.choice(TOTALS))
        elif dice < 0.85:
            policy = self.chance.choice(("resend", "drop"))
            await self.campaign(chat, self.chance.choice(TOTALS), policy)
        elif dice < 0.90:
            await self.person(chat)
        elif dice < 0.93:
            await self.echo(chat)
        elif chat.owner == "human":
            await self.clerk.give(chat, "bot")

    async def reply(self, chat: Chat, total: int = 1) -> str:
        """A bot answers a turn of the present epoch; the turn."""
        turn = f"t_{uuid.UUID(int=self.chance.getrandbits(128)).hex}"
        deadline = int(time.time()) + TURN_SECONDS
        token = TurnToken(turn, chat.number, chat.name, chat.epoch, BOT, deadline)
        messages = [worded(f"{turn}/{n}") for n in range(total)]
        self._note(chat, turn, total, resend=True)
        await self.post.request(
            OUTBOUND, chat.number, {"turn": self.tokens.sign(token), "messages": messages}
        )
        return turn

    async def campaign(self, chat: Chat, total: int = 1, policy: str = "resend") -> None:
        """A campaign's request."""
        messages = [templated() for _ in range(total)]
        await self._tool(OUTBOUND_BULK, chat, messages, in_doubt=policy, **UTILITY)

    async def person(self, chat: Chat) -> Taken:
        """A person writes with a tool; when Kafka had it."""
        return await self._tool(OUTBOUND_PEOPLE, chat, [worded("I see to it")], **SERVICE)

    async def echo(self, chat: Chat) -> Taken:
        """A person answers in the app; when Kafka had it."""
        wamid = f"wamid.{uuid.uuid4().hex}"
        event = MessageEchoed(
            id=event_id(wamid, "echoed"),
            time=now(),
            number=chat.number,
            message_id=wamid,
            contact=Contact(phone=chat.phone),
            content=Content.of_text("I'll take this"),
        )
        [taken] = await self.post.events(INBOUND, event)
        self.clerk.acked[event.id] = time.monotonic()
        return taken

    async def heard(self) -> None:
        """A customer of each number says something that nobody minds: Meta's webhooks do arrive."""
        for number in self.numbers:
            wamid = f"wamid.{uuid.uuid4().hex}"
            event = MessageReceived(
                id=event_id(wamid, "received"),
                time=now(),
                number=number,
                message_id=wamid,
                contact=Contact(phone="16505559999"),
                content=Content.of_text("Thanks!"),
            )
            await self.post.events(INBOUND, event)

    async def _tool(
        self, topic: Topic, chat: Chat, messages: list[dict[str, Any]], **more: Any
    ) -> Taken:
        request = self.worded_by_a_tool(chat, messages, **more)
        return await self.post.request(topic, chat.number, request)

    def worded_by_a_tool(
        self, chat: Chat, messages: list[dict[str, Any]], **more: Any
    ) -> dict[str, Any]:
        """A request without a turn, noted and not written yet."""
        request = uuid7(time.time_ns() // 1_000_000, self.chance.getrandbits(74))
        self._note(chat, request, len(messages), resend=more.get("in_doubt") == "resend")
        about = {"id": request, "number": chat.number, "to": f"+{chat.phone}"}
        return {**about, "messages": messages, **more}

    def _note(self, chat: Chat, request: str, total: int, *, resend: bool) -> None:
        self.asked |= {(chat.number, request, n) for n in range(total)}
        self.recipients[request] = chat.phone
        if resend:
            self.resends.add(request)


SERVICE, UTILITY = {"class": "service"}, {"class": "utility"}


def worded(text: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": text}}


def templated(name: str = "utility_news") -> dict[str, Any]:
    return {"type": "template", "template": {"name": name, "language": {"code": "en"}}}
