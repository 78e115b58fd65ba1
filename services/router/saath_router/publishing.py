"""Where each fact goes, and as what: the router's topics, turns signed."""

from datetime import datetime

from saath.codec import encode
from saath.events import (
    BotAnsweredAgain,
    BotFellSilent,
    Contact,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    OwnershipRecorded,
    TurnOffered,
    TurnWithdrawn,
    WatermarkRecorded,
)
from saath.identity import digest_id
from saath.kafka.layout import Layout
from saath.kafka.records import Output, output
from saath.tokens import TurnToken, TurnTokens
from saath.topics import CONVERSATIONS, HANDOFFS, OWNERS, TURNS, Topic
from saath_router.conversation import Conversation

WATERMARK_KEY = b"~watermark"


def published(
    fact: Event, layout: Layout, tokens: TurnTokens, traceparent: str | None = None
) -> Output:
    """*fact* as the record that everyone reads."""
    topic = topic_of(fact)
    signed = _signed(fact, tokens) if isinstance(fact, TurnOffered) else fact
    return output(topic, signed, layout.of(topic), traceparent)


def topic_of(fact: Event) -> Topic:
    """Bots read of turns, people's tools of calls, everyone of all else."""
    match fact:
        case TurnOffered() | TurnWithdrawn():
            return TURNS
        case HandoffRequested() | HandoffWithdrawn() | BotFellSilent() | BotAnsweredAgain():
            return HANDOFFS
        case _:
            return CONVERSATIONS


def ownership(state: Conversation, now: datetime) -> OwnershipRecorded | None:
    """What the sender must know of a conversation; nothing while only its history is known."""
    marketing = (state.marketing_stopped, state.marketing_rests_until)
    if not state.epoch and state.window_until is None and marketing == (None, None):
        return None
    return OwnershipRecorded(
        id=f"{state.id}:{state.epoch}",
        time=now,
        number=state.number,
        conversation=state.id,
        owner=state.owner,
        epoch=state.epoch,
        bot=state.bot,
        addresses=Contact(phone=state.contact.phone, user_id=state.contact.user_id),
        window_until=state.window_until,
        lease_until=state.lease_until,
        person_left_at=state.person_left_at,
        marketing_stopped=state.marketing_stopped,
        marketing_rests_until=state.marketing_rests_until,
    )


def redirected(gone: Conversation, kept: Conversation, now: datetime) -> OwnershipRecorded:
    """What is left of a conversation that was joined with *kept*: nothing may be sent for it."""
    return OwnershipRecorded(
        id=f"{gone.id}:{kept.epoch}",
        time=now,
        number=gone.number,
        conversation=gone.id,
        owner=kept.owner,
        epoch=kept.epoch,
        bot=kept.bot,
        addresses=Contact(),
        redirect=kept.id,
    )


def owner_changed(before: Conversation | None, now: Conversation) -> bool:
    """Whether ``ownership`` says something else now, but for when it was written."""
    return before is None or _said(before) != _said(now)


def _said(state: Conversation) -> tuple[object, ...]:
    identity = state.contact.phone, state.contact.user_id
    until = state.window_until, state.lease_until, state.person_left_at
    marketing = state.marketing_stopped, state.marketing_rests_until
    return (state.owner, state.epoch, state.bot, *identity, *until, *marketing)


def watermark(partition: int, positions: dict[str, int], now: datetime) -> Output:
    """Up to here, in each input, all is decided."""
    mark = WatermarkRecorded(
        id=digest_id("mark_", str(partition), str(sorted(positions.items()))),
        time=now,
        positions=positions,
    )
    headers, value = encode(mark)
    return Output(OWNERS, partition, WATERMARK_KEY, value, tuple(headers))


def _signed(turn: TurnOffered, tokens: TurnTokens) -> TurnOffered:
    token = TurnToken(
        turn=turn.id,
        number=turn.number or "",
        conversation=turn.conversation or "",
        epoch=turn.epoch,
        bot=turn.bot,
        deadline=int(turn.deadline.timestamp()),
        shadow=bool(turn.shadow),
    )
    return turn.model_copy(update={"turn": tokens.sign(token)})
