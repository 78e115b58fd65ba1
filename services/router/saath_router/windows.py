"""The service window: 24 hours from a customer's message, in which anything may be sent. Pure."""

from datetime import datetime, timedelta

from saath.events import (
    Content,
    Event,
    MessageFailed,
    MessageReceived,
    MessageRejected,
    WindowClosed,
    WindowClosing,
    WindowOpened,
)
from saath_router.conversation import SERVICE_WINDOW, Conversation
from saath_router.facts import about, follow_id
from saath_router.ownership import Decision
from saath_router.policy import Policy

# Meta's answer to what was sent outside of the window.
WINDOW_IS_CLOSED = 131047
# A failure of what was sent before the customer wrote says nothing of the window they opened.
FAILED_LATER = timedelta(minutes=1)
OPENS_NO_WINDOW = frozenset({"system", "request_welcome"})


def opened(event: MessageReceived, state: Conversation, now: datetime) -> Decision:
    """The window is open from now on; nothing where it is open already, or over by now."""
    until = event.time + SERVICE_WINDOW
    if not opens_window(event.content) or state.window == "open" or until <= now:
        return ()
    if state.window == "closing" and state.window_until and until <= state.window_until:
        # Written before, or in the same second, as what has opened it: it closes when it did.
        return ()
    name = follow_id("window_opened", state, event.id)
    return (WindowOpened(id=name, until=until, **about(state, event.id, event.time)),)


def opens_window(content: Content) -> bool:
    """True for what a customer wrote to this number; false for Meta's own words, and for a group's."""
    return content.type not in OPENS_NO_WINDOW and "group_id" not in (content.model_extra or {})


def refused(event: Event, state: Conversation) -> Decision:
    """Meta says that the window is closed, whatever we believe; Meta's word is the truth."""
    if state.window is None or state.window_until is None or WINDOW_IS_CLOSED not in _codes(event):
        return ()
    if event.time < state.window_until - SERVICE_WINDOW + FAILED_LATER:
        return ()
    name = follow_id("window_closed", state, event.id)
    return (WindowClosed(id=name, rule="meta_said_so", **about(state, event.id, event.time)),)


def due_at(state: Conversation, policy: Policy) -> datetime | None:
    """When there is something to say of the window; ``None`` for never."""
    if state.window is None or state.window_until is None:
        return None
    if state.window == "open" and policy.window_closing:
        return state.window_until - policy.window_closing
    return state.window_until


def fire(state: Conversation, due: datetime) -> Decision:
    """What is said of the window at *due*."""
    until = state.window_until or due
    if due < until:
        name = follow_id("window_closing", state, until.isoformat())
        return (WindowClosing(id=name, until=until, **_about(state, due)),)
    name = follow_id("window_closed", state, until.isoformat())
    return (WindowClosed(id=name, rule="its_time_was_over", **_about(state, due)),)


def _about(state: Conversation, due: datetime) -> dict[str, object]:
    return {"time": due, "number": state.number, "conversation": state.id}


def _codes(event: Event) -> frozenset[int | None]:
    match event:
        case MessageFailed():
            return frozenset(problem.code for problem in event.errors)
        case MessageRejected():
            return frozenset({event.error.code})
        case _:
            return frozenset()
