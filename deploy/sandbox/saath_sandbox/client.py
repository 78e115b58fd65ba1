"""A typed client of the control API, for tests, the demo and `saath dev`."""

import asyncio
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp

from saath_sandbox.views import (
    Arrival,
    Deliveries,
    OldMessage,
    RegisteredNumber,
    Report,
    Verified,
)

# Answers come from the same machine; only the waiting calls take longer, by as much as asked.
ANSWERS_WITHIN_SECONDS = 30.0


class SandboxError(Exception):
    """The sandbox refused a control request, and says why."""


class Sandbox:
    """
    The stand-in for Meta, at the other end of a URL.

    async with Sandbox("http://127.0.0.1:4000") as meta:
        number = await meta.register_number()
        await meta.customer_writes(number.phone_number_id, "Hello?", phone="16505551234")
        [answer] = await meta.wait_for_messages(number.phone_number_id, 1)
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    # What happens

    async def register_number(self, **spec: Any) -> RegisteredNumber:
        """Add a business number; the fields of `asks.NumberAsk`, all optional."""
        return RegisteredNumber.model_validate(await self._post("numbers", spec))

    async def issue_code(self, waba_id: str) -> str:
        """The business finishes Embedded Signup: a code that lives 30 seconds."""
        return str((await self._post("codes", {"waba_id": waba_id}))["code"])

    async def customer_writes(
        self,
        number: str,
        text: str | None = None,
        *,
        phone: str | None = None,
        user_id: str | None = None,
        **more: Any,
    ) -> str:
        """A customer writes; the wamid. *more*: the other fields of `asks.InboundAsk`."""
        ask = {"number": number, "text": text, "phone": phone, "user_id": user_id, **more}
        return str((await self._post("inbound", ask))["wamid"])

    async def customer_edits(self, number: str, phone: str, wamid: str, text: str) -> str:
        """A customer changes the text of an earlier message."""
        return await self.customer_writes(number, phone=phone, message=_edit(wamid, text))

    async def customer_revokes(self, number: str, phone: str, wamid: str) -> str:
        """A customer deletes an earlier message."""
        return await self.customer_writes(number, phone=phone, message=_revoke(wamid))

    async def person_answers(
        self, number: str, to: str | None, text: str | None = None, **more: Any
    ) -> str:
        """A person answers in the Business app; the wamid. *more*: see `asks.EchoAsk`."""
        ask = {"number": number, "to": to, "text": text, **more}
        return str((await self._post("echo", ask))["wamid"])

    async def person_edits(self, number: str, to: str, wamid: str, text: str) -> str:
        """A person changes the text of an earlier message in the app."""
        return await self.person_answers(number, to, message=_edit(wamid, text))

    async def person_revokes(self, number: str, to: str, wamid: str) -> str:
        """A person deletes an earlier message in the app."""
        return await self.person_answers(number, to, message=_revoke(wamid))

    async def contact_saved(self, number: str, phone: str, name: str) -> None:
        """The business saves a contact on the phone."""
        await self._post("contact", {"number": number, "phone": phone, "name": name})

    async def contact_removed(self, number: str, phone: str) -> None:
        """The business removes a contact on the phone."""
        await self._post("contact", {"number": number, "phone": phone, "action": "remove"})

    async def account_update(
        self,
        event: str,
        *,
        number: str | None = None,
        waba_id: str | None = None,
        objects: dict[str, Any] | None = None,
        effect: bool = True,
        told: bool = True,
    ) -> None:
        """Meta tells of the account; with *effect* the number behaves accordingly, *told* or not."""
        ask = {"event": event, "number": number, "waba_id": waba_id, "effect": effect}
        await self._post("account_update", {**ask, "objects": objects or {}, "told": told})

    async def approve_template(self, name: str, category: str) -> None:
        """A template's category. Unregistered names are guessed by how they begin."""
        await self._post("templates", {"name": name, "category": category})

    async def raw(
        self,
        body: Any = None,
        *,
        text: str | None = None,
        signature: Literal["valid", "wrong", "missing"] = "valid",
    ) -> int | None:
        """Post any body to the webhook, once; the status it got, None without an answer."""
        answer = await self._post("raw", {"body": body, "text": text, "signature": signature})
        return None if answer["status"] is None else int(answer["status"])

    async def faults(self, **changes: Any) -> dict[str, Any]:
        """Change what goes wrong (`asks.FaultsAsk`); the present state. `clear=True` ends all."""
        return await self._post("faults", changes)

    async def set_webhook(self, url: str | None) -> None:
        """Deliver to this address from now on."""
        await self._post("webhook", {"url": url})

    async def verify_webhook(self) -> Verified:
        """Challenge the webhook."""
        return Verified.model_validate(await self._post("verify", {}))

    async def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's wall clock on. The cap's clock stays."""
        await self._post("clock", {"advance_seconds": seconds})

    async def reset(self) -> None:
        """Forget numbers, messages, faults and undelivered webhooks."""
        await self._post("reset", {})

    # What was seen

    async def messages(
        self,
        number: str | None = None,
        *,
        since: int = 0,
        to: str | None = None,
        request: bool = False,
    ) -> list[Arrival]:
        """What arrived after sequence number *since*, refused ones too, oldest first."""
        query = {"number": number, "since": since, "to": to, "request": str(request).lower()}
        arrivals: list[Arrival] = []
        while True:
            answer = await self._get("messages", query)
            part = [Arrival.model_validate(item) for item in answer["messages"]]
            arrivals += part
            if not part or part[-1].seq >= answer["next"]:
                return arrivals
            query["since"] = part[-1].seq

    async def report(self, number: str) -> Report:
        """One number's account by the sandbox's own count."""
        return Report.model_validate(await self._get("report", {"number": number}))

    async def deliveries(self) -> Deliveries:
        """What became of the webhooks."""
        return Deliveries.model_validate(await self._get("deliveries", {}))

    async def history(self, number: str) -> list[OldMessage]:
        """The history that was made up, once it has been asked for."""
        answer = await self._get("history", {"number": number})
        return [OldMessage.model_validate(item) for item in answer["messages"]]

    async def calls(self, node: str) -> list[str]:
        """What was asked of a number or an account besides sends (`asks.Call`), oldest first."""
        return [str(call) for call in (await self._get("calls", {"node": node}))["calls"]]

    async def wait_for_messages(
        self,
        number: str,
        minimum: int = 1,
        *,
        timeout: float = 30.0,
        since: int = 0,
        to: str | None = None,
    ) -> list[Arrival]:
        """The accepted messages after *since*, as soon as there are so many; `TimeoutError`."""
        query = {"number": number, "messages_min": minimum, "timeout": timeout}
        answer = await self._get("wait", {**query, "since": since, "to": to}, timeout)
        messages = [Arrival.model_validate(item) for item in answer["messages"]]
        if not answer["met"]:
            raise TimeoutError(f"{len(messages)} of {minimum} messages after {timeout} s")
        return messages

    async def wait_until_settled(self, timeout: float = 30.0) -> Deliveries:
        """Return when every webhook is answered 200 and none is to come; `TimeoutError`."""
        answer = await self._get("settled", {"timeout": timeout}, timeout)
        deliveries = Deliveries.model_validate(answer["deliveries"])
        if not answer["met"]:
            raise TimeoutError(f"after {timeout} s webhooks are still waiting: {deliveries!r}")
        return deliveries

    async def wait_until_ready(self, timeout: float = 30.0) -> None:
        """Return when the sandbox answers; `TimeoutError`."""
        async with asyncio.timeout(timeout):
            while True:
                try:
                    await self.deliveries()
                except (aiohttp.ClientError, OSError):
                    await asyncio.sleep(0.02)
                else:
                    return

    async def _post(self, what: str, content: dict[str, Any]) -> dict[str, Any]:
        return await self._ask("POST", what, json=content)

    async def _get(self, what: str, query: dict[str, Any], longer: float = 0) -> dict[str, Any]:
        params = {key: str(value) for key, value in query.items() if value is not None}
        return await self._ask("GET", what, longer, params=params)

    async def _ask(self, method: str, what: str, longer: float = 0, **how: Any) -> dict[str, Any]:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=ANSWERS_WITHIN_SECONDS + longer)
        url = f"{self.url}/control/{what}"
        async with self._http.request(method, url, timeout=timeout, **how) as answer:
            if answer.status != 200:
                raise SandboxError(f"{answer.status} {await answer.text()}")
            content: dict[str, Any] = await answer.json()
            return content


def _edit(wamid: str, text: str) -> dict[str, Any]:
    message = {"context": {"id": "M0"}, "type": "text", "text": {"body": text}}
    return {"type": "edit", "edit": {"original_message_id": wamid, "message": message}}


def _revoke(wamid: str) -> dict[str, Any]:
    return {"type": "revoke", "revoke": {"original_message_id": wamid}}
