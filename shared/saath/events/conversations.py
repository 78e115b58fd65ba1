"""Who answers: ownership, turns for bots, hand-overs to people, and commands."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from saath.events.base import Author, Contact, Content, Event, Model, Private

Owner = Literal["bot", "human", "meta"]


class OwnerChanged(Event):
    """Somebody else answers from now on. ``epoch`` is the fencing token of the new ownership."""

    type: Literal["io.saath.conversation.owner_changed.v1"] = (
        "io.saath.conversation.owner_changed.v1"
    )
    owner: Owner
    previous: Owner
    epoch: int
    reason: str
    lease_until: AwareDatetime | None = None


class LeaseRenewed(Event):
    """The person who answers has written again and keeps the conversation until then."""

    type: Literal["io.saath.conversation.lease_renewed.v1"] = (
        "io.saath.conversation.lease_renewed.v1"
    )
    epoch: int
    lease_until: AwareDatetime


class OwnershipRecorded(Event):
    """
    The latest owner of a conversation, for whoever must not send against it.

    ``addresses`` are all the ways the contact can be addressed. Compacted by conversation.
    """

    type: Literal["io.saath.conversation.ownership_recorded.v1"] = (
        "io.saath.conversation.ownership_recorded.v1"
    )
    owner: Owner
    epoch: int
    bot: str | None = None
    addresses: Contact
    window_until: AwareDatetime | None = None
    lease_until: AwareDatetime | None = None


class WatermarkRecorded(Event):
    """How far the router has decided each input of one partition: topic -> next offset."""

    type: Literal["io.saath.router.watermark_recorded.v1"] = "io.saath.router.watermark_recorded.v1"
    positions: dict[str, int]


class TurnMessage(Model):
    """A message of a turn, or one of the few before it."""

    message_id: str
    author: Author
    time: AwareDatetime
    content: Content


class ContactFacts(Model):
    """What a bot may know of the customer: never the phone number."""

    name: Annotated[str | None, Private] = None
    username: Annotated[str | None, Private] = None


class TurnOffered(Event):
    """
    One bot is asked to answer. ``turn`` is the signed token its answer must carry.

    A bot that has neither answered by ``reply_by`` nor said that it is done or working loses the
    conversation to a person.
    """

    type: Literal["io.saath.turn.offered.v1"] = "io.saath.turn.offered.v1"
    bot: str
    epoch: int
    reason: str
    deadline: AwareDatetime
    reply_by: AwareDatetime | None = None
    turn: Annotated[str, Field(repr=False)]
    messages: tuple[TurnMessage, ...]
    recent: tuple[TurnMessage, ...] = ()
    contact: ContactFacts = ContactFacts()

    @property
    def text(self) -> str:
        """The words the customer wrote in this turn, a line a message; may be empty."""
        return "\n".join(m.content.text for m in self.messages if m.content.text)


class TurnWithdrawn(Event):
    """The turn is nobody's any more: a person has stepped in, or it was answered."""

    type: Literal["io.saath.turn.withdrawn.v1"] = "io.saath.turn.withdrawn.v1"
    turn_id: str
    bot: str
    reason: str


class HandoffRequested(Event):
    """A person is wanted in this conversation."""

    type: Literal["io.saath.handoff.requested.v1"] = "io.saath.handoff.requested.v1"
    reason: str
    summary: Annotated[str | None, Private] = None
    by: str | None = None


class HandoffWithdrawn(Event):
    """A person is no longer wanted: one has come, or the bot has it again."""

    type: Literal["io.saath.handoff.withdrawn.v1"] = "io.saath.handoff.withdrawn.v1"
    reason: str


class ConversationUnattended(Event):
    """A customer has waited too long for a person, who keeps the conversation. Said once."""

    type: Literal["io.saath.conversation.unattended.v1"] = "io.saath.conversation.unattended.v1"
    epoch: int
    waiting_since: AwareDatetime


class CommandRefused(Event):
    """A command could not be carried out; ``reason`` says why."""

    type: Literal["io.saath.command.refused.v1"] = "io.saath.command.refused.v1"
    reason: str
