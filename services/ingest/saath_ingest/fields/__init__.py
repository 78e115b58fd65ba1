"""What each webhook field means: one file a field, a change in, our events out. Pure."""

from collections.abc import Callable, Mapping

from saath_ingest.fields import (
    accounts,
    calls,
    groups,
    history,
    messages,
    messaging_handovers,
    smb_app_state_sync,
    smb_message_echoes,
    standby,
    user_id_update,
    user_preferences,
)
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.unrecognised import unrecognised

Reader = Callable[[Change], tuple[Placed, ...]]

FIELDS: Mapping[str, Reader] = {
    "messages": messages.read,
    "smb_message_echoes": smb_message_echoes.read,
    "smb_app_state_sync": smb_app_state_sync.read,
    "history": history.read,
    "calls": calls.read,
    "user_preferences": user_preferences.read,
    "user_id_update": user_id_update.read,
    "standby": standby.read,
    "messaging_handovers": messaging_handovers.read,
    **dict.fromkeys(groups.GROUP_FIELDS, groups.read),
    **dict.fromkeys(accounts.ACCOUNT_FIELDS, accounts.read),
}


def events_of(change: Change) -> tuple[Placed, ...]:
    """What *change* says, each event with its topic; never nothing, and never an exception."""
    reader = FIELDS.get(change.field)
    if reader is None:
        return (unrecognised(change, "no reader for this field"),)
    try:
        return reader(change)
    except Unreadable as error:
        return (unrecognised(change, str(error)),)
    except Exception as error:
        # As in ``attempt``: our own mistake must not send a whole body back.
        return (unrecognised(change, f"the reader failed: {type(error).__name__}"),)
