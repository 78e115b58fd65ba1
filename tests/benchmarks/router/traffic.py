"""
What the router reads, in the proportions of ingest's benchmark. Seeded.

Many conversations of several numbers, picked by chance, so that hardly two records in a row belong
together. Two in five are answered by people from the phone, the others by the bot.
"""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from saath.events import (
    Contact,
    Content,
    Event,
    MessageDelivered,
    MessageEchoed,
    MessageRead,
    MessageReceived,
    MessageSent,
)
from saath.identity import Callback, conversation_id, event_id, uuid7

KEY = "an-installation-key-for-benchmarks"
NUMBERS, CONTACTS = 8, 300

# Of a hundred updates: customers' messages, statuses, and echoes of what people wrote on the phone.
KINDS = {"received": 26, "status": 62, "echoed": 12}
LADDER = (MessageSent, MessageDelivered, MessageRead)
WORDS = """
    hello is the blue shirt still there yes we have it in stock delivery to Pune takes three days
    how much for two please send me your address thanks a lot see you tomorrow order number payment
    link done great size medium large colour red green available price discount shop open until
""".split()  # noqa: SIM905 # to be read


@dataclass
class _Talk:
    """One contact's conversation as far as it has got."""

    number: str
    contact: Contact
    by_people: bool
    message: str = ""
    statuses: list[type[Event]] = field(default_factory=list)

    @property
    def conversation(self) -> str:
        return conversation_id(KEY.encode(), self.number, f"phone:{self.contact.phone}")


class Traffic:
    """An endless conversation of everybody with everybody."""

    def __init__(self, seed: int = 1, numbers: int = NUMBERS, contacts: int = CONTACTS) -> None:
        self._chance = random.Random(seed)
        self._talks = [
            _Talk(f"{106540352242922 + n}", self._contact(), by_people=c % 5 < 2)
            for n in range(numbers)
            for c in range(contacts)
        ]

    def events(self, count: int, now: datetime) -> Iterator[Event]:
        """The next *count* updates, all of them from *now*."""
        kinds = self._chance.choices([*KINDS], [*KINDS.values()], k=count)
        for kind in kinds:
            talk = self._chance.choice(self._talks)
            if kind == "status" or (kind == "echoed" and not talk.by_people):
                yield self._status(talk, now)
            else:
                yield self._message(talk, now, kind)

    def text(self) -> str:
        """A few words."""
        return " ".join(self._chance.choices(WORDS, k=self._chance.randint(3, 14)))

    def message_id(self, phone: str) -> str:
        """As Meta names messages: the address, and some chance."""
        marks = self._chance.randbytes(9).hex().upper()
        name = b"\x1c\x18\x0c%b\x15\x02\x00\x11\x18\x12%b\x00" % (phone.encode(), marks.encode())
        return f"wamid.{base64.b64encode(name).decode()}"

    def _message(self, talk: _Talk, now: datetime, what: str) -> Event:
        about = self._about(talk, self.message_id(talk.contact.phone or ""), what, now)
        content = Content.of_text(self.text())
        model = MessageReceived if what == "received" else MessageEchoed
        return model(**about, content=content)

    def _status(self, talk: _Talk, now: datetime) -> Event:
        if not talk.statuses:
            talk.message, talk.statuses = self.message_id(talk.contact.phone or ""), [*LADDER]
        model = talk.statuses.pop(0)
        what = model.__name__.removeprefix("Message").lower()
        request = uuid7(int(now.timestamp() * 1000), self._chance.getrandbits(74))
        callback = str(Callback(request, 0, talk.conversation, int(now.timestamp() * 1000)))
        return model(**self._about(talk, talk.message, what, now), callback=callback)

    def _about(self, talk: _Talk, message: str, what: str, now: datetime) -> dict[str, Any]:
        return {
            "id": event_id(message, what),
            "time": now.replace(microsecond=0),
            "number": talk.number,
            "message_id": message,
            "contact": talk.contact,
        }

    def _contact(self) -> Contact:
        names = self._chance.sample(("Ana", "Priya", "Rahul", "Souza", "Sharma", "Mehta"), 2)
        return Contact(phone=f"91{self._chance.randrange(10**10):010d}", name=" ".join(names))
