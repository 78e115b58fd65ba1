"""A shop that is open: one connected number, all four services, a bot, and people around it."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from tests.running import Running, running

from saath.client import Bot, Commander, Done, Handoff, Reply, Sender
from saath.client.answers import written
from saath.events import (
    MessageReceived,
    NumberRecorded,
    OutcomeEvent,
    OwnerChanged,
    TurnOffered,
)
from saath.kafka.layout import apply
from saath.kafka.publisher import Publisher
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import NUMBERS, OUTBOUND, TURNS
from saath_ingest.signature import sign
from saath_sandbox.views import Arrival, RegisteredNumber

BOT = "shop"
# What a customer writes to be answered by nobody in time, and by a person.
THINK = "Please think about it"
PERSON = "A person, please"
BODY_LIMIT_BYTES = 1024 * 1024
HISTORY = {"contacts": 4, "messages": 60, "days": 90, "media": 3}
OVERRIDES = {
    "SAATH_INGEST__BODY_LIMIT_BYTES": str(BODY_LIMIT_BYTES),
    "SAATH_SENDER__IN_DOUBT_FOR_SECONDS": "3",
    # Everybody shares this machine's cores: what left in time may arrive late, but not half a second.
    "SAATH_SENDER__CAP_MARGIN_SECONDS": "0.5",
    "SAATH_SYNC__HISTORY_QUIET_SECONDS": "0.5",
    "SAATH_SYNC__BACKFILL_PER_SECOND": "2000",
}


@dataclass(frozen=True, slots=True)
class Shop:
    """The running set-up and what acts on it. Each test has a customer of its own."""

    run: Running
    number: RegisteredNumber
    connected: dict[str, Any]  # what sync answered
    sender: Sender
    commander: Commander
    publisher: Publisher
    http: aiohttp.ClientSession

    @property
    def id(self) -> str:
        """The business number's id."""
        return self.number.phone_number_id

    async def received(self, phone: str, text: str) -> MessageReceived:
        """A customer writes; the message as it stands in the log."""
        wamid = await self.run.meta.customer_writes(self.id, text, phone=phone)
        [message] = await self.run.watch.wait_for(MessageReceived, lambda m: m.message_id == wamid)
        return message

    async def turn(self, phone: str, text: str) -> TurnOffered:
        """A customer writes; the turn that a bot is offered."""
        message = await self.received(phone, text)
        [turn] = await self.run.watch.wait_for(
            TurnOffered, lambda turn: turn.causation == message.id, topic=TURNS
        )
        return turn

    async def arrivals(self, phone: str, count: int) -> list[Arrival]:
        """The first messages that arrived at Meta for this customer, as soon as there are so many."""
        return await self.run.meta.wait_for_messages(self.id, count, to=phone, timeout=20)

    async def at_meta(self, phone: str) -> list[str | None]:
        """The words of all that has arrived at Meta for this customer, refused ones too."""
        return [arrival.text for arrival in await self.run.meta.messages(self.id, to=phone)]

    async def owners(self, conversation: str | None, count: int) -> list[OwnerChanged]:
        """All changes of a conversation's owner, as soon as there are so many."""
        return await self.run.watch.wait_for(
            OwnerChanged, lambda change: change.conversation == conversation, count=count
        )

    async def answered_by_hand(self, turn: TurnOffered, text: str) -> None:
        """A bot answers that has never heard of a withdrawal."""
        answer = {"turn": turn.turn, "messages": [{"type": "text", "text": {"body": text}}]}
        await self.publisher.publish_json(OUTBOUND, self.id, written(answer))

    async def advertised(self, phone: str) -> OutcomeEvent:
        """A campaign's message to this customer, and what became of it."""
        request = await self.sender.send(
            number=self.id,
            to=phone,
            message_class="marketing",
            template={"name": "marketing_autumn", "language": {"code": "en"}},
            topic="bulk",
        )
        [outcome] = await self.run.watch.wait_for(
            OutcomeEvent, lambda outcome: outcome.request == request
        )
        return outcome

    async def prefers(self, phone: str, value: str, later: int) -> int:
        """Meta tells what this customer wants, as of so many seconds from now; the status."""
        choice = {"wa_id": phone, "category": "marketing_messages", "value": value}
        said = {
            "messaging_product": "whatsapp",
            "metadata": {"phone_number_id": self.id},
            "contacts": [{"wa_id": phone}],
            "user_preferences": [choice | {"timestamp": int(time.time()) + later}],
        }
        change = {"field": "user_preferences", "value": said}
        entry = {"id": self.number.waba_id, "changes": [change]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        return await self.post(body, sign(body, self.run.stack.secrets.app_secret))

    async def post(self, body: bytes, signature: str | None) -> int:
        """POST these exact bytes to the webhook; the status."""
        headers = {"X-Hub-Signature-256": signature} if signature else {}
        url = f"{self.run.stack.url('ingest')}/webhooks/whatsapp"
        async with self.http.post(url, data=body, headers=headers) as answer:
            return answer.status


def shop_bot(run: Running) -> Bot:
    """Repeats what it is told, but for two sentences."""
    bot = Bot(BOT, settings=run.settings)

    @bot.on_turn(concurrency=50)
    async def answer(turn: TurnOffered) -> Reply | Handoff | Done:
        if turn.text == THINK:
            await asyncio.sleep(3600)  # a withdrawal cancels it
        if turn.text == PERSON:
            return Reply("Somebody will be with you.").then_handoff("asked for", "Wants a person")
        return Reply(f"You said: {turn.text}")

    return bot


@asynccontextmanager
async def _serving(bot: Bot) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(bot.serve(stopping))
    try:
        await asyncio.wait_for(bot.ready.wait(), 60)
        yield
    finally:
        stopping.set()
        await task


@asynccontextmanager
async def open_shop(kafka: KafkaSettings, folder: Path) -> AsyncIterator[Shop]:
    """Start everything, connect a number with a history through sync, wait until it is in."""
    topics = TopicSettings(prefix=f"t{uuid.uuid4().hex[:8]}.", partitions=4, replication_factor=1)
    await apply(kafka, topics, "tests")
    async with (
        running(kafka, topics, folder, overrides=OVERRIDES) as run,
        _serving(shop_bot(run)),
        Sender(settings=run.settings) as sender,
        Commander(settings=run.settings) as commander,
        Publisher(kafka, topics, "tests") as publisher,
        aiohttp.ClientSession() as http,
    ):
        number = await run.meta.register_number(history=HISTORY)
        connected = await _connect(run, number, http)
        await run.watch.wait_for(
            NumberRecorded, lambda n: n.history_sync == "complete", topic=NUMBERS, timeout=30
        )
        yield Shop(run, number, connected, sender, commander, publisher, http)


async def _connect(
    run: Running, number: RegisteredNumber, http: aiohttp.ClientSession
) -> dict[str, Any]:
    """As a platform's page would after Embedded Signup."""
    body = {
        "code": await run.meta.issue_code(number.waba_id),
        "waba_id": number.waba_id,
        "answers": "everyone",
        "bot": BOT,
    }
    headers = {"Authorization": f"Bearer {run.stack.secrets.api_token}"}
    async with http.post(f"{run.stack.url('sync')}/numbers", json=body, headers=headers) as answer:
        return {"status": answer.status, **await answer.json()}
