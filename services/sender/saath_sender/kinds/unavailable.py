"""What the Cloud API knows, or the app, and a coexistence number cannot send; each refused by name. Pure."""

from collections.abc import Mapping

GROUPS = "a coexistence number reaches no groups through the API: they are the app's alone"
CALLS = "a coexistence number has no calls through the API: people call from the app"
CHANGES = "what was sent can be changed or deleted in the app only, within its time"
VIEW_ONCE = "view once is off on a coexistence number: send it without"
VANISHING = "disappearing messages are off on a coexistence number: send it without"

UNAVAILABLE: Mapping[str, str] = {
    "group_invite": GROUPS,
    "pin": GROUPS,
    "call": CALLS,
    "edit": CHANGES,
    "revoke": CHANGES,
    "live_location": "live location is off on a coexistence number: send a location",
    "order": "an order is what a customer sends; orders are kept in the app",
}

# Of the kinds of interactive messages.
UNAVAILABLE_INTERACTIVE: Mapping[str, str] = {
    "call_permission_request": CALLS,
    "voice_call": CALLS,
}
