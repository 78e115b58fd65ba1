"""The last few messages of a conversation, as a bot is shown them. Pure."""

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
    The customer's messages after the last one of a person or a bot.

    A campaign and the app's own texts are no answer, nor is the text that *but_for* is the key of.
    """
    waiting: Recent = ()
    for message in recent:
        if message.author == "customer":
            waiting = (*waiting, message) if is_said_to_one(message.content) else waiting
        elif message.author not in ("campaign", "automatic") and (
            but_for is None or text_key(message.content.text) != but_for
        ):
            waiting = ()
    return waiting


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
