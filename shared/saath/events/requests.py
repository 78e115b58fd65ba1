"""What somebody asks the sender to send, and what became of it."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from saath.events.base import Content, Event, JsonObject, Private, Problem

REQUEST_ID = r"^[A-Za-z0-9._:=-]{1,128}$"
# Digits as Meta writes them: \d takes those of all scripts, which name no number.
NUMBER = r"^[0-9]{1,32}$"

MessageClass = Literal["reply", "utility", "marketing", "authentication", "service"]
InDoubtPolicy = Literal["resend", "drop"]
Sender = Literal["bot", "person", "campaign"]


class Strict(BaseModel):
    """What people outside write by hand: a misspelt key is refused, not ignored."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True
    )


class HandoffWish(Strict):
    """A bot asks for a person."""

    reason: str
    summary: Annotated[str | None, Private] = None


class ThenHandoff(Strict):
    """After the messages are sent, a person answers."""

    handoff: HandoffWish


class PassWish(Strict):
    """A bot passes the conversation to another; ``summary`` is for that one."""

    bot: Annotated[str, Field(min_length=1, max_length=64)]
    summary: Annotated[str | None, Private] = None


class ThenPass(Strict):
    """After the messages are sent, another bot answers."""

    pass_to: PassWish


Then = Literal["done"] | ThenHandoff | ThenPass


class SendRequest(Strict):
    """
    A request as a bot or a tool writes it: bare JSON, no header required.

    With a ``turn`` it answers that turn, and its ``id`` defaults to the turn's. Without one it says
    ``id``, ``number``, ``to`` and ``class``, and has a signed ``grant`` where the sender asks for one.
    ``messages`` are Meta's own shape, sent in array order.
    """

    id: Annotated[str, Field(pattern=REQUEST_ID)] | None = None
    turn: str | None = Field(default=None, repr=False, max_length=2048)
    number: Annotated[str, Field(pattern=NUMBER)] | None = None
    to: str | None = Field(default=None, repr=False, pattern=r"^\+?[0-9A-Za-z.]{3,140}$")
    message_class: MessageClass | None = Field(default=None, alias="class")
    messages: tuple[Content, ...] = Field(default=(), max_length=100)
    then: Then | None = None
    working: Annotated[int, Field(gt=0, le=900)] | None = None
    in_doubt: InDoubtPolicy | None = None
    expires_at: AwareDatetime | None = None
    grant: str | None = Field(default=None, repr=False, max_length=4096)

    @model_validator(mode="after")
    def _says_enough(self) -> "SendRequest":
        if self.turn is None:
            names = {"id": self.id, "number": self.number, "to": self.to}
            names["class"] = self.message_class
            missing = [name for name, value in names.items() if value is None]
            if missing:
                raise ValueError(f"a request without a turn must say {', '.join(missing)}")
        if not self.messages and self.then is None and self.working is None:
            raise ValueError("a request must have messages, then or working")
        if self.messages and self.working is not None:
            raise ValueError("a request that asks for time has no messages")
        return self


class OutcomeEvent(Event):
    """
    What became of one message of a request: ``index`` of ``total``.

    ``epoch`` is the ownership the writer believed in. ``by`` says whose words they were, ``to`` where
    they were to go (or went) when that was said as an address; ``granted_to`` who asked, by their grant.
    ``shadow``: the bot was asked on trial,
    and nothing of what it says happens.
    """

    request: str
    index: int = 0
    total: int = 1
    by: Sender
    bot: str | None = None
    turn_id: str | None = None
    epoch: int | None = None
    to: Annotated[str | None, Private] = None
    content: Content | None = None
    shadow: bool | None = None
    granted_to: str | None = None

    @property
    def is_answer(self) -> bool:
        """False for a read mark with nothing after it: the customer waits for words as before."""
        is_mark = self.content is not None and self.content.type == "read"
        return not is_mark or getattr(self, "then", None) is not None


