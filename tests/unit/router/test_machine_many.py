"""One partition: several customers known in several ways, restarts, eviction, joins, poison."""

from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from tests.unit.router.build import NUMBER, accepted, at, backfilled, echoed, received
from tests.unit.router.machine import drawn
from tests.unit.router.machine.budget import budget
from tests.unit.router.machine.events import Outcome, outcome_of
from tests.unit.router.machine.many import OnePartition

from saath.codec import decode, encode
from saath.events import Contact, ContactRecorded, Content, Then
from saath.kafka.records import Record
from saath.topics import CONTACTS, INBOUND, OUTCOMES
from saath_router.conversation import REMEMBERED_FOR

CUSTOMERS = st.integers(0, 2)
SHOWN = st.sampled_from(["phone", "user", "both"])
POISON = (b"{", b"[]", b"{}", b'{"contact": {"phone": "491510000"}}')
POLICIES: list[dict[str, Any] | None] = [
    None,
    {"answers": "new_contacts"},
    {"answers": "nobody"},
    {"answers": "shadow", "quiet_seconds": 5},
    {"answers": "everyone", "quiet_seconds": 5, "handoff": [{"name": "p", "when": {"words": "a person"}}]},
    {"answers": "everyone", "automatic_texts": [drawn.GREETING], "release_word": drawn.RELEASE},
    {"answers": "everyone", "human_reply_within_seconds": 60, "window_closing_seconds": 72000},
    {"answers": "everyone", "human_reply_within_seconds": 0, "window_closing_seconds": 0},
    {"answers": "perhaps"},
]  # fmt: skip


