"""A conversation's story, step by step: what happened, why, by which rule, and how soon. Pure."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import AwareDatetime, Field

from saath.events import (
    CallReported,
    Event,
    MessageEchoed,
    MessageEdited,
    MessageLinkClicked,
    MessageReceived,
    MessageRevoked,
    MessageUnavailable,
    Model,
    Origin,
    OutcomeEvent,
    StatusEvent,
    ThreadControlChanged,
    TurnOffered,
    TurnWithdrawn,
    short_name,
)
from saath.story.log import Logged, Story
from saath.story.names import shortened
from saath.story.reasons import because, epoch_of, rule_of
from saath.story.speech import Speech
from saath.story.state import State, evolve

_TOLD_BY_META = (
    MessageReceived, MessageUnavailable, MessageEchoed, MessageEdited, MessageRevoked, StatusEvent,
    CallReported, MessageLinkClicked, ThreadControlChanged,
)  # fmt: skip


class Step(Model):
    """
    One thing that happened.

    ``logged_after_ms`` is from when it happened to when the router had put it down; ``whole_seconds``:
    Meta says when only to the second, so it is that much at most. ``after_cause_ms`` is from the cause
    being put down to this, ``after_turn_ms`` from the bot being asked to this answer of its.
    """

    at: AwareDatetime
    happened: AwareDatetime
    type: str
    id: str
    conversation: str | None = None
    origin: Origin = "live"
    what: str
    because: str | None = None
    rule: str | None = None
    epoch: int | None = None
    logged_after_ms: int | None = None
    whole_seconds: bool = False
    cause: str | None = None
    after_cause_ms: int | None = None
    after_turn_ms: int | None = None
    count: int = 1
    place: str
    words: str | None = Field(default=None, repr=False)


def tell(story: Story, conversation: str, speech: Speech) -> tuple[Step, ...]:
    """Every event of *story* as a step, in order."""
    state, steps = State(conversation=conversation), list[Step]()
    for logged in story.log:
        steps.append(_step(logged, state, story, speech))
        state = evolve(state, logged)
    return tuple(steps)


def folded(steps: Sequence[Step]) -> tuple[Step, ...]:
    """*steps*, of each run of history one that says how many there were."""
    found: list[Step] = []
    for step in steps:
        last = found[-1] if found else None
        if last and step.origin == "history" == last.origin:
            count = last.count + 1
            what = f"{count} messages came with the phone's history, which never acts."
            found[-1] = step.model_copy(update={"count": count, "what": what, "words": None})
        else:
            found.append(step)
    return tuple(found)


def _step(logged: Logged, before: State, story: Story, speech: Speech) -> Step:
    event, cause = logged.event, story.cause(logged)
    named = event.id if speech.texts else shortened(event.id)
    source = cause.event.id if cause else event.causation
    return Step(
        at=logged.logged_at,
        happened=event.time,
        type=short_name(event.type),
        id=named,
        conversation=event.conversation,
        origin=event.origin,
        what=speech.what(event),
        because=None if event.origin == "history" else because(logged, before, story, speech),
        rule=rule_of(event),
        epoch=epoch_of(event),
        logged_after_ms=_logged_after(logged),
        whole_seconds=_in_whole_seconds(event),
        cause=source if source is None or speech.texts else shortened(source),
        after_cause_ms=_between(cause, logged) if _is_cause(cause, event) else None,
        after_turn_ms=_between(_turn_of(event, story), logged),
        place=logged.place,
        words=speech.words(event),
    )


def _is_cause(source: Logged | None, event: Event) -> bool:
    """False where a turn followed from what the log does not have, such as a command."""
    if source is None or not isinstance(event, TurnOffered | TurnWithdrawn):
        return True
    return event.causation in (None, source.event.id)


def _turn_of(event: Event, story: Story) -> Logged | None:
    if not isinstance(event, OutcomeEvent) or event.turn_id is None:
        return None
    turn = story.get(event.turn_id)
    return turn if turn and isinstance(turn.event, TurnOffered) else None


def _logged_after(logged: Logged) -> int | None:
    """Only of what happened outside: what the router itself decided has its cause's time."""
    event = logged.event
    if event.origin == "history" or not isinstance(event, (*_TOLD_BY_META, OutcomeEvent)):
        return None
    return max(0, _ms(logged.logged_at - event.time))


def _in_whole_seconds(event: Event) -> bool:
    return isinstance(event, _TOLD_BY_META) and event.time.microsecond == 0


def _between(first: Logged | None, then: Logged) -> int | None:
    if first is None or then.logged_at < first.logged_at:
        return None
    return _ms(then.logged_at - first.logged_at)


def _ms(lasted: timedelta) -> int:
    return round(lasted.total_seconds() * 1000)
