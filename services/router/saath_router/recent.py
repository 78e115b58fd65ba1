"""The last few messages of a conversation, as a bot is shown them. Pure."""

from datetime import datetime

from saath.events import Author, Content, Event, TurnMessage
from saath_router.texts import is_said_to_one, text_key

RECENT_MAX = 6
# What a bot is shown of one earlier message: enough for any text, not for an address book.
RECENT_BYTES_MAX = 4096
RECENT_CHARACTERS_MAX = 1024

Recent = tuple[TurnMessage, ...]


def with_message(recent: Recent, message_id: str, author: Author, event: Event) -> Recent:
    """*recent* and the message that *event* tells of."""
    content = getattr(event, "content", None) or Content(type="unknown")
    message = TurnMessage(
        message_id=message_id, author=author, time=event.time, content=_brief(content)
    )
    return (*recent, message)[-RECENT_MAX:]


def with_edit(recent: Recent, message_id: str | None, content: Content) -> Recent:
    """*recent* with other words in one of its messages."""
    if all(message.message_id != message_id for message in recent):
        return recent
    update = {"content": _brief(content)}
    return tuple(m.model_copy(update=update) if m.message_id == message_id else m for m in recent)


def without(recent: Recent, message_id: str | None) -> Recent:
    """*recent* without a message that its author took back."""
    return tuple(message for message in recent if message.message_id != message_id)


def unanswered(recent: Recent, but_for: str | None = None) -> Recent:
    """
    The customer's messages that no person and no bot has answered.

    A campaign and the app's own texts are no answer, nor is the text that *but_for* is the key of.
    """
    answers = [m for m in recent if _is_answer(m) and (text_key(m.content.text) or "") != but_for]
    return tuple(
        message
        for place, message in enumerate(recent)
        if message.author == "customer"
        and is_said_to_one(message.content)
        and not any(_is_after(answer, message, recent[place:]) for answer in answers)
    )


def person_wrote_after(recent: Recent, moment: datetime) -> bool:
    """Whether a person wrote after that *moment*, in whatever order it was read."""
    return any(m.author == "person" and m.time > moment and _is_answer(m) for m in recent)


def _is_answer(message: TurnMessage) -> bool:
    return message.author in ("person", "bot") and is_said_to_one(message.content)


def _is_after(answer: TurnMessage, message: TurnMessage, read_later: Recent) -> bool:
    """
    Meta's webhooks come in any order, and its times are whole seconds: then the order decides.

    Of our own answers the time is known better, which makes none of them later than a message of
    that second.
    """
    if is_later(answer, message.time):
        return True
    return answer in read_later and answer.time >= message.time.replace(microsecond=0)


def is_later(answer: TurnMessage, moment: datetime) -> bool:
    """Whether *answer* was surely written after a message of that *moment*, a whole second of Meta's."""
    return answer.time.replace(microsecond=0) > moment


def together(one: Recent, other: Recent) -> Recent:
    """The last few messages of both, in the order of their time."""
    return tuple(sorted((*one, *other), key=lambda message: message.time))[-RECENT_MAX:]


def _brief(content: Content) -> Content:
    """*content* in a size that can be kept: six of them are in the state and in every turn."""
    match content.model_extra:
        case {"text": {"body": str() as body, **of_text}, **more} if not of_text and not more:
            if len(body) <= RECENT_CHARACTERS_MAX:
                return content  # nearly all are such, and need not be written to be weighed
    if len(content.model_dump_json().encode()) <= RECENT_BYTES_MAX:
        return content
    if content.text is not None:
        return Content.of_text(content.text[:RECENT_CHARACTERS_MAX] + "…")
    return Content(type=content.type)
