"""Whatever comes, twice and in any order: what must hold of a conversation all the same."""

import itertools
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.unit.router.build import (
    HOUR,
    Story,
    accepted,
    asked,
    at,
    backfilled,
    closed,
    echoed,
    handoff,
    received,
    rejected,
    status,
)

from saath.events import (
    ConversationUnattended,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    LeaseRenewed,
    MessageBackfilled,
    MessageReceived,
    OwnerChanged,
    StatusEvent,
    TurnOffered,
    TurnWithdrawn,
)
from saath_router.conversation import rank_of

FOLLOWING = (OwnerChanged, LeaseRenewed, TurnOffered, TurnWithdrawn, HandoffRequested)
MESSAGES = st.sampled_from([f"m{n}" for n in range(6)])
KINDS = st.sampled_from(["sent", "delivered", "read", "failed"])
# How long before now something happened: at once, a little late, or hours late.
LATE = st.sampled_from([0, 0, 0, 1, 5, 600, 3 * HOUR, 13 * HOUR])


class Conversation(RuleBasedStateMachine):
    """
    Events with delays, duplicates and reorderings, over days.

    Meta's ids name one fact each: a message is written by one side, at one time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.story = Story()
        self.heard: dict[str, Event] = {}
        self.turns: list[TurnOffered] = []

    def hears(self, event: Event) -> None:
        event = self.heard.setdefault(event.id, event)
        before = self.story.state
        decision = self.story.hears(event, self.now)
        self.turns += [fact for fact in decision if isinstance(fact, TurnOffered)]
        after = self.story.state
        assert after.epoch >= before.epoch
        if before.epoch and before.owner != after.owner:
            assert after.epoch > before.epoch
        if event.origin == "history":
            assert (
                after.model_copy(
                    update={
                        "seen_history": before.seen_history,
                        "contact": before.contact,
                        "history_asked_at": before.history_asked_at,
                    }
                )
                == before
            )
        if isinstance(event, MessageReceived) and before.owner == "human" and before.lease_until:
            held = at(self.now) < before.lease_until
            assert not (held and any(isinstance(fact, TurnOffered) for fact in decision))
        for fact in decision:
            if isinstance(fact, TurnOffered):
                assert (after.owner, fact.epoch) == ("bot", after.epoch)

    @rule(
        seconds=st.sampled_from([0.3, 1, 30, 400, HOUR, 13 * HOUR, 30 * HOUR]),
        timers_late=st.booleans(),
    )
    def time_goes_on(self, seconds: float, timers_late: bool) -> None:
        self.now += seconds
        before = self.story.state
        if timers_late:
            return  # as after an outage: what is written meanwhile is read first
        decision = self.story.waits(self.now)
        after = self.story.state
        assert self.story.waits(self.now) == ()
        for fact in decision:
            if isinstance(fact, OwnerChanged):
                assert (before.owner, fact.owner, after.watched) == ("bot", "human", {})
            if isinstance(fact, ConversationUnattended):
                assert after.owner == "human"

    @rule(message=MESSAGES, late=LATE)
    def customer_writes(self, message: str, late: float) -> None:
        self.hears(received(f"in-{message}", self.now - late))

    @rule(message=MESSAGES, late=LATE)
    def person_writes(self, message: str, late: float) -> None:
        self.hears(echoed(f"app-{message}", self.now - late))

    @rule(message=MESSAGES, late=LATE)
    def person_writes_from_a_tool(self, message: str, late: float) -> None:
        self.hears(accepted(f"tool-{message}", self.now - late, by="person"))

    @rule(message=MESSAGES, side=st.sampled_from(["in", "app", "old"]))
    def history_comes(self, message: str, side: str) -> None:
        author = "customer" if side == "in" else "business"
        self.hears(backfilled(f"{side}-{message}", self.now, author))  # type: ignore[arg-type]

    @rule(message=MESSAGES, kind=KINDS, late=LATE, ours=st.booleans())
    def status_comes(self, message: str, kind: str, late: float, ours: bool) -> None:
        side = "out" if ours else "app"
        self.hears(status(kind, f"{side}-{message}", self.now - late, ours=ours))

    @rule(pick=st.integers(0), message=MESSAGES, hands_over=st.booleans())
    def bot_answers(self, pick: int, message: str, hands_over: bool) -> None:
        if self.turns:
            turn = self.turns[pick % len(self.turns)]
            then = handoff("asked") if hands_over else None
            self.hears(accepted(f"out-{message}", self.now, turn, then=then))

    @rule(pick=st.integers(0), what=st.sampled_from(["done", "handoff", "working", "rejected"]))
    def bot_closes(self, pick: int, what: str) -> None:
        if not self.turns:
            return
        turn = self.turns[pick % len(self.turns)]
        match what:
            case "done":
                self.hears(closed(turn, self.now, "done"))
            case "handoff":
                self.hears(closed(turn, self.now, handoff("asked")))
            case "working":
                self.hears(closed(turn, self.now, working_seconds=60))
            case _:
                self.hears(rejected(turn, self.now))

    @rule(what=st.sampled_from(["take over", "release"]), name=st.sampled_from(["1", "2", "3"]))
    def command_comes(self, what: str, name: str) -> None:
        before = self.story.state
        command = asked(what, f"{what[:1]}{name}")  # type: ignore[arg-type]
        self.story.is_told(command, self.now)
        again = self.story.state
        assert self.story.is_told(command, self.now) == ()
        assert again.epoch >= before.epoch
        assert self.story.state.owner == again.owner

    @rule(pick=st.integers(0))
    def something_is_delivered_again(self, pick: int) -> None:
        if self.heard:
            event = list(self.heard.values())[pick % len(self.heard)]
            before = self.story.state
            known = event.id in {fact.id for fact in self.story.log}
            decision = self.story.hears(event, self.now)
            if known:
                assert (decision, self.story.state) == ((), before)
            else:
                self.turns += [fact for fact in decision if isinstance(fact, TurnOffered)]

    @invariant()
    def no_bot_is_watched_while_it_is_not_asked(self) -> None:
        if self.story.state.owner != "bot":
            assert self.story.state.watched == {}

    @invariant()
    def nothing_is_logged_twice(self) -> None:
        logged = Counter(fact.id for fact in self.story.log)
        assert {name: n for name, n in logged.items() if n > 1} == {}

    @invariant()
    def epochs_never_fall(self) -> None:
        epochs = [fact.epoch for fact in self.story.log if isinstance(fact, OwnerChanged)]
        assert epochs == sorted(set(epochs))

    @invariant()
    def statuses_never_go_backwards(self) -> None:
        ranks: dict[str, int] = {}
        for fact in self.story.log:
            if isinstance(fact, StatusEvent):
                assert rank_of(fact) > ranks.get(fact.message_id, -1)
                ranks[fact.message_id] = rank_of(fact)

    @invariant()
    def nothing_follows_from_history_or_a_status(self) -> None:
        silent = {
            fact.id for fact in self.story.log if isinstance(fact, MessageBackfilled | StatusEvent)
        }
        causes = {fact.causation for fact in self.story.log if isinstance(fact, FOLLOWING)}
        assert causes & silent == set()

    @invariant()
    def while_a_person_answers_no_turn_is_open(self) -> None:
        if self.story.state.owner == "human":
            assert self.story.state.turns == {}

    @invariant()
    def calls_for_a_person_and_their_ends_alternate(self) -> None:
        ended = [
            isinstance(fact, HandoffWithdrawn)
            for fact in self.story.log
            if isinstance(fact, HandoffRequested | HandoffWithdrawn)
        ]
        assert not any(a and b for a, b in itertools.pairwise(ended))


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
