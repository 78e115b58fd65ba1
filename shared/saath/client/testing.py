"""Turns made up, for a bot's own tests: its handler is an ordinary function, and needs no Kafka."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from saath.client.answers import Message, contents
from saath.events import Author, ContactFacts, TurnMessage, TurnOffered

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def turn(
    *messages: Message,
    bot: str = "bot",
    number: str = "100000000000001",
    conversation: str = "c_1",
    id: str = "t_1",  # noqa: A002 # the contract's own word
    now: datetime = NOW,
    deadline: datetime | None = None,
    recent: Sequence[tuple[Author, Message]] = (),
    contact: ContactFacts | None = None,
    reason: str = "a message came in",
    epoch: int = 1,
    window_until: datetime | None = None,
    passed_by: str | None = None,
    summary: str | None = None,
    shadow: bool | None = None,
) -> TurnOffered:
    """
    A turn as the router would offer it: ``turn("Hello")``, ``turn({"type": "image", …})``.

    *recent* are the few messages before it, as pairs of author and message.
    """
    return TurnOffered(
        id=id,
        time=now,
        number=number,
        conversation=conversation,
        bot=bot,
        epoch=epoch,
        reason=reason,
        deadline=deadline or now + timedelta(seconds=60),
        window_until=window_until,
        passed_by=passed_by,
        summary=summary,
        shadow=shadow,
        turn=f"t1.made-up-{id}",
        messages=tuple(
            _message(f"wamid.{id}.{i}", "customer", message, now)
            for i, message in enumerate(messages or ("Hello",))
        ),
        recent=tuple(
            _message(f"wamid.{id}.recent.{i}", author, message, now - timedelta(minutes=1))
            for i, (author, message) in enumerate(recent)
        ),
        contact=contact or ContactFacts(),
    )


def _message(message_id: str, author: Author, message: Message, time: datetime) -> TurnMessage:
    return TurnMessage(
        message_id=message_id, author=author, time=time, content=contents((message,))[0]
    )
