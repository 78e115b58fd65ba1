"""
The contract: every event Saath writes, and the two things others write to it.

One frozen model a type, named by a past-tense fact; ``EVENTS`` maps a type's name to its model.
"""

from saath.events import contacts, conversations, life, messages, numbers, requests, threads
from saath.events.base import (
    TYPE_PREFIX,
    Author,
    Contact,
    Content,
    Event,
    JsonObject,
    Model,
    Origin,
    Pricing,
    Problem,
)
from saath.events.by_hand import BY_HAND, Chosen
from saath.events.conditions import AskRule, Condition, HandoffRule, OpeningHours, Week
from saath.events.contacts import (
    CallReported,
    ContactIdentityChanged,
    ContactPreferenceChanged,
    ContactRecorded,
    MessageLinkClicked,
)
from saath.events.conversations import (
    BotAnsweredAgain,
    BotFellSilent,
    CommandRefused,
    ContactFacts,
    ConversationMerged,
    ConversationUnattended,
    HandoffRequested,
    HandoffWithdrawn,
    LeaseRenewed,
    Owner,
    OwnerChanged,
    OwnershipRecorded,
    Quoted,
    Routed,
    TurnMessage,
    TurnOffered,
    TurnWithdrawn,
    WatermarkRecorded,
    WindowClosed,
    WindowClosing,
    WindowOpened,
)
from saath.events.life import (
    HeartbeatAtRisk,
    HeartbeatLost,
    NumberStateChanged,
    NumberWarned,
    OneTime,
    SyncDeadlineNear,
    SyncDeadlinePassed,
)
from saath.events.messages import (
    ContactChanged,
    HistoryChunkReceived,
    HistoryCompleted,
    HistoryDeclined,
    HistoryMediaReceived,
    MessageBackfilled,
    MessageDelivered,
    MessageEchoed,
    MessageEdited,
    MessageFailed,
    MessagePlayed,
    MessagePriced,
    MessageRead,
    MessageReceived,
    MessageRevoked,
    MessageSent,
    MessageUnavailable,
    StatusEvent,
)
from saath.events.numbers import (
    AccountUpdated,
    CredentialRecorded,
    GroupChanged,
    NumberErrorReported,
    NumberRecorded,
    NumberState,
    Restriction,
    RestrictionKind,
    SyncState,
    WebhookUnrecognised,
)
from saath.events.policies import Answers, NumberPolicy, PlainPolicy, policy_by_hand
from saath.events.requests import (
    Command,
    HandoffWish,
    InDoubtPolicy,
    MessageAccepted,
    MessageClass,
    MessageDropped,
    MessageExpired,
    MessageLeftInDoubt,
    MessageRefused,
    MessageRejected,
    MessageShadowed,
    MessageSuperseded,
    OutcomeEvent,
    PassWish,
    Sender,
    SendRequest,
    Then,
    ThenHandoff,
    ThenPass,
    TurnClosed,
)
from saath.events.threads import ThreadControlChanged


def _events() -> dict[str, type[Event]]:
    found: dict[str, type[Event]] = {}
    for module in (messages, contacts, threads, conversations, requests, numbers, life):
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, Event):
                name = model.model_fields["type"].default
                if isinstance(name, str):
                    found[name] = model
    return dict(sorted(found.items()))


EVENTS: dict[str, type[Event]] = _events()


def short_name(event_type: str) -> str:
    """``io.saath.message.received.v1`` -> ``message.received.v1``, as schemas and labels say."""
    return event_type.removeprefix(TYPE_PREFIX)


__all__ = [
    "BY_HAND",
    "EVENTS",
    "TYPE_PREFIX",
    "AccountUpdated",
    "Answers",
    "AskRule",
    "Author",
    "BotAnsweredAgain",
    "BotFellSilent",
    "CallReported",
    "Chosen",
    "Command",
    "CommandRefused",
    "Condition",
    "Contact",
    "ContactChanged",
    "ContactFacts",
    "ContactIdentityChanged",
    "ContactPreferenceChanged",
    "ContactRecorded",
    "Content",
    "ConversationMerged",
    "ConversationUnattended",
    "CredentialRecorded",
    "Event",
    "GroupChanged",
    "HandoffRequested",
    "HandoffRule",
    "HandoffWish",
    "HandoffWithdrawn",
    "HeartbeatAtRisk",
    "HeartbeatLost",
    "HistoryChunkReceived",
    "HistoryCompleted",
    "HistoryDeclined",
    "HistoryMediaReceived",
    "InDoubtPolicy",
    "JsonObject",
    "LeaseRenewed",
    "MessageAccepted",
    "MessageBackfilled",
    "MessageClass",
    "MessageDelivered",
    "MessageDropped",
    "MessageEchoed",
    "MessageEdited",
    "MessageExpired",
    "MessageFailed",
    "MessageLeftInDoubt",
    "MessageLinkClicked",
    "MessagePlayed",
    "MessagePriced",
    "MessageRead",
    "MessageReceived",
    "MessageRefused",
    "MessageRejected",
    "MessageRevoked",
    "MessageSent",
    "MessageShadowed",
    "MessageSuperseded",
    "MessageUnavailable",
    "Model",
    "NumberErrorReported",
    "NumberPolicy",
    "NumberRecorded",
    "NumberState",
    "NumberStateChanged",
    "NumberWarned",
    "OneTime",
    "OpeningHours",
    "Origin",
    "OutcomeEvent",
    "Owner",
    "OwnerChanged",
    "OwnershipRecorded",
    "PassWish",
    "PlainPolicy",
    "Pricing",
    "Problem",
    "Quoted",
    "Restriction",
    "RestrictionKind",
    "Routed",
    "SendRequest",
    "Sender",
    "StatusEvent",
    "SyncDeadlineNear",
    "SyncDeadlinePassed",
    "SyncState",
    "Then",
    "ThenHandoff",
    "ThenPass",
    "ThreadControlChanged",
    "TurnClosed",
    "TurnMessage",
    "TurnOffered",
    "TurnWithdrawn",
    "WatermarkRecorded",
    "WebhookUnrecognised",
    "Week",
    "WindowClosed",
    "WindowClosing",
    "WindowOpened",
    "policy_by_hand",
    "short_name",
]
