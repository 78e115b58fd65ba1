"""What a fence must know again after a restart. Pure."""

from saath.codec import decode
from saath.errors import PoisonRecord
from saath.events import MessageAccepted, MessageLeftInDoubt
from saath.identity import identity_of
from saath.kafka.records import Record
from saath_sender.fence import Fence


def recall(record: Record, fence: Fence) -> None:
    """What a person sent, as this outcome says, holds bots until the router has decided it."""
    try:
        event = decode(record.headers, record.value)
    except PoisonRecord:
        return
    if not isinstance(event, MessageAccepted | MessageLeftInDoubt):
        return
    if event.by == "person" and event.to:
        fence.person_asked(event.id, event.number or "", identity_of(event.to))
        fence.person_answered(event.id, record.offset)
