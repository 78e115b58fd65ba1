"""A conversation's log as the router would write it, and its story in lines of text."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from saath.events import (
    Contact,
    Content,
    Event,
    HandoffRequested,
    MessageAccepted,
    MessageDelivered,
    MessageEchoed,
    MessageReceived,
    MessageSuperseded,
    OwnerChanged,
    Routed,
    TurnMessage,
    TurnOffered,
    TurnWithdrawn,
)
from saath.events import Owner as Who
from saath.identity import event_id
from saath.story import Logged, Speech, State, Story, answer, in_order, state_after, tell
from saath.topics import CONVERSATIONS, HANDOFFS, TURNS, Topic

NUMBER = "100000000000001"
CONVERSATION = "c_ana"
CUSTOMER = Contact(phone="4915100000001", name="Ana")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SPEECH = Speech(UTC)
WORDS = "my secret words"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@dataclass
class Log:
    """Writes events down, each so many seconds after noon."""

    records: list[Logged] = field(default_factory=list)

    def put(self, event: Event, seconds: float, topic: Topic = CONVERSATIONS) -> Event:
        offset = sum(1 for record in self.records if record.topic == topic.name)
        self.records.append(Logged(event, at(seconds), topic.name, 1, offset))
        return event

    def received(self, name: str, seconds: float, routed: Routed | None = None) -> Event:
        event = MessageReceived(
            id=event_id(name, "received"),
            time=at(int(seconds)),
            message_id=name,
            contact=CUSTOMER,
            content=Content.of_text(WORDS),
            routed=routed,
            **about(),
        )
        return self.put(event, seconds)

    def echoed(
        self,
        name: str,
        written: float,
        seconds: float,
        *,
        automatic: bool | None = False,
        **more: Any,
    ) -> Event:
        event = MessageEchoed(
            id=event_id(name, "echoed"),
            time=at(written),
            message_id=name,
            contact=CUSTOMER,
            content=Content.of_text(WORDS),
            automatic=automatic,
            **(about() | more),
        )
        return self.put(event, seconds)

    def owned(
        self, owner: Who, epoch: int, seconds: float, reason: str, cause: str, **more: Any
    ) -> Event:
        previous = more.pop("previous", "human" if owner == "bot" else "bot")
        event = OwnerChanged(
            id=f"owner_{epoch}", time=at(seconds), owner=owner, previous=previous, epoch=epoch,
            reason=reason, causation=cause, **(about() | more),
        )  # fmt: skip
        return self.put(event, seconds)

    def offered(self, turn: str, asked: str, epoch: int, seconds: float, **more: Any) -> Event:
        message = TurnMessage(
            message_id=asked,
            author="customer",
            time=at(int(seconds)),
            content=Content.of_text(WORDS),
        )
        event = TurnOffered(
            id=turn, time=at(seconds), bot="orders", epoch=epoch, deadline=at(seconds + 120),
            turn="", messages=(message,),
            **(about() | {"reason": "first message", "causation": event_id(asked, "received")} | more),
        )  # fmt: skip
        return self.put(event, seconds, TURNS)

    def withdrawn(self, turn: str, cause: str, seconds: float, reason: str) -> Event:
        event = TurnWithdrawn(
            id=f"withdrawn_{turn}", time=at(seconds), turn_id=turn, bot="orders", reason=reason,
            causation=cause, **about(),
        )  # fmt: skip
        return self.put(event, seconds, TURNS)

    def accepted(
        self, turn: str | None, name: str, sent: float, seconds: float, **more: Any
    ) -> Event:
        return self.put(
            MessageAccepted(message_id=name, **_outcome("accepted", turn, sent) | more), seconds
        )

    def superseded(self, turn: str, sent: float, seconds: float, **more: Any) -> Event:
        reason = "the conversation is human's"
        return self.put(
            MessageSuperseded(reason=reason, **_outcome("superseded", turn, sent) | more), seconds
        )

    def delivered(self, name: str, seconds: float, **more: Any) -> Event:
        event = MessageDelivered(
            id=event_id(name, "delivered"), time=at(int(seconds)), message_id=name,
            contact=CUSTOMER, **(about() | more),
        )  # fmt: skip
        return self.put(event, seconds)

    def called(self, cause: str, seconds: float, reason: str, **more: Any) -> Event:
        event = HandoffRequested(
            id=f"handoff_{cause}",
            time=at(seconds),
            reason=reason,
            causation=cause,
            **about(),
            **more,
        )
        return self.put(event, seconds, HANDOFFS)

    @property
    def story(self) -> Story:
        return Story(in_order(self.records))

    @property
    def state(self) -> State:
        return state_after(CONVERSATION, in_order(self.records))

    def told(self, speech: Speech = SPEECH) -> list[str]:
        """The story, a line a step: what happened, and why."""
        steps = tell(self.story, CONVERSATION, speech)
        return [f"{step.what} {step.because or ''}".rstrip() for step in steps]

    def answer(self, asked: str, seconds: float = 60) -> list[str]:
        """What is said of *asked*, so long after noon."""
        story = self.story
        said = [answer(found, story, SPEECH, at(seconds)) for found in story.named(asked)]
        return [sentence for sentence in said if sentence]


def about() -> dict[str, Any]:
    return {"number": NUMBER, "conversation": CONVERSATION}


def _outcome(kind: str, turn: str | None, sent: float) -> dict[str, Any]:
    return about() | {
        "id": f"out_{turn}_{kind}", "time": at(sent), "request": turn or "r1", "by": "bot",
        "bot": "orders", "turn_id": turn, "epoch": 1, "causation": turn or "r1",
        "content": Content.of_text(WORDS),
    }  # fmt: skip


def answered() -> Log:
    """A customer writes, the bot answers at once, as an older router logged it."""
    log = Log()
    log.received("wamid.A", 0.4)
    log.owned("bot", 1, 0.4, "first message", "wamid.A:received", previous="bot")
    log.offered("t_1", "wamid.A", 1, 0.4)
    log.accepted("t_1", "wamid.B", 0.65, 0.7)
    log.delivered("wamid.B", 1.5)
    return log


def overtaken() -> Log:
    """A bot is asked, a person answers on the phone, the bot's answer comes all the same."""
    log = answered()
    log.received("wamid.C", 10.3)
    log.offered("t_2", "wamid.C", 1, 10.3, reason="default")
    log.echoed("wamid.D", 12, 12.25)
    log.owned(
        "human", 2, 12.25, "answered from the phone", "wamid.D:echoed", lease_until=at(43_212)
    )
    log.withdrawn("t_2", "wamid.D:echoed", 12.25, "answered from the phone")
    log.superseded("t_2", 13.0, 13.1)
    log.received("wamid.E", 20.5)
    return log
