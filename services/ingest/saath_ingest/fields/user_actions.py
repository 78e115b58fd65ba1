"""``messages``: ``user_actions[]``, clicks in marketing messages. Pure."""

from saath.events import JsonObject, MessageLinkClicked
from saath.identity import digest_id
from saath_ingest.fields.change import Unreadable
from saath_ingest.fields.frame import Frame
from saath_ingest.fields.values import canonical, moment

CLICK = "marketing_messages_link_click"


def clicked(frame: Frame, item: JsonObject) -> MessageLinkClicked:
    """
    One click, whole: what Meta calls its parts is all there is to it.

    Raises:
        Unreadable: it is no click.
    """
    if item.get("action_type") != CLICK:
        raise Unreadable("an unknown user action")
    return MessageLinkClicked(
        id=digest_id("click_", frame.number, canonical(item)),
        time=moment(item.get("timestamp")) or frame.received_at,
        number=frame.number,
        contact=frame.sole,
        details=item,
    )
