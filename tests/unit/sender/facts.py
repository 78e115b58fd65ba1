"""Requests and ownerships as the sender's tests need them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from saath.events import Contact, NumberRecorded, Owner, OwnershipRecorded
from saath.tokens import TurnToken, TurnTokens
from saath.topics import OUTBOUND, Topic
from saath_sender.requests import Refusal, Request, Source, read

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
NUMBER, PHONE, CONVERSATION = "100000000000001", "16505551234", "c_1"
TOKENS = TurnTokens(["key"])
TEXT = {"type": "text", "text": {"body": "Yes, in blue."}}
TEMPLATE = {"type": "template", "template": {"name": "news", "language": {"code": "en"}}}


def signed(
    *,
    turn: str = "t_1",
    epoch: int = 5,
    bot: str = "orders",
    deadline: datetime | None = None,
    conversation: str = CONVERSATION,
    shadow: bool = False,
) -> str:
    until = int((deadline or NOW + timedelta(seconds=60)).timestamp())
    return TOKENS.sign(TurnToken(turn, NUMBER, conversation, epoch, bot, until, shadow))


def source(topic: Topic = OUTBOUND, offset: int = 0) -> Source:
    return Source(topic.name, offset, NOW, NUMBER.encode())


def asked(topic: Topic = OUTBOUND, offset: int = 0, **request: Any) -> Request | Refusal:
    return read(json.dumps(request).encode(), source(topic, offset), TOKENS.read)


def reply(offset: int = 0, **request: Any) -> Request:
    found = asked(OUTBOUND, offset, **({"turn": signed(), "messages": [TEXT]} | request))
    assert isinstance(found, Request)
    return found


def outright(topic: Topic = OUTBOUND, offset: int = 0, **request: Any) -> Request:
    """A request without a turn."""
    basis = {"id": "r_1", "number": NUMBER, "to": PHONE, "class": "utility", "messages": [TEMPLATE]}
    found = asked(topic, offset, **(basis | request))
    assert isinstance(found, Request)
    return found


def ownership(
    *,
    owner: Owner = "bot",
    epoch: int = 5,
    bot: str | None = "orders",
    window_until: datetime | None = NOW + timedelta(hours=1),
    phone: str = PHONE,
    conversation: str = CONVERSATION,
    redirect: str | None = None,
) -> OwnershipRecorded:
    return OwnershipRecorded(
        id=f"{conversation}:{epoch}",
        time=NOW,
        number=NUMBER,
        conversation=conversation,
        owner=owner,
        epoch=epoch,
        bot=bot,
        addresses=Contact() if redirect else Contact(phone=phone),
        window_until=window_until,
        redirect=redirect,
    )


def number(**changes: Any) -> NumberRecorded:
    return NumberRecorded(
        **({"id": "n", "time": NOW, "number": NUMBER, "state": "active"} | changes)
    )
