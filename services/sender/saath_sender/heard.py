"""What others write counts for a number's cap as well, as far as Meta says so. Pure."""

from datetime import datetime, timedelta

from saath.events import Event, MessageEchoed, MessageEdited, MessageReceived, MessageRevoked
from saath_sender.settings import SenderSection

# What was written longer ago has filled its second long since: Meta delivers for seven days.
LATE = timedelta(seconds=60)


def fills_the_second(event: Event, rules: SenderSection, now: datetime) -> bool:
    """
    Whether Meta counts *event* as a message of this moment: "inbound and outbound, of all types".

    What was edited and what was deleted are messages with an id of their own. A stub
    (``MessageUnavailable``) is followed by the message itself. Of what people send from the app
    nobody says whether it counts.
    """
    match event:
        case MessageReceived() | MessageEdited(by="customer") | MessageRevoked(by="customer"):
            counts = rules.deduct_inbound
        case MessageEchoed() | MessageEdited() | MessageRevoked():
            counts = rules.deduct_echoes
        case _:
            return False
    return counts and now - event.time < LATE
