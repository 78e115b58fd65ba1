"""Which events stand on which topic: the one table, for documents and for people. Pure."""

from collections.abc import Mapping

from pydantic import BaseModel

from saath.events import (
    EVENTS,
    AccountUpdated,
    BotAnsweredAgain,
    BotFellSilent,
    CallReported,
    Command,
    CommandRefused,
    ContactChanged,
    ContactIdentityChanged,
    ContactPreferenceChanged,
    ContactRecorded,
    ConversationMerged,
    ConversationUnattended,
    CostsRecorded,
    CredentialRecorded,
    Event,
    GroupChanged,
    HandoffRequested,
    HandoffWithdrawn,
    HeartbeatAtRisk,
    HeartbeatLost,
    HistoryChunkReceived,
    HistoryCompleted,
    HistoryDeclined,
    HistoryIncomplete,
    HistoryMediaReceived,
    LeaseRenewed,
    MessageBackfilled,
    MessageEchoed,
    MessageEdited,
    MessageLinkClicked,
    MessagePriced,
    MessageReceived,
    MessageRevoked,
    MessageUnavailable,
    NumberErrorReported,
    NumberPaused,
    NumberRecorded,
    NumberResumed,
    NumberStateChanged,
    NumberWarned,
    OutcomeEvent,
    OwnerChanged,
    OwnershipRecorded,
    SendRequest,
    StatusEvent,
    SyncDeadlineNear,
    SyncDeadlinePassed,
    ThreadControlChanged,
    TurnOffered,
    TurnWithdrawn,
    WatermarkRecorded,
    WebhookUnrecognised,
    WindowClosed,
    WindowClosing,
    WindowOpened,
    short_name,
)
from saath.topics import (
    ACCOUNTS,
    BACKFILL,
    COMMANDS,
    CONTACTS,
    CONVERSATIONS,
    COSTS,
    CREDENTIALS,
    HANDOFFS,
    HISTORY,
    INBOUND,
    NUMBER_EVENTS,
    NUMBERS,
    OUTBOUND,
    OUTBOUND_BULK,
    OUTBOUND_PEOPLE,
    OUTCOMES,
    OWNERS,
    TURNS,
    Topic,
)

Entry = type[BaseModel]


def _all(base: type[Event]) -> tuple[Entry, ...]:
    return tuple(model for model in EVENTS.values() if issubclass(model, base))


_STATUSES, _OUTCOMES = _all(StatusEvent), _all(OutcomeEvent)
_LIVE: tuple[Entry, ...] = (
    MessageReceived,
    MessageUnavailable,
    MessageEchoed,
    MessageEdited,
    MessageRevoked,
    *_STATUSES,
    MessageLinkClicked,
    CallReported,
    ContactPreferenceChanged,
    ContactIdentityChanged,
    ThreadControlChanged,
)

# What stands on which topic. State and dead-letter topics are not here: the first are private, and on
# the second a record is whatever it was where it came from.
CHANNELS: Mapping[Topic, tuple[Entry, ...]] = {
    INBOUND: _LIVE,
    HISTORY: (MessageBackfilled, HistoryMediaReceived, HistoryChunkReceived, HistoryDeclined),
    BACKFILL: (
        MessageBackfilled,
        MessageEdited,
        MessageRevoked,
        HistoryMediaReceived,
        HistoryCompleted,
    ),
    ACCOUNTS: (
        AccountUpdated,
        ContactChanged,
        NumberErrorReported,
        GroupChanged,
        WebhookUnrecognised,
    ),
    OUTBOUND: (SendRequest,),
    OUTBOUND_PEOPLE: (SendRequest,),
    OUTBOUND_BULK: (SendRequest,),
    COMMANDS: (Command,),
    OUTCOMES: (*_OUTCOMES, NumberPaused, NumberResumed),
    CONVERSATIONS: (
        *_LIVE,
        MessageBackfilled,
        HistoryMediaReceived,
        HistoryCompleted,
        OwnerChanged,
        LeaseRenewed,
        ConversationUnattended,
        ConversationMerged,
        WindowOpened,
        WindowClosing,
        WindowClosed,
        MessagePriced,
        CommandRefused,
        *_OUTCOMES,
    ),
    TURNS: (TurnOffered, TurnWithdrawn),
    HANDOFFS: (HandoffRequested, HandoffWithdrawn, BotFellSilent, BotAnsweredAgain),
    OWNERS: (OwnershipRecorded, WatermarkRecorded),
    CONTACTS: (ContactRecorded,),
    NUMBERS: (NumberRecorded,),
    NUMBER_EVENTS: (
        NumberStateChanged,
        NumberWarned,
        HeartbeatAtRisk,
        HeartbeatLost,
        SyncDeadlineNear,
        SyncDeadlinePassed,
        HistoryIncomplete,
    ),
    COSTS: (CostsRecorded,),
    CREDENTIALS: (CredentialRecorded,),
}


def entry_name(model: Entry) -> str:
    """``message.received.v1`` for an event; ``send_request`` and ``command`` for bare JSON."""
    if issubclass(model, Event):
        return short_name(model.model_fields["type"].default)
    return "send_request" if model is SendRequest else "command"
