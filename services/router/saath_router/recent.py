"""The last few messages of a conversation, as a bot is shown them. Pure."""

from saath.events import Author, Content, Event, TurnMessage

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


def _brief(content: Content) -> Content:
    """*content* in a size that can be kept: six of them are in the state and in every turn."""
    if len(content.model_dump_json().encode()) <= RECENT_BYTES_MAX:
        return content
    if content.text is not None:
        return Content.of_text(content.text[:RECENT_CHARACTERS_MAX] + "…")
    return Content(type=content.type)
