"""
What must be known before a bot's message may leave: who owns the conversation, and whether a person
has written that the router has not judged yet. Pure.

It is fed from ``owners`` and ``inbound`` (and from people's own requests), and asked in memory.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from saath.events import Contact, OwnershipRecorded, WatermarkRecorded
from saath.identity import identities, identity_of
from saath.topics import INBOUND, OUTCOMES
from saath_sender.ledger import Origin

WATERMARK_KEY = b"~watermark"


@dataclass(frozen=True, slots=True)
class Echo:
    """A message from the app, at *offset* of inbound, to whoever has these identities."""

    offset: int
    identities: frozenset[str]


@dataclass(slots=True)
class _Asked:
    """A person's request; decided once the router has read the outcome at *outcome*."""

    number: str
    identities: frozenset[str]
    outcome: int | None = None


@dataclass(slots=True)
class Fence:
    """One partition's view. ``watermark`` is how far the router has decided, by topic."""

    watermark: dict[str, int] = field(default_factory=dict)
    _owners: dict[str, OwnershipRecorded] = field(default_factory=dict)
    _conversations: dict[tuple[str, str], str] = field(default_factory=dict)
    _echoes: dict[str, list[Echo]] = field(default_factory=dict)
    _asked: dict[object, _Asked] = field(default_factory=dict)
    # The same by number, so that one's backlog costs no other's decisions; and what is answered of it.
    _asked_of: dict[str, dict[object, _Asked]] = field(default_factory=dict)
    _answered: set[object] = field(default_factory=set)

    def owner_read(self, key: bytes, value: bytes | None) -> None:
        """
        Take over one record of ``owners``, the watermark among them.

        One that cannot be read says nothing: its conversation has no known owner then.
        """
        conversation = key.decode(errors="replace")
        with contextlib.suppress(ValidationError):
            if key == WATERMARK_KEY:
                if value:
                    self._watermark(WatermarkRecorded.model_validate_json(value).positions)
                return
            self._forget(conversation)
            if value:
                self._remember(conversation, OwnershipRecorded.model_validate_json(value))

    def echo_read(self, number: str, contact: Contact, offset: int) -> None:
        """Somebody wrote in the app."""
        if offset >= self.watermark.get(INBOUND.name, 0):
            echo = Echo(offset, frozenset(identities(contact)))
            self._echoes.setdefault(number, []).append(echo)

    def person_asked(self, reference: object, number: str, to: str) -> None:
        """A person's request was read; *reference* names it until ``person_answered``."""
        asked = self._asked.setdefault(reference, _Asked(number, frozenset({to})))
        self._asked_of.setdefault(asked.number, {})[reference] = asked

    def person_wrote_to(self, reference: object, address: str | None) -> None:
        """Meta sent it there, which may be another address of the same customer's."""
        if address and (asked := self._asked.get(reference)):
            asked.identities |= {identity_of(address)}

    def person_answered(self, reference: object, outcome: int) -> None:
        """The last of its outcomes was written at this offset of ``outcomes``."""
        if asked := self._asked.get(reference):
            asked.outcome = outcome
            self._answered.add(reference)
            self._release([reference])

    def person_repeated(self, reference: object) -> None:
        """It was the same request again, which will have no outcome of its own."""
        if (asked := self._asked.pop(reference, None)) is None:
            return
        self._answered.discard(reference)
        of = self._asked_of[asked.number]
        del of[reference]
        if not of:
            del self._asked_of[asked.number]

    def asked_by_persons(self, number: str) -> list[Origin]:
        """The records of what people have asked and is not decided."""
        return [ref for ref in self._asked_of.get(number, ()) if isinstance(ref, Origin)]

    def owner(self, conversation: str) -> OwnershipRecorded | None:
        """Who owns *conversation*, as far as was read."""
        return self._owners.get(conversation)

    def conversation_of(self, number: str, identity: str) -> str | None:
        """The conversation with whoever has *identity*, on this number."""
        return self._conversations.get((number, identity))

    def quiet(self, number: str) -> bool:
        """True while there is nothing that the router has to judge, whoever is written to."""
        return number not in self._asked_of and number not in self._echoes

    def undecided(
        self, number: str, addresses: Iterable[str], asking: Origin | None = None
    ) -> str | None:
        """
        Why *asking* may not speak to *addresses* yet; ``None`` when nothing is in the way.

        What a person asked for after it is sent after it: were it to wait for that, both would wait for ever.
        """
        known = frozenset(addresses)
        for echo in self._echoes.get(number, ()):
            if echo.identities & known:
                return "an echo is not judged yet"
            if not any((number, i) in self._conversations for i in echo.identities):
                return "an echo to an unknown address is not judged yet"
        for reference, asked in self._asked_of.get(number, {}).items():
            if _follows(reference, asking):
                continue
            if asked.identities & known:
                return "a person's request is not decided yet"
        return None

    def _remember(self, conversation: str, owner: OwnershipRecorded) -> None:
        self._owners[conversation] = owner
        for identity in identities(owner.addresses):
            self._conversations[(owner.number or "", identity)] = conversation

    def _watermark(self, positions: dict[str, int]) -> None:
        self.watermark = positions
        decided = positions.get(INBOUND.name, 0)
        for number in list(self._echoes):
            left = [echo for echo in self._echoes[number] if echo.offset >= decided]
            if left:
                self._echoes[number] = left
            else:
                del self._echoes[number]
        self._release([*self._answered])

    def _release(self, answered: Iterable[object]) -> None:
        decided = self.watermark.get(OUTCOMES.name, 0)
        for reference in answered:
            outcome = self._asked[reference].outcome
            if outcome is not None and outcome < decided:
                self.person_repeated(reference)

    def _forget(self, conversation: str) -> None:
        owner = self._owners.pop(conversation, None)
        if owner is None:
            return
        for identity in identities(owner.addresses):
            key = (owner.number or "", identity)
            if self._conversations.get(key) == conversation:
                del self._conversations[key]


def _follows(reference: object, asking: Origin | None) -> bool:
    """Whether *reference* is *asking* itself, or stands behind it in its topic."""
    return (
        asking is not None
        and isinstance(reference, Origin)
        and reference.topic == asking.topic
        and reference.offset >= asking.offset
    )