class ManyConversations(OnePartition):
    """What customers, the business, bots, tools and processes do, on one partition."""

    def __init__(self) -> None:
        super().__init__()
        self.changes = 0
        self.customers = [Contact(phone=f"49151000{n}", user_id=f"DE.{n}") for n in range(3)]

    def new(self, what: str) -> str:
        """An id that nothing had before."""
        self.changes += 1
        return f"{what}-{self.changes}"

    def shown(self, customer: int, how: str) -> Contact:
        """This customer as Meta says them now."""
        whole = self.customers[customer]
        hidden = {"phone": {"user_id": None}, "user": {"phone": None}}.get(how, {})
        return whole.model_copy(update=hidden)

    @rule(seconds=drawn.STEPS, late=st.booleans())
    def some_time_passes(self, seconds: float, late: bool) -> None:
        self.time_goes_on(seconds, late)

    def time_goes_on(self, seconds: float, late: bool) -> None:
        self.now += seconds
        if not late:
            self.time_passes()

    @rule(
        customer=CUSTOMERS,
        how=SHOWN,
        late=drawn.LATE_OR_AHEAD,
        content=drawn.CONTENTS,
        redriven=st.sampled_from([False, False, False, True]),
    )
    def customer_writes(
        self,
        customer: int,
        how: str,
        late: float,
        content: Content,
        redriven: bool,
    ) -> None:
        if content.type == "system":
            return
        event = received(self.new("in"), int(self.now - late), content)
        event = event.model_copy(update={"contact": self.shown(customer, how)})
        self.reads(event, redriven=redriven)

    @rule(customer=CUSTOMERS, how=SHOWN, late=drawn.LATE_OR_AHEAD, content=drawn.ECHOES)
    def business_writes(self, customer: int, how: str, late: float, content: Content) -> None:
        event = echoed(self.new("app"), int(self.now - late), content)
        self.reads(event.model_copy(update={"contact": self.shown(customer, how)}))

    @rule(customer=CUSTOMERS, how=SHOWN, echo=st.booleans(), after=st.integers(0, 8))
    def a_defect_stops_what_is_written(
        self, customer: int, how: str, echo: bool, after: int
    ) -> None:
        new, when = self.new("app" if echo else "in"), int(self.now)
        event = echoed(new, when) if echo else received(new, when)
        self.breaks_off(event.model_copy(update={"contact": self.shown(customer, how)}), after)

    @rule(customer=CUSTOMERS, how=SHOWN, author=st.sampled_from(["customer", "business"]))
    def history_comes(
        self, customer: int, how: str, author: Literal["customer", "business"]
    ) -> None:
        event = backfilled(self.new("old"), int(self.now), author)
        self.reads(event.model_copy(update={"contact": self.shown(customer, how)}))

    @rule(customer=CUSTOMERS, by=st.sampled_from(["person", "campaign"]))
    def tool_writes(self, customer: int, by: Literal["person", "campaign"]) -> None:
        event = accepted(self.new("tool"), self.now, by=by)
        to = self.customers[customer].phone
        self.reads(event.model_copy(update={"to": to}), topic=OUTCOMES)

    @rule(
        pick=st.integers(0, 5),
        kind=st.sampled_from(["accepted", "accepted", "closed", "working", "expired"]),
        then=drawn.THENS,
    )
    def bot_answers(self, pick: int, kind: Outcome, then: Then | None) -> None:
        # What a turn's request became is told within a week, and again within a week of that.
        week_ago = at(self.now - 7 * drawn.DAY)
        offered = [turn for turn in self.published.turns if turn.time > week_ago]
        if offered:
            turn = offered[-1 - pick % len(offered)]
            event = outcome_of(kind, turn, self.now, 0, 1, then)
            about: dict[str, Any] = {"conversation": turn.conversation}
            if "to" in type(event).model_fields:
                about["to"] = None
            self.reads(event.model_copy(update=about), topic=OUTCOMES)

    @rule(customer=CUSTOMERS, what=st.sampled_from(["phone", "user"]), told=SHOWN)
    def customer_is_known_by_something_else(self, customer: int, what: str, told: str) -> None:
        self.changes += 1
        now = self.customers[customer]
        new = (
            {"phone": f"49160{self.changes}"}
            if what == "phone"
            else {"user_id": f"DE.1{self.changes}"}
        )
        said: dict[str, Any] = {"type": "user_changed_number", "wa_id": new.get("phone")}
        if what == "user":
            said = {"type": "user_changed_user_id", "user_id": new["user_id"]}
            said["previous_user_id"] = now.user_id
        content = Content.model_validate({"type": "system", "system": said})
        event = received(self.new("system"), int(self.now), content)
        contact = self.shown(customer, "phone" if what == "phone" else told)
        self.customers[customer] = now.model_copy(update=new)
        self.reads(event.model_copy(update={"contact": contact}))

    @rule(
        customer=CUSTOMERS, what=st.sampled_from(["take over", "release"]), name=st.integers(0, 9)
    )
    def person_commands(self, customer: int, what: str, name: int) -> None:
        # Whoever writes a command twice does so within a week.
        week = int(self.now // (7 * drawn.DAY))
        about = {"id": f"{what[:1]}{customer}-{name}-{week}", "command": what}
        self.is_told({**about, "phone": self.customers[customer].phone})

    @rule(policy=st.sampled_from(POLICIES), name=st.integers(0))
    def policy_is_another(self, policy: dict[str, Any] | None, name: int) -> None:
        week = int(self.now // (7 * drawn.DAY))
        self.is_told({"id": f"p{name}-{week}", "command": "policy", "policy": policy})

    @rule(customer=CUSTOMERS, removed=st.booleans())
    def address_book_says(self, customer: int, removed: bool) -> None:
        said = ContactRecorded(
            id=self.new("book"),
            time=at(self.now),
            number=NUMBER,
            entry=f"e{customer}",
            contact=self.shown(customer, "phone"),
            removed=removed,
        )
        self.reads(said, topic=CONTACTS)

    @rule(value=st.sampled_from(POISON), customer=CUSTOMERS)
    def poison_comes(self, value: bytes, customer: int) -> None:
        headers, _ = encode(received("poison", 0))
        self.is_given([self.record(INBOUND, headers, value)])

    @rule(pick=st.integers(0, 20), count=st.integers(1, 5))
    def a_batch_is_delivered_again(self, pick: int, count: int) -> None:
        """
        All of it known: the log does not grow.

        A known gap is left out: what came under nothing but an identity that is nobody's by now is taken
        for somebody else's when it comes again.
        """
        records = [r for r in self.records if r.topic is INBOUND and r.value not in POISON]
        fresh = [record for record in records if self.is_remembered(record)]
        self.is_given(fresh[pick % len(fresh) :][:count] if fresh else [])

    def is_remembered(self, record: Record) -> bool:
        event = decode(record.headers, record.value)
        contact = getattr(event, "contact", Contact())
        identities = {contact.phone, contact.user_id} - {None}
        holds = any({whole.phone, whole.user_id} & identities for whole in self.customers)
        happened = min(event.time, record.appended_at)
        return holds and at(self.now) - happened < REMEMBERED_FOR

    @rule(compacted=st.booleans())
    def process_restarts(self, compacted: bool) -> None:
        self.restarts(compacted=compacted)

    @rule(days=st.sampled_from([9, 9, 40]), late=st.booleans())
    def idle_ones_leave_memory(self, days: int, late: bool) -> None:
        self.time_goes_on(days * drawn.DAY, late)

    @invariant()
    def owners_say_what_the_state_says(self) -> None:
        self.owners_are_as_published()

    @invariant()
    def the_joined_lead_to_the_one_that_stays(self) -> None:
        self.joined_lead_to_the_one_that_stays()

    def teardown(self) -> None:
        """Nothing stays pending, watched or due for ever; and all of it can leave memory."""
        for _ in range(4):
            self.now += 100 * drawn.DAY
            self.time_passes()
        states = [state for state in self.known().values() if state]
        assert [s for s in states if s.pending or s.watched or s.window] == []


TestManyConversations = ManyConversations.TestCase
TestManyConversations.settings = budget(0.5, 30)
