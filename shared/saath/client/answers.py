"""What a bot says to a turn, and how it is written. Pure: a bot's own tests need no Kafka."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from saath.codec import explain
from saath.events import Content, JsonObject, SendRequest, TurnOffered

BOT_NAME_MAX = 64

Message = str | Mapping[str, Any] | Content


@dataclass(frozen=True, slots=True)
class Handoff:
    """A person is wanted. ``summary`` is for that person, so that nobody asks the customer twice."""

    reason: str
    summary: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Pass:
    """Another bot of this number answers from now on. ``summary`` is for that bot."""

    bot: str
    summary: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.bot) <= BOT_NAME_MAX:
            raise ValueError(f"a bot's name has 1 to {BOT_NAME_MAX} characters")


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing needs an answer."""


@dataclass(frozen=True, slots=True, init=False)
class Reply:
    """
    Messages to the customer, sent in this order: plain words, or objects of Meta's own shape.

    ``then`` happens after they are sent, so a goodbye is never superseded by its own handoff.
    """

    messages: tuple[Content, ...]
    then: Handoff | Pass | Done | None

    def __init__(self, *messages: Message, then: Handoff | Pass | Done | None = None) -> None:
        if not messages:
            raise ValueError("a Reply needs a message; when nothing needs an answer, say Done()")
        object.__setattr__(self, "messages", contents(messages))
        object.__setattr__(self, "then", then)

    def then_handoff(self, reason: str, summary: str | None = None) -> "Reply":
        """The same messages, and after them a person answers."""
        return Reply(*self.messages, then=Handoff(reason, summary))

    def then_pass(self, bot: str, summary: str | None = None) -> "Reply":
        """The same messages, and after them another bot answers."""
        return Reply(*self.messages, then=Pass(bot, summary))


Answer = Reply | Handoff | Pass | Done


def contents(messages: tuple[Message, ...]) -> tuple[Content, ...]:
    """
    Bring *messages* into Meta's shape.

    Raises:
        ValueError: one of them has no type, or no words.
    """
    return tuple(_content(message) for message in messages)


def _content(message: Message) -> Content:
    if isinstance(message, Content):
        return message
    if isinstance(message, str):
        if not message.strip():
            raise ValueError("a message without words: WhatsApp refuses an empty text")
        return Content.of_text(message)
    try:
        return Content.model_validate(dict(message))
    except ValidationError as error:
        raise ValueError(f"a message in Meta's shape was expected: {explain(error)}") from None


def request_for(turn: TurnOffered, answer: Answer) -> bytes:
    """
    Write *answer* to *turn* as the bare JSON that goes to the sender.

    Raises:
        TypeError: the answer is none.
        ValueError: the answer cannot be sent as it is; the message says what is wrong.
    """
    match answer:
        case Reply(messages=messages, then=then):
            said: JsonObject = {"messages": [content.model_dump() for content in messages]}
        case Handoff() | Pass() | Done():
            said, then = {}, answer
        case _:
            kind = type(answer).__name__
            raise TypeError(f"a bot answers with Reply, Handoff, Pass or Done, not with {kind}")
    if then is not None:
        said["then"] = _then(then)
    return written({"turn": turn.turn, **said})


def _then(then: Handoff | Pass | Done) -> JsonObject | str:
    match then:
        case Done():
            return "done"
        case Handoff(reason=reason, summary=summary):
            return {"handoff": _said(reason=reason, summary=summary)}
        case Pass(bot=bot, summary=summary):
            return {"pass_to": _said(bot=bot, summary=summary)}


def _said(**wish: str | None) -> JsonObject:
    return {name: value for name, value in wish.items() if value is not None}


def written(request: JsonObject) -> bytes:
    """
    Check *request* as the sender will, and write it as JSON.

    Raises:
        ValueError: it would be refused; the message points at the field.
    """
    try:
        SendRequest.model_validate(request)
    except ValidationError as error:
        raise ValueError(explain(error)) from None
    text = json.dumps(request, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()
