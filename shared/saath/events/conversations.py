"""Who answers: ownership, turns for bots, hand-overs to people, and commands."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from saath.events.base import Author, Contact, Content, Event, Model, Private

Owner = Literal["bot", "human", "meta"]


class Routed(Model):
    """
    What the router decided about a message: who answers it, and by which ``rule``.

    ``nobody``: it needs no answer, or none is wanted on this number. ``ask_at``: the bot is asked
    only then, because more may be written, or because a person may have answered meanwhile.
    """

    to: Literal["bot", "human", "meta", "nobody"]
    rule: str
    epoch: int
    bot: str | None = None
    ask_at: AwareDatetime | None = None


class OwnerChanged(Event):
    """
    Somebody else answers from now on. ``epoch`` is the fencing token of the new ownership.

    ``rule`` is one of a few words, ``reason`` what is to be said to people. ``bot`` is the one asked
    from now on.
    """

    type: Literal["io.saath.conversation.owner_changed.v1"] = (
        "io.saath.conversation.owner_changed.v1"
    )
    owner: Owner
    previous: Owner
    epoch: int
    reason: str
    rule: str | None = None
    bot: str | None = None
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

    ``addresses`` are all the ways the contact can be addressed. ``redirect``: it was joined with that
    conversation, and is no more. ``person_left_at`` is when a person last ceased to have it.
    ``marketing_stopped``: the customer wants no marketing, and before ``marketing_rests_until`` Meta takes
    none for them. Compacted by conversation.
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
    redirect: str | None = None
    person_left_at: AwareDatetime | None = None
    marketing_stopped: bool | None = None
    marketing_rests_until: AwareDatetime | None = None


class WatermarkRecorded(Event):
    """How far the router has decided each input of one partition: topic -> next offset."""

    type: Literal["io.saath.router.watermark_recorded.v1"] = "io.saath.router.watermark_recorded.v1"
    positions: dict[str, int]


class Quoted(Model):
    """The message that another one quotes; ``author`` and ``content`` where it is still known."""

    message_id: str
    author: Author | None = None
    content: Content | None = None


class TurnMessage(Model):
    """A message of a turn, or one of the few before it."""

    message_id: str
    author: Author
    time: AwareDatetime
    content: Content
    quotes: Quoted | None = None


class ContactFacts(Model):
    """What a bot may know of the customer: never the phone number."""

    name: Annotated[str | None, Private] = None
    username: Annotated[str | None, Private] = None


class TurnOffered(Event):
    """
    One bot is asked to answer. ``turn`` is the signed token its answer must carry.

    A bot that has neither answered by ``reply_by`` nor said that it is done or working loses the
    conversation to a person. ``window_until``: after that only a template may be sent. ``passed_by`` is
    the bot that passed the conversation on, ``summary`` what it said of it. What answers a ``shadow``
    turn is logged and never sent.
    """

    type: Literal["io.saath.turn.offered.v1"] = "io.saath.turn.offered.v1"
    bot: str
    epoch: int
    reason: str
    rule: str | None = None
    deadline: AwareDatetime
    reply_by: AwareDatetime | None = None
    window_until: AwareDatetime | None = None
    passed_by: str | None = None
    summary: Annotated[str | None, Private] = None
    shadow: bool | None = None
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
    """
    A person is wanted in this conversation.

    Without a conversation: a customer of this number wrote what nobody here could read.
    """

    type: Literal["io.saath.handoff.requested.v1"] = "io.saath.handoff.requested.v1"
    reason: str
    rule: str | None = None
    summary: Annotated[str | None, Private] = None
    by: str | None = None


class HandoffWithdrawn(Event):
    """A person is no longer wanted: one has come, or the bot has it again."""

    type: Literal["io.saath.handoff.withdrawn.v1"] = "io.saath.handoff.withdrawn.v1"
    reason: str


class BotFellSilent(Event):
    """
    A bot misses so many of its turns that the conversations are not handed over one by one.

    Said once; it keeps them, and the customers wait. ``missed`` of ``asked`` lately.
    """

    type: Literal["io.saath.bot.fell_silent.v1"] = "io.saath.bot.fell_silent.v1"
    bot: str
    missed: int
    asked: int


class BotAnsweredAgain(Event):
    """A bot that had fallen silent answers again."""

    type: Literal["io.saath.bot.answered_again.v1"] = "io.saath.bot.answered_again.v1"
    bot: str


class ConversationUnattended(Event):
    """
    A customer has waited too long, and nobody is asked to answer. Said once while they wait.

    ``rule``: for a person, who keeps the conversation; for a bot that has fallen silent; or because
    the message was old when it was read, after an outage.
    """

    type: Literal["io.saath.conversation.unattended.v1"] = "io.saath.conversation.unattended.v1"
    epoch: int
    waiting_since: AwareDatetime
    rule: str | None = None


class WindowOpened(Event):
    """Anything may be sent to the customer until then, not only templates. Every message extends it."""

    type: Literal["io.saath.conversation.window_opened.v1"] = (
        "io.saath.conversation.window_opened.v1"
    )
    until: AwareDatetime


class WindowClosing(Event):
    """The customer has been silent for so long that the service window closes soon."""

    type: Literal["io.saath.conversation.window_closing.v1"] = (
        "io.saath.conversation.window_closing.v1"
    )
    until: AwareDatetime


class WindowClosed(Event):
    """From now on only templates may be sent. ``rule``: its time was over, or Meta said so (131047)."""

    type: Literal["io.saath.conversation.window_closed.v1"] = (
        "io.saath.conversation.window_closed.v1"
    )
    rule: str


class ConversationMerged(Event):
    """
    Two conversations turned out to be one contact's, and are one from now on: ``into``.

    Said in both of them. The other, ``merged``, has no more events.
    """

    type: Literal["io.saath.conversation.merged.v1"] = "io.saath.conversation.merged.v1"
    into: str
    merged: str
    epoch: int


class CommandRefused(Event):
    """A command could not be carried out; ``reason`` says why, ``pointer`` where (RFC 6901)."""

    type: Literal["io.saath.command.refused.v1"] = "io.saath.command.refused.v1"
    reason: str
    pointer: str | None = None
