"""One conversation: whatever comes, twice, late and in any order, what must hold of it all the same."""

from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from tests.unit.router.build import CONVERSATION, NUMBER, accepted, at, backfilled, echoed, received
from tests.unit.router.build import unavailable as unreadable
from tests.unit.router.machine import drawn
from tests.unit.router.machine.budget import budget
from tests.unit.router.machine.events import (
    OUTCOMES,
    Outcome,
    called,
    changed_hands,
    edited,
    outcome_of,
    revoked,
    status_of,
)
from tests.unit.router.machine.one import OneConversation, replayed

from saath.events import Command, Content, Pricing, Problem, Then
from saath_router.answering import Around
from saath_router.policy import Policy
from saath_router.timers import due_at


class Conversation(OneConversation):
    """Everything that may be read, a clock that goes on, and policies that change meanwhile."""

    @initialize(policy=drawn.POLICIES)
    def begins(self, policy: Policy) -> None:
        self.told.policy = policy

    @rule(seconds=drawn.STEPS, around=drawn.AROUND, late=st.booleans())
    def time_goes_on(self, seconds: float, around: Around, late: bool) -> None:
        self.now += seconds
        if not late:  # as after an outage: what was written meanwhile is read first
            self.time_passes(around)

    @rule(message=drawn.MESSAGES, late=drawn.LATE, content=drawn.CONTENTS, around=drawn.AROUND)
    def customer_writes(self, message: str, late: float, content: Content, around: Around) -> None:
        self.hears(received(f"in-{message}", int(self.now - late), content), around)

    @rule(message=drawn.MESSAGES, late=drawn.LATE, around=drawn.AROUND)
    def metas_agent_is_written_to(self, message: str, late: float, around: Around) -> None:
        event = received(f"in-{message}", int(self.now - late))
        self.hears(event.model_copy(update={"standby": True}), around)

    @rule(
        message=drawn.MESSAGES,
        late=drawn.LATE,
        content=drawn.ECHOES,
        how=st.sampled_from(["", "", "", "automatic", "standby"]),
        around=drawn.AROUND,
    )
    def business_writes(
        self, message: str, late: float, content: Content, how: str, around: Around
    ) -> None:
        event = echoed(f"app-{message}", int(self.now - late), content)
        self.hears(event.model_copy(update={how: True}) if how else event, around)

    @rule(
        message=drawn.MESSAGES, late=drawn.LATE_OUTCOMES, by=st.sampled_from(["person", "campaign"])
    )
    def tool_writes(self, message: str, late: float, by: Literal["person", "campaign"]) -> None:
        self.hears(accepted(f"tool-{message}", self.now - late, by=by))

    @rule(message=drawn.MESSAGES, side=st.sampled_from(["in", "app", "old"]))
    def history_comes(self, message: str, side: str) -> None:
        author: Literal["customer", "business"] = "customer" if side == "in" else "business"
        self.hears(backfilled(f"{side}-{message}", int(self.now), author))

    @rule(
        message=drawn.MESSAGES,
        pick=st.integers(0, 9),
        kind=st.sampled_from(["sent", "delivered", "read", "failed"]),
        late=drawn.LATE,
        ours=st.booleans(),
        pricing=drawn.PRICES,
        errors=drawn.ERRORS,
    )
    def status_comes(
        self,
        message: str,
        pick: int,
        kind: str,
        late: float,
        ours: bool,
        pricing: Pricing | None,
        errors: tuple[Problem, ...],
    ) -> None:
        name = f"app-{message}"
        if ours and self.turns:
            name = f"out-{self.turns[pick % len(self.turns)].id}-0"
        when = self.now - late
        self.hears(status_of(kind, name, when, ours=ours, pricing=pricing, errors=errors))

    @rule(
        pick=st.integers(0, 9),
        kind=st.sampled_from(["accepted"] * 4 + [*OUTCOMES]),
        late=drawn.LATE_OUTCOMES,
        then=drawn.THENS,
        more=st.sampled_from([0, 0, 1]),
    )
    def bot_answers(
        self, pick: int, kind: Outcome, late: float, then: Then | None, more: int
    ) -> None:
        """The last turns first: who answers an old one has lost it mostly."""
        if self.turns:
            turn = self.turns[-1 - pick % len(self.turns)]
            when = max(self.now - late, (turn.time - at(0)).total_seconds())
            if (
                turn.shadow or kind == "shadowed"
            ):  # the sender tells one from the other by the token
                kind = "shadowed" if turn.shadow else "accepted"
            last = None if more else then  # it comes with the last of an answer's messages
            self.hears(outcome_of(kind, turn, when, 0, 1 + more, last))
            if more:
                self.hears(outcome_of(kind, turn, when, 1, 2, then))

    @rule(
        what=st.sampled_from(["take over", "release"]),
        name=st.sampled_from("12345"),
        epoch=st.sampled_from([None, None, "now", 1]),
        bot=st.sampled_from([None, None, "pictures"]),
    )
    def person_commands(
        self,
        what: Literal["take over", "release"],
        name: str,
        epoch: Literal["now", 1] | None,
        bot: str | None,
    ) -> None:
        seen = self.state.epoch if epoch == "now" else epoch
        asked = Command(
            id=f"{what[:1]}{name}{epoch}{bot}",
            number=NUMBER,
            command=what,
            conversation=CONVERSATION,
            epoch=seen,
            bot=bot if what == "release" else None,
        )
        self.is_told(asked)
        self.is_told(asked)

    @rule(name=st.sampled_from("1234"), late=drawn.LATE, holder=st.sampled_from(["meta", "app"]))
    def thread_changes_hands(self, name: str, late: float, holder: Literal["meta", "app"]) -> None:
        self.hears(changed_hands(f"thread-{name}", self.now - late, holder))

    @rule(message=drawn.MESSAGES, what=st.sampled_from(["edit", "revoke", "call", "stub"]))
    def something_else_comes(self, message: str, what: str) -> None:
        match what:
            case "edit":
                self.hears(edited(f"edit-{message}", f"in-{message}", self.now))
            case "revoke":
                self.hears(revoked(f"revoke-{message}", f"in-{message}", self.now))
            case "call":
                self.hears(called(message, self.now))
            case _:
                self.hears(unreadable(f"in-{message}", int(self.now)))

    @rule(policy=drawn.POLICIES)
    def policy_is_another(self, policy: Policy) -> None:
        self.told.policy = policy
        self.told.owed.answer = False  # a policy that was another is no promise

    @rule(pick=st.integers(0, 30))
    def something_is_delivered_again(self, pick: int) -> None:
        if not self.heard:
            return
        event, around = list(self.heard.values())[pick % len(self.heard)]
        known, before = event.id in self.told.reader.ids, self.state
        self.hears(event, around)
        assert not known or self.state == before

    @invariant()
    def the_log_alone_leads_to_the_same_state(self) -> None:
        assert replayed(self.told.log) == self.state

    def teardown(self) -> None:
        """Nothing stays pending, watched or due for ever."""
        for _ in range(4):  # asked, not answered, a person called, who does not come
            self.now += 100 * drawn.DAY
            self.time_passes(Around())
        state = self.state
        assert (state.pending, state.watched, state.window) == ((), {}, None)
        assert due_at(state, self.told.policy) is None


TestConversation = Conversation.TestCase
TestConversation.settings = budget(1, 40)