class MessageAccepted(OutcomeEvent):
    """The Graph API took the message and named it. Not yet delivered."""

    type: Literal["io.saath.message.accepted.v1"] = "io.saath.message.accepted.v1"
    message_id: str
    then: Then | None = None


class MessageReadMarked(OutcomeEvent):
    """
    The customer's message ``message_id``, and all before it, were marked as read.

    ``typing``: the customer was shown that somebody types. It is no answer to a turn; its ``then`` is.
    """

    type: Literal["io.saath.message.read_marked.v1"] = "io.saath.message.read_marked.v1"
    message_id: str
    typing: bool | None = None
    then: Then | None = None


class MessageSuperseded(OutcomeEvent):
    """Not sent: somebody else answers by now."""

    type: Literal["io.saath.message.superseded.v1"] = "io.saath.message.superseded.v1"
    reason: str


class MessageShadowed(OutcomeEvent):
    """Not sent: the bot answered on trial, and this is what it would have said."""

    type: Literal["io.saath.message.shadowed.v1"] = "io.saath.message.shadowed.v1"


class MessageExpired(OutcomeEvent):
    """Not sent: its time had passed."""

    type: Literal["io.saath.message.expired.v1"] = "io.saath.message.expired.v1"


class MessageRefused(OutcomeEvent):
    """Not sent: the request cannot be carried out as written; ``pointer`` says where (RFC 6901)."""

    type: Literal["io.saath.message.refused.v1"] = "io.saath.message.refused.v1"
    reason: str
    pointer: str | None = None


class MessageRejected(OutcomeEvent):
    """
    The Graph API said no, for good.

    ``then`` is there for a read mark alone: it is no words, and what was to follow it happens all the same.
    """

    type: Literal["io.saath.message.rejected.v1"] = "io.saath.message.rejected.v1"
    error: Problem
    then: Then | None = None


class MessageLeftInDoubt(OutcomeEvent):
    """It is unknown whether the message was sent; a later outcome settles it."""

    type: Literal["io.saath.message.left_in_doubt.v1"] = "io.saath.message.left_in_doubt.v1"
    reason: str


class MessageDropped(OutcomeEvent):
    """
    In doubt for too long, and its policy says not to send again.

    ``then`` is there for a read mark alone: it is no words, and what was to follow it happens all the same.
    """

    type: Literal["io.saath.message.dropped.v1"] = "io.saath.message.dropped.v1"
    reason: str
    then: Then | None = None


class TurnClosed(OutcomeEvent):
    """A bot answered a turn without words: done, a hand-over, or a wish for more time."""

    type: Literal["io.saath.turn.closed.v1"] = "io.saath.turn.closed.v1"
    then: Then | None = None
    working_seconds: int | None = None


class Command(Strict):
    """
    A command as a person's tool writes it: bare JSON.

    The conversation is named by its id, or by the customer's address on the number. Where ``epoch``
    is given, it is carried out only while that ownership lasts. ``bot`` names the one to release it to.
    A ``policy`` holds for the whole number, and stands above what else was said of it; ``null`` takes
    it back.
    """

    id: Annotated[str, Field(pattern=REQUEST_ID)]
    number: Annotated[str, Field(pattern=NUMBER)]
    command: Literal["take over", "release", "policy"]
    conversation: str | None = None
    phone: Annotated[str | None, Private] = None
    user_id: Annotated[str | None, Private] = None
    by: str | None = None
    epoch: int | None = None
    bot: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    policy: JsonObject | None = None

    @model_validator(mode="after")
    def _names_what_it_is_about(self) -> "Command":
        if self.command == "policy":
            if "policy" not in self.model_fields_set:
                raise ValueError("this command must say a policy, or null to take it back")
        elif not (self.conversation or self.phone or self.user_id):
            raise ValueError("a command must name a conversation, a phone or a user_id")
        return self
