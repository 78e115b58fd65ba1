"""One conversation and all that may happen to it: the ground on which the machine's rules stand."""

from dataclasses import dataclass, field
from datetime import datetime

from hypothesis.stateful import RuleBasedStateMachine
from tests.unit.router.build import CONVERSATION, NUMBER, at
from tests.unit.router.machine.checks import Step, check
from tests.unit.router.machine.reader import Reader
from tests.unit.router.machine.waiting import Owed

from saath.events import Command, Event, MessageEchoed, MessageReceived, TurnOffered
from saath_router.answering import Around
from saath_router.commanding import command, command_id
from saath_router.conversation import REMEMBERED_FOR, Conversation
from saath_router.decide import NOTHING_ELSE, acts, decide
from saath_router.evolve import evolve, remember
from saath_router.policy import Policy
from saath_router.timers import due_at, fire

FIRED_MAX = 20
INERT = frozenset({"too_old", "redriven"})


@dataclass(frozen=True)
class Remembered:
    """A command that was decided. Its id is in the state and deliberately not in the log."""

    name: str
    at: datetime


@dataclass
class Told:
    """A conversation, its log, and who reads the log."""

    policy: Policy = field(default_factory=Policy)
    state: Conversation = field(
        default_factory=lambda: Conversation(id=CONVERSATION, number=NUMBER)
    )
    log: list[Event | Remembered] = field(default_factory=list)
    reader: Reader = field(default_factory=Reader)
    owed: Owed = field(default_factory=Owed)


class OneConversation(RuleBasedStateMachine):
    """
    What a machine does with an event, a command and the clock; each step is checked.

    Meta's ids name one fact each: a message is written by one side, at one time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told = Told()
        self.now = 0.0
        self.heard: dict[str, tuple[Event, Around]] = {}
        self.commanded: dict[str, datetime] = {}
        self.turns: list[TurnOffered] = []

    @property
    def state(self) -> Conversation:
        return self.told.state

    def hears(self, event: Event, around: Around = NOTHING_ELSE) -> None:
        """*event* is read now; where its id was heard before, what was heard then."""
        now, again = at(self.now), event.id in self.heard
        event, around = self.heard.setdefault(event.id, (event, around))
        if again and now - event.time >= REMEMBERED_FOR:
            return  # nobody delivers it again so late, and its id is forgotten
        if not isinstance(event, MessageReceived | MessageEchoed):
            around = NOTHING_ELSE  # only of these the log says that they were redriven
        acting = around.may_act and acts(event, self.state, now)
        decision = decide(event, self.state, self.told.policy, now, around)
        self.goes_on(event, decision, acting=acting)

    def is_told(self, asked: Command) -> None:
        """A command; the same one again changes nothing, for as long as ids are remembered."""
        now, known = at(self.now), command_id(asked) in self.commanded
        if now - self.commanded.setdefault(command_id(asked), now) >= REMEMBERED_FOR:
            return
        decision = command(asked, self.state, self.told.policy, now, now, NOTHING_ELSE)
        assert not (known and decision), "a command was carried out twice"
        self.told.state = remember(self.state, command_id(asked), now)
        self.told.log.append(Remembered(command_id(asked), now))
        self.goes_on(None, decision)

    def time_passes(self, around: Around) -> None:
        """Whatever is due by now, one after the other."""
        now, policy = at(self.now), self.told.policy
        for _ in range(FIRED_MAX):
            due = due_at(self.state, policy)
            facts = fire(self.state, policy, now, now, around)
            if due is None or due > now:
                assert facts == (), "a timer fired before its time, or twice"
                return
            assert facts, "a timer came up and said nothing"
            self.goes_on(None, facts)
        raise AssertionError("timers go on and on")

    def goes_on(
        self, event: Event | None, facts: tuple[Event, ...], *, acting: bool = True
    ) -> None:
        told, before = self.told, self.state
        for fact in facts:
            told.state = evolve(told.state, fact, acts=acting)
            told.reader.reads(fact)
        told.log += facts
        self.turns += [fact for fact in facts if isinstance(fact, TurnOffered)]
        step = Step(event, before, facts, told.state, told.policy, at(self.now))
        check(step)
        told.owed.goes_on(step)


def replayed(log: list[Event | Remembered]) -> Conversation:
    """The state that the log alone leads to."""
    state = Conversation(id=CONVERSATION, number=NUMBER)
    for entry in log:
        if isinstance(entry, Remembered):
            state = remember(state, entry.name, entry.at)
        else:
            state = evolve(state, entry, acts=not _says_it_is_inert(entry))
    return state


def _says_it_is_inert(fact: Event) -> bool:
    match fact:
        case MessageReceived(routed=routed) if routed:
            return routed.rule in INERT
        case MessageEchoed(rule=rule):
            return rule in INERT
        case _:
            return False
