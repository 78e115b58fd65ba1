"""Requests without a turn, and commands: for campaign tools, CRMs, and whoever writes unasked."""

import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import ValidationError

from saath.client.answers import Message, contents, written
from saath.client.connection import ClientSettings, given_or_loaded, open_publisher
from saath.codec import explain
from saath.events import (
    Command,
    InDoubtPolicy,
    JsonObject,
    MessageClass,
    NumberPolicy,
    policy_by_hand,
)
from saath.identity import uuid7
from saath.kafka.failures import translated
from saath.kafka.publisher import Publisher
from saath.topics import COMMANDS, OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, Topic

Route = Literal["outbound", "people", "bulk"]

ROUTES: Mapping[Route, Topic] = {
    "outbound": OUTBOUND,
    "people": OUTBOUND_PEOPLE,
    "bulk": OUTBOUND_BULK,
}


def new_id() -> str:
    """A UUIDv7: unique, and in the order of time, which the sender relies on."""
    return uuid7(time.time_ns() // 1_000_000, secrets.randbits(74))


def send_request(
    *,
    id: str,  # noqa: A002 # the contract's own word
    number: str,
    to: str,
    message_class: MessageClass,
    text: str | None = None,
    template: Mapping[str, Any] | None = None,
    messages: Sequence[Message] | None = None,
    in_doubt: InDoubtPolicy | None = None,
    expires_at: datetime | None = None,
    grant: str | None = None,
) -> bytes:
    """
    Write a request without a turn, as the bare JSON that goes to the sender. Pure.

    Raises:
        ValueError: it would be refused; the message names the field.
    """
    given = [text is not None, template is not None, messages is not None]
    if sum(given) != 1:
        raise ValueError("give exactly one of text, template and messages")
    if text is not None:
        messages = [text]
    elif template is not None:
        messages = [{"type": "template", "template": dict(template)}]
    request: JsonObject = {"id": id, "number": number, "to": to, "class": message_class}
    request["messages"] = [c.model_dump() for c in contents(tuple(messages or ()))]
    if in_doubt is not None:
        request["in_doubt"] = in_doubt
    if expires_at is not None:
        request["expires_at"] = expires_at.isoformat()
    if grant is not None:
        request["grant"] = grant
    return written(request)


def command_request(**fields: object) -> bytes:
    """
    Write a command, as the bare JSON that goes to the router. Pure.

    What is ``None`` is not said, but a policy, which ``None`` takes back.

    Raises:
        ValueError: it would be refused; the message names the field.
    """
    said = {k: v for k, v in fields.items() if v is not None or k == "policy"}
    try:
        command = Command.model_validate(said)
    except ValidationError as error:
        raise ValueError(explain(error)) from None
    return command.model_dump_json(exclude_unset=True).encode()


def policy_request(
    *,
    id: str,  # noqa: A002 # the contract's own word
    number: str,
    policy: NumberPolicy | Mapping[str, Any] | None,
    by: str | None = None,
) -> bytes:
    """
    Write the command that sets a number's policy, or with ``None`` takes it back. Pure.

    Raises:
        ValueError: it would be refused; the message names the field.
    """
    given = policy.model_dump(exclude_none=True) if isinstance(policy, NumberPolicy) else policy
    said = {"id": id, "number": number, "command": "policy", "by": by}
    try:
        checked = None if given is None else policy_by_hand(given)
        written = checked and checked.model_dump(mode="json", exclude_none=True)
        fields = {name: value for name, value in said.items() if value is not None}
        command = Command.model_validate(fields | {"policy": written})
    except ValidationError as error:
        raise ValueError(explain(error)) from None
    return command.model_dump_json(exclude_unset=True).encode()


class _Writer:
    """An open way to the topics. Use it as an async context manager."""

    def __init__(self, *, settings: ClientSettings | None = None, name: str = "saath-tool") -> None:
        self._settings, self._name = settings, name
        self._stack = AsyncExitStack()
        self._publisher: Publisher | None = None

    async def __aenter__(self) -> Self:
        """
        Connect.

        Raises:
            RetryLater: no broker answers.
            Misconfigured: the environment's settings are misspelt or impossible.
        """
        self._loaded = given_or_loaded(self._settings)
        opening = open_publisher(self._loaded, self._name)
        self._publisher = await self._stack.enter_async_context(opening)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._publisher = None
        await self._stack.aclose()

    async def _write(self, topic: Topic, number: str, value: bytes) -> None:
        if self._publisher is None:
            raise RuntimeError(f"use it as `async with {type(self).__name__}() as …`")
        with translated(self._loaded.kafka):
            await self._publisher.publish_json(topic, number, value)


class Sender(_Writer):
    """
    Asks the sender to send, without a turn. What becomes of a request is on the log and `outcomes`.

    ``async with Sender() as sender: await sender.send(number=…, to=…, text=…, message_class=…)``
    """

    async def send(
        self,
        *,
        number: str,
        to: str,
        message_class: MessageClass,
        text: str | None = None,
        template: Mapping[str, Any] | None = None,
        messages: Sequence[Message] | None = None,
        id: str | None = None,  # noqa: A002 # the contract's own word
        topic: Route = "outbound",
        in_doubt: InDoubtPolicy | None = None,
        expires_at: datetime | None = None,
        grant: str | None = None,
    ) -> str:
        """
        Publish a request and return its id once it is durable. The same id is sent once.

        *number* is the business's ``phone_number_id``, *to* the customer's phone number or user id;
        *topic* says who writes: a bot or system (outbound), a person (people), a campaign (bulk); *grant*
        is what ``saath grant`` printed, where the sender asks for one. The id is of now: write it soon.

        Raises:
            ValueError: the request would be refused; the message names the field.
            RetryLater: Kafka did not take it; asking again with the same id sends it once.
        """
        request_id = id or new_id()
        value = send_request(
            id=request_id,
            number=number,
            to=to,
            message_class=message_class,
            text=text,
            template=template,
            messages=messages,
            in_doubt=in_doubt,
            expires_at=expires_at,
            grant=grant,
        )
        if topic not in ROUTES:
            raise ValueError(f"topic must be one of {', '.join(ROUTES)}")
        await self._write(ROUTES[topic], number, value)
        return request_id


class Commander(_Writer):
    """
    Tells the router who answers. Its topic is for people's tools only.

    The conversation is named by its id, or by the customer's phone number or user id. With *epoch* a
    command is carried out only while that ownership lasts. Each returns the command's id once it is durable.
    """

    async def take_over(
        self,
        number: str,
        *,
        conversation: str | None = None,
        phone: str | None = None,
        user_id: str | None = None,
        by: str | None = None,
        epoch: int | None = None,
        id: str | None = None,  # noqa: A002 # the contract's own word
    ) -> str:
        """A person answers from now on."""
        whose = {"conversation": conversation, "phone": phone, "user_id": user_id}
        return await self._command(number, "take over", id, **whose, by=by, epoch=epoch)

    async def release(
        self,
        number: str,
        *,
        conversation: str | None = None,
        phone: str | None = None,
        user_id: str | None = None,
        by: str | None = None,
        bot: str | None = None,
        epoch: int | None = None,
        id: str | None = None,  # noqa: A002 # the contract's own word
    ) -> str:
        """The bot answers again; *bot*, where another than the number's policy names is to."""
        whose = {"conversation": conversation, "phone": phone, "user_id": user_id}
        return await self._command(number, "release", id, **whose, by=by, bot=bot, epoch=epoch)

    async def set_policy(
        self,
        number: str,
        policy: NumberPolicy | Mapping[str, Any],
        *,
        by: str | None = None,
        id: str | None = None,  # noqa: A002 # the contract's own word
    ) -> str:
        """
        The number is answered so from now on, whatever else was said of it.

        Returns the command's id once it is durable.

        Raises:
            ValueError: it would be refused; the message names the field.
        """
        return await self._policy(number, policy, by, id)

    async def clear_policy(
        self,
        number: str,
        *,
        by: str | None = None,
        id: str | None = None,  # noqa: A002 # the contract's own word
    ) -> str:
        """The policy that a command has set holds no longer."""
        return await self._policy(number, None, by, id)

    async def _policy(
        self,
        number: str,
        policy: NumberPolicy | Mapping[str, Any] | None,
        by: str | None,
        given_id: str | None,
    ) -> str:
        command_id = given_id or new_id()
        value = policy_request(id=command_id, number=number, policy=policy, by=by)
        await self._write(COMMANDS, number, value)
        return command_id

    async def _command(
        self, number: str, command: str, given_id: str | None, **said: object
    ) -> str:
        command_id = given_id or new_id()
        value = command_request(id=command_id, number=number, command=command, **said)
        await self._write(COMMANDS, number, value)
        return command_id
