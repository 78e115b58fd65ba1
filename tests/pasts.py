"""What the log must hold of a past that the sandbox made up, and what it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
from tests.running import Running, eventually

from saath.codec import decode
from saath.events import Event, HistoryMediaReceived, MessageBackfilled
from saath.topics import CONVERSATIONS
from saath_sandbox.views import OldMessage, RegisteredNumber


@dataclass(frozen=True, slots=True)
class Told:
    """One old message as a subscriber knows it in the end."""

    second: int
    name: str
    type: str
    text: str | None
    status: str | None
    edited: bool = False
    revoked: bool = False
    media: str | None = None


Talks = dict[str, list[Told]]  # by the customer's phone number


def wanted(past: Sequence[OldMessage]) -> Talks:
    """What an undisturbed replay tells: every message once, by customer, in the order of time."""
    changes = {message.target: message for message in past if message.target}
    found: Talks = {}
    for message in sorted(past, key=lambda m: (m.timestamp, m.wamid)):
        if message.target is None and message.group is None:
            change = changes.get(message.wamid)
            found.setdefault(message.customer, []).append(_wanted(message, change))
    return found


def _wanted(message: OldMessage, change: OldMessage | None) -> Told:
    if message.kind == "media":
        kind, media = ("image", None) if message.media_follows else ("media_placeholder", "never")
        return Told(message.timestamp, message.wamid, kind, None, "read", media=media)
    edited = change is not None and change.kind == "edit"
    revoked = change is not None and change.kind == "revoke"
    text = change.text if change and edited else message.text
    return Told(message.timestamp, message.wamid, "text", text, "read", edited, revoked)


def told(events: Sequence[Event]) -> Talks:
    """What the log tells of the past, in its own order; media that came late is put in its place."""
    late = {e.message_id: e for e in events if isinstance(e, HistoryMediaReceived)}
    found: Talks = {}
    for event in events:
        if isinstance(event, MessageBackfilled):
            found.setdefault(event.contact.phone or "", []).append(_told(event, late))
    return found


def _told(event: MessageBackfilled, late: dict[str, HistoryMediaReceived]) -> Told:
    content = late[event.message_id].content if event.message_id in late else event.content
    return Told(
        int(event.time.timestamp()),
        event.message_id,
        content.type,
        content.text,
        event.status,
        event.edited_at is not None,
        event.revoked_at is not None,
        event.media if content is event.content else None,
    )


class SyncApi:
    """Sync's HTTP, as the onboarding page's back end and an operator call it."""

    def __init__(self, http: aiohttp.ClientSession, run: Running) -> None:
        self._http, self._run = http, run
        self._headers = {"Authorization": f"Bearer {run.stack.secrets.api_token}"}

    async def call(self, path: str, body: object = None) -> tuple[int, dict[str, object]]:
        """POST to sync."""
        url = self._run.stack.ports.url("sync") + path
        async with self._http.post(url, json=body, headers=self._headers) as response:
            return response.status, await response.json()

    async def connect(self, number: RegisteredNumber) -> None:
        """Bring the number in; its history is asked for."""
        code = await self._run.meta.issue_code(number.waba_id)
        body = {"code": code, "waba_id": number.waba_id, "answers": "everyone"}
        status, said = await self.call("/numbers", body)
        assert status == 200, said

    async def look(self, number: RegisteredNumber) -> dict[str, object]:
        """The number as sync shows it; nothing while sync is not there."""
        url = f"{self._run.stack.ports.url('sync')}/numbers/{number.phone_number_id}"
        try:
            async with self._http.get(url, headers=self._headers) as response:
                found: dict[str, object] = await response.json()
                return found
        except aiohttp.ClientError:
            return {}

    async def wait_for(self, number: RegisteredNumber, state: str) -> dict[str, object]:
        """
        Wait until its history is in this state.

        Raises:
            TimeoutError: it never was.
        """

        async def reached() -> bool:
            return (await self.look(number)).get("history_sync") == state

        await eventually(reached, f"the history is not {state}")
        return await self.look(number)

    async def replayed(self, number: RegisteredNumber) -> int:
        """How many messages of its history are out."""
        history = (await self.look(number)).get("history")
        return int(history["messages_replayed"]) if isinstance(history, dict) else 0


async def log_of(run: Running, number: RegisteredNumber, messages: int) -> list[Event]:
    """The event log of a number as a subscriber reads it, once it has so many old messages."""

    async def read() -> list[Event]:
        found = [decode(r.headers, r.value) for r in await run.committed(CONVERSATIONS)]
        return [event for event in found if event.number == number.phone_number_id]

    async def there() -> bool:
        return sum(isinstance(e, MessageBackfilled) for e in await read()) >= messages

    await eventually(there, f"{messages} old messages are not in the log")
    return await read()
