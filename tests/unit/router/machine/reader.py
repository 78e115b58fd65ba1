"""
Whoever reads the log of one conversation, and knows nothing else of it: what they may rely on.

Each check has a name, which is what a test says when it fails.
"""

from dataclasses import dataclass, field
from typing import Literal

from saath.events import (
    ConversationMerged,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    MessageLeftInDoubt,
    MessagePriced,
    MessageReceived,
    OutcomeEvent,
    OwnerChanged,
    StatusEvent,
    TurnClosed,
    TurnOffered,
    TurnWithdrawn,
    WindowClosed,
    WindowClosing,
    WindowOpened,
)
from saath_router.conversation import rank_of
from saath_router.facts import CALLS_ANEW
from saath_router.prices import price_mark

Window = Literal["open", "closing", "closed", "unknown"]
MAY_FOLLOW: dict[type[Event], frozenset[Window]] = {
    WindowOpened: frozenset({"closed", "closing", "unknown"}),
    WindowClosing: frozenset({"open", "unknown"}),
    WindowClosed: frozenset({"open", "closing", "unknown"}),
}


def ends_its_turn(fact: OutcomeEvent) -> bool:
    """The last of an answer, unless nobody knows, or the bot asks for more time."""
    more_time = isinstance(fact, TurnClosed) and fact.working_seconds
    return (
        fact.index == fact.total - 1 and not isinstance(fact, MessageLeftInDoubt) and not more_time
    )


@dataclass
class Reader:
    """What one who has read so far believes."""

    ids: set[str] = field(default_factory=set)
    owner: str = "bot"
    bot: str | None = None
    epoch: int = 0
    called: bool = False
    window: Window = "closed"
    ranks: dict[str, int] = field(default_factory=dict)
    prices: dict[str, set[bytes]] = field(default_factory=dict)
    offered: set[str] = field(default_factory=set)
    gone: bool = False

    def reads(self, fact: Event) -> None:
        """One more fact, in the order of the log."""
        self.one_event_per_fact(fact)
        self.silent_after_joining(fact)
        match fact:
            case OwnerChanged():
                self.epoch_rises_and_owners_chain(fact)
            case TurnOffered():
                self.turns_only_while_a_bot_holds(fact)
            case TurnWithdrawn():
                self.only_what_was_offered_is_withdrawn(fact)
            case HandoffRequested() | HandoffWithdrawn():
                self.calls_and_their_ends_alternate(fact)
            case WindowOpened() | WindowClosing() | WindowClosed():
                self.windows_open_and_close_in_turn(fact)
            case StatusEvent():
                self.statuses_never_go_back(fact)
            case MessagePriced():
                self.a_price_is_said_once(fact)
            case OutcomeEvent(turn_id=str() as turn) if ends_its_turn(fact):
                self.offered.discard(turn)
            case MessageReceived(origin="live"):
                assert fact.routed, "a customer's message without who answers it"

    def one_event_per_fact(self, fact: Event) -> None:
        assert fact.id not in self.ids, f"logged twice: {fact.type}"
        self.ids.add(fact.id)

    def silent_after_joining(self, fact: Event) -> None:
        assert not self.gone, f"{fact.type} in a conversation that was joined with another"
        if isinstance(fact, ConversationMerged):
            self.gone = fact.conversation == fact.merged

    def epoch_rises_and_owners_chain(self, fact: OwnerChanged) -> None:
        assert fact.epoch > self.epoch, "an owner changed and the epoch did not rise"
        assert fact.previous == self.owner, "not the owner whom the log named last"
        changes = (fact.owner, fact.bot or self.bot) != (self.owner, self.bot)
        # Whoever was called although a bot has it, is called off by a release: the bot is asked anew.
        anew = fact.rule == "merged" or self.called
        assert changes or not self.epoch or anew, "nobody else has it"
        self.owner, self.epoch, self.bot = fact.owner, fact.epoch, fact.bot or self.bot

    def turns_only_while_a_bot_holds(self, fact: TurnOffered) -> None:
        if not fact.shadow:
            assert self.owner == "bot", f"a turn while {self.owner} holds"
            assert fact.epoch == self.epoch, "a turn of an epoch that is not"
            assert self.bot in (None, fact.bot), "a turn for a bot that is not asked"
            self.offered.add(fact.id)

    def only_what_was_offered_is_withdrawn(self, fact: TurnWithdrawn) -> None:
        assert fact.turn_id in self.offered, "withdrawn, and not open"
        self.offered.discard(fact.turn_id)

    def calls_and_their_ends_alternate(self, fact: HandoffRequested | HandoffWithdrawn) -> None:
        calls = isinstance(fact, HandoffRequested)
        anew = isinstance(fact, HandoffRequested) and fact.rule in CALLS_ANEW
        assert anew or calls is not self.called, "called twice, or called off and not called"
        self.called = calls

    def windows_open_and_close_in_turn(
        self, fact: WindowOpened | WindowClosing | WindowClosed
    ) -> None:
        assert self.window in MAY_FOLLOW[type(fact)], f"{fact.type} while it is {self.window}"
        match fact:
            case WindowOpened():
                self.window = "open"
            case WindowClosing():
                self.window = "closing"
            case _:
                self.window = "closed"

    def statuses_never_go_back(self, fact: StatusEvent) -> None:
        assert rank_of(fact) > self.ranks.get(fact.message_id, -1), "a status went back"
        self.ranks[fact.message_id] = rank_of(fact)

    def a_price_is_said_once(self, fact: MessagePriced) -> None:
        known, said = self.prices.setdefault(fact.message_id, set()), price_mark(fact.pricing)
        assert said not in known, "a price was said twice"
        assert bool(fact.differs) is bool(known), "the first price differs from none"
        known.add(said)

    def is_joined_by(self, other: "Reader") -> None:
        """All that the *other* knew is true of this one now."""
        self.ranks = {
            message: max(self.ranks.get(message, -1), other.ranks.get(message, -1))
            for message in {**self.ranks, **other.ranks}
        }
        for message, prices in other.prices.items():
            self.prices[message] = self.prices.get(message, set()) | prices
        self.epoch = max(self.epoch, other.epoch)
        # The later window of the two holds, and it is not said again.
        self.window = "unknown"

    def forgets(self) -> None:
        """The conversation has left memory: it begins anew, but for its epoch and its ids."""
        assert not self.called, "a call is open, and would never be called off"
        self.owner, self.bot, self.window = "bot", None, "closed"
        self.offered = set()
