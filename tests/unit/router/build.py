"""Events, and a conversation that hears them one after the other. Time is given in seconds."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from saath.events import (
    Command,
    Contact,
    Content,
    Event,
    HandoffWish,
    MessageAccepted,
    MessageBackfilled,
    MessageDelivered,
    MessageEchoed,
    MessageEdited,
    MessageFailed,
    MessageLeftInDoubt,
    MessageRead,
    MessageReadMarked,
    MessageReceived,
    MessageRejected,
    MessageRevoked,
    MessageSent,
    MessageUnavailable,
    OwnerChanged,
    PassWish,
    StatusEvent,
    ThenHandoff,
    ThenPass,
    ThreadControlChanged,
    TurnClosed,
    TurnOffered,
    WindowClosed,
    WindowClosing,
    WindowOpened,
)
from saath.identity import Callback, event_id
from saath_router.answering import Around
from saath_router.commanding import command, command_id
from saath_router.conversation import Conversation
from saath_router.decide import NOTHING_ELSE, decide
from saath_router.evolve import evolve, remember
from saath_router.ownership import Decision
from saath_router.policy import Policy
from saath_router.timers import due_at, fire

START = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
NUMBER, CONVERSATION = "100000000000001", "c_1"
CUSTOMER = Contact(phone="4915100000001")
HOLD = timedelta(hours=12)
HOUR = 3600.0
READ_MARK = Content.model_validate({"type": "read", "read": {"message_id": "m1", "typing": True}})
EVERYONE = Policy(answers="everyone", bot="orders", human_hold=HOLD)
Side = Literal["customer", "business"]
Ends = Literal["done"] | ThenHandoff | ThenPass
OF_WINDOWS = (WindowOpened, WindowClosing, WindowClosed)
STATUSES: dict[str, type[StatusEvent]] = {
    "sent": MessageSent,
    "delivered": MessageDelivered,
    "read": MessageRead,
    "failed": MessageFailed,
}


def at(seconds: float) -> datetime:
    """So long after the start of the story."""
    return START + timedelta(seconds=seconds)


def _about(message: str, what: str, seconds: float) -> dict[str, Any]:
    return {"id": event_id(message, what), "time": at(seconds), "number": NUMBER}


def received(message: str, seconds: float, content: Content | None = None) -> MessageReceived:
    return MessageReceived(
        **_about(message, "received", seconds),
        message_id=message,
        contact=CUSTOMER,
        content=content or Content.of_text("Is it there in blue?"),
    )


def echoed(message: str, seconds: float, content: Content | None = None) -> MessageEchoed:
    return MessageEchoed(
        **_about(message, "echoed", seconds),
        message_id=message,
        contact=CUSTOMER,
        content=content or Content.of_text("Yes, it is."),
    )


def unavailable(message: str, seconds: float) -> MessageUnavailable:
    about = _about(message, "unavailable", seconds)
    return MessageUnavailable(**about, message_id=message, contact=CUSTOMER)


def edited(message: str, seconds: float, text: str, by: Side = "customer") -> MessageEdited:
    return MessageEdited(
        **_about(message, f"edited:{seconds}", seconds),
        message_id=f"{message}-edit",
        original_message_id=message,
        contact=CUSTOMER,
        by=by,
        content=Content.of_text(text),
    )


def revoked(message: str, seconds: float, by: Side = "customer") -> MessageRevoked:
    return MessageRevoked(
        **_about(message, "revoked", seconds),
        message_id=f"{message}-revoke",
        original_message_id=message,
        contact=CUSTOMER,
        by=by,
    )


def thread_control(holder: Literal["meta", "app"], seconds: float) -> ThreadControlChanged:
    return ThreadControlChanged(
        **_about("thread", f"{holder}:{seconds}", seconds), contact=CUSTOMER, holder=holder
    )


def backfilled(
    message: str,
    seconds: float,
    author: Side = "customer",
    content: Content | None = None,
) -> MessageBackfilled:
    return MessageBackfilled(
        **_about(message, "backfilled", seconds),
        origin="history",
        message_id=message,
        contact=CUSTOMER,
        content=content or Content.of_text("Years ago"),
        author=author,
    )


def status(kind: str, message: str, seconds: float, *, ours: bool = True) -> StatusEvent:
    callback = str(Callback("r1", 0, CONVERSATION, 1)) if ours else None
    return STATUSES[kind](
        **_about(message, kind, seconds), message_id=message, contact=CUSTOMER, callback=callback
    )


def accepted(
    message: str,
    seconds: float,
    turn: TurnOffered | None = None,
    *,
    by: Literal["bot", "person", "campaign"] = "bot",
    then: Ends | None = None,
) -> MessageAccepted:
    return MessageAccepted(
        **_about(message, "accepted", seconds),
        message_id=message,
        to=CUSTOMER.phone,
        then=then,
        **_answering(turn, by),
    )


def read_marked(
    seconds: float,
    turn: TurnOffered | None = None,
    *,
    by: Literal["bot", "person", "campaign"] = "bot",
    then: Ends | None = None,
    index: int = 0,
    total: int = 1,
) -> MessageReadMarked:
    return MessageReadMarked(
        **_about("m1", f"read_marked:{seconds}", seconds),
        message_id="m1",
        typing=True,
        then=then,
        index=index,
        total=total,
        to=CUSTOMER.phone,
        **_answering(turn, by) | {"content": READ_MARK},
    )


def closed(
    turn: TurnOffered,
    seconds: float,
    then: Ends | None = None,
    working_seconds: int | None = None,
) -> TurnClosed:
    return TurnClosed(
        **_about(turn.id, f"closed:{seconds}", seconds),
        then=then,
        working_seconds=working_seconds,
        **_answering(turn, "bot"),
    )


def left_in_doubt(seconds: float, by: Literal["bot", "person", "campaign"]) -> MessageLeftInDoubt:
    return MessageLeftInDoubt(
        **_about("r1", f"in_doubt:{seconds}", seconds),
        to=CUSTOMER.phone,
        reason="no answer",
        **_answering(None, by),
    )


def rejected(turn: TurnOffered, seconds: float) -> MessageRejected:
    return MessageRejected.model_validate(
        _about(turn.id, f"rejected:{seconds}", seconds)
        | _answering(turn, "bot")
        | {"error": {"code": 131047}}
    )


def _answering(turn: TurnOffered | None, by: str) -> dict[str, Any]:
    about: dict[str, Any] = {"request": "r1", "by": by, "content": Content.of_text("Yes")}
    if turn:
        about |= {"turn_id": turn.id, "epoch": turn.epoch, "bot": turn.bot}
    return about


def handoff(reason: str) -> ThenHandoff:
    return ThenHandoff(handoff=HandoffWish(reason=reason, summary="wants two, blue"))


def passed_to(bot: str) -> ThenPass:
    return ThenPass(pass_to=PassWish(bot=bot, summary="wants two, blue"))


def asked(
    what: Literal["take over", "release"],
    name: str,
    by: str | None = "Ana",
    *,
    bot: str | None = None,
    epoch: int | None = None,
) -> Command:
    return Command(
        id=name,
        number=NUMBER,
        command=what,
        conversation=CONVERSATION,
        by=by,
        bot=bot,
        epoch=epoch,
    )


@dataclass
class Story:
    """A conversation as it goes on, and all that was logged of it."""

    policy: Policy = EVERYONE
    state: Conversation = field(
        default_factory=lambda: Conversation(id=CONVERSATION, number=NUMBER)
    )
    log: list[Event] = field(default_factory=list)
    around: Around = NOTHING_ELSE

    def hears(self, event: Event, seconds: float | None = None) -> Decision:
        """Hear *event* so late (at once, if nothing is said); what it led to, itself included."""
        now = at(seconds) if seconds is not None else event.time
        return self._goes_on(decide(event, self.state, self.policy, now, self.around))

    def waits(self, until: float) -> Decision:
        """Let time pass with nothing said; all that it led to."""
        facts: Decision = ()
        while (due := due_at(self.state, self.policy)) and due <= at(until):
            facts += self._goes_on(fire(self.state, self.policy, at(until), at(until), self.around))
        return without_windows(facts)

    def is_told(self, what: Command, seconds: float) -> Decision:
        """Carry out a command."""
        decision = command(what, self.state, self.policy, at(seconds), at(seconds), self.around)
        self.state = remember(self.state, command_id(what), at(seconds))
        return self._goes_on(decision)

    def is_asked(self, message: str, seconds: float) -> TurnOffered:
        """Hear a customer's message that a bot must be asked to answer."""
        turn = self.hears(received(message, seconds))[-1]
        assert isinstance(turn, TurnOffered)
        return turn

    def _goes_on(self, decision: Decision) -> Decision:
        for fact in decision:
            self.state = evolve(self.state, fact)
        self.log += decision
        return decision


def without_windows(decision: Decision) -> Decision:
    """What was decided of other things; windows have tests of their own."""
    return tuple(fact for fact in decision if not isinstance(fact, OF_WINDOWS))


def kinds(decision: Decision) -> list[str]:
    """The names of what was decided, in its order, windows left out."""
    return [type(fact).__name__ for fact in without_windows(decision)]


def turns(decision: Decision) -> list[tuple[str, list[str]]]:
    """The bots that were asked, and about which messages."""
    return [
        (fact.bot, [message.message_id for message in fact.messages])
        for fact in decision
        if isinstance(fact, TurnOffered)
    ]


def owners(decision: Decision) -> list[tuple[str, str | None]]:
    """Who got the conversation, and by which rule."""
    return [(fact.owner, fact.rule) for fact in decision if isinstance(fact, OwnerChanged)]
