"""A request at work, and the work of one number: what may be begun, what goes next. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from saath.events import OwnershipRecorded
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE
from saath_sender.causes import Cause
from saath_sender.lanes import Lane
from saath_sender.ledger import Doubt, Name, Origin
from saath_sender.outcomes import Message
from saath_sender.pace import Pace
from saath_sender.requests import Request

# What a request takes in memory besides its own bytes, rounded up.
JOB_BYTES = 3072
# A person before a bot before a campaign.
LANE_ORDER = (OUTBOUND_PEOPLE.name, OUTBOUND.name, OUTBOUND_BULK.name)


def whom_of(recipient: str) -> int:
    """A recipient's name as a number, where there are so many of them that a text is too much."""
    return hash(recipient)


class State(Enum):
    """Where a request's current message stands."""

    WAITING = auto()
    BEGUN = auto()  # in the ledger; may leave while its lease lasts
    FLYING = auto()  # given to the Graph client
    DOUBT = auto()  # nobody knows whether it arrived


@dataclass(slots=True, eq=False)
class Job:
    """
    A request at work: its messages go one after the other, ``index`` is the one whose turn it is.

    ``recipient`` names whom it goes to: what goes to one of them is strictly serial. ``lease_until``
    is ``None`` until the transaction that begins it is committed. All times are in boot seconds.
    ``held_by`` is what has held it for long when it was last looked at.
    """

    request: Request
    recipient: str
    loaded_at: float
    index: int = 0
    state: State = State.WAITING
    lease_until: float | None = None
    not_before: float = 0.0
    tries: int = 0
    unreached: int = 0
    attempt: int = 1
    doubt: Doubt | None = None
    held_by: Cause | None = None
    # Which record it came from; whoever has the least ``order`` goes first; ``interactive`` is where
    # somebody waits for it: everything but campaigns. Asked many times for each message.
    origin: Origin = field(init=False)
    order: tuple[int, int] = field(init=False)
    interactive: bool = field(init=False)
    whom: int = field(init=False)
    _name: Name = field(init=False)

    def __post_init__(self) -> None:
        request = self.request
        self.origin = request.origin
        self.order = (LANE_ORDER.index(self.origin.topic), self.origin.offset)
        self.interactive = self.origin.topic != OUTBOUND_BULK.name
        self.goes_to(self.recipient)
        self._name = Name(request.number, request.id, self.index)

    def goes_to(self, recipient: str) -> None:
        """This is what the recipient is known by now."""
        self.recipient, self.whom = recipient, whom_of(recipient)

    @property
    def name(self) -> Name:
        """The ledger's name of the current message."""
        if self._name.index != self.index:
            self._name = Name(self.request.number, self.request.id, self.index)
        return self._name

    @property
    def is_mark(self) -> bool:
        """True where the current message is none, but a read mark."""
        return self.request.is_mark(self.index)

    @property
    def fresh(self) -> bool:
        """True where nothing has been done for it yet, so that it may be read again as it was."""
        untried = not (self.index or self.tries or self.unreached or self.doubt)
        return self.state is State.WAITING and untried and self.attempt == 1

    @property
    def lets_pass(self) -> bool:
        """
        True where what comes after it, to the same recipient, need not wait for it.

        It is in doubt, and will not be sent again. One that may be would come after what was to follow it.
        """
        again = self.request.in_doubt == "resend" and self.attempt == 1
        return self.state is State.DOUBT and not again

    def message(self, owner: OwnershipRecorded | None) -> Message:
        """The current message, for its outcome."""
        token = self.request.token
        known = owner.conversation if owner else None
        return Message(self.request, self.index, token.conversation if token else known)

    def leased(self, now: float) -> bool:
        """True while it may leave on the word of a committed record."""
        return (
            self.state in (State.BEGUN, State.FLYING)
            and self.lease_until is not None
            and now < self.lease_until
        )


@dataclass(slots=True, eq=False)
class NumberWork:
    """
    All work of one number. ``doubts`` is what may have arrived, also while it is sent again.

    ``look_at`` is when there may be something to begin: whatever changes what may be begun brings it
    forward, so that nobody looks through lanes in which nothing has changed. ``bulk_waited`` is how
    many others left while one of bulk could have. ``some_held``: something was found to be held for long.
    """

    pace: Pace
    lanes: dict[str, Lane[Job]] = field(default_factory=dict)
    begun: list[Job] = field(default_factory=list)
    flying: set[str] = field(default_factory=set)
    doubts: dict[Name, Job] = field(default_factory=dict)
    look_at: float = 0.0
    bulk_waited: int = 0
    some_held: bool = False
    _by_recipient: dict[str, list[Job]] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """True when there is nothing to do and nothing to remember."""
        return not (self.flying or self.begun) and all(lane.clean for lane in self.lanes.values())

    def add(self, job: Job) -> None:
        """*job* is loaded."""
        self._by_recipient.setdefault(job.recipient, []).append(job)
        self.look_at = 0.0

    def remove(self, job: Job) -> None:
        """*job* is over."""
        others = self._by_recipient[job.recipient]
        others.remove(job)
        if not others:
            del self._by_recipient[job.recipient]

    def rename(self, recipient: str, known_as: str) -> None:
        """*recipient* is known by another name from now on, and what goes there is as serial."""
        jobs = self._by_recipient.pop(recipient, [])
        for job in jobs:
            job.goes_to(known_as)
        if jobs:
            self._by_recipient.setdefault(known_as, []).extend(jobs)
        if recipient in self.flying:
            self.flying.remove(recipient)
            self.flying.add(known_as)
        for lane in self.lanes.values():
            if lane.parked:
                lane.parked.rename(whom_of(recipient), whom_of(known_as))

    def held_no_more(self, recipient: str) -> None:
        """What held *recipient*'s may hold them no more, so they are not parked for it but looked at."""
        for job in self._by_recipient.get(recipient, ()):
            if job.held_by and job.state is State.WAITING:
                job.held_by, job.not_before, self.look_at = None, 0.0, 0.0

    def candidates(self, topic: str, now: float) -> Iterator[Job]:
        """
        What of one lane may be begun, best first, and never two for one recipient.

        Of what is not yet time it notes when it will be.
        """
        lane = self.lanes.get(topic)
        parked = any(each.parked for each in self.lanes.values())
        for job in [*lane.waiting.values()] if lane else ():
            if job.state is State.WAITING and not self._behind_another(job, parked=parked):
                if job.not_before <= now:
                    yield job
                else:
                    self.look_at = min(self.look_at, job.not_before)

    def due(self, now: float, bulk_one_in: int) -> list[Job]:
        """What was begun and may leave, best first; bulk is, once it has waited for so many."""
        ready = [j for j in self.begun if j.leased(now) and j.recipient not in self.flying]
        if len(ready) > 1:
            ready.sort(key=_order)
            if self.bulk_waited >= bulk_one_in - 1 and not ready[-1].interactive:
                ready.sort(key=_bulk_first)
        return ready

    def run_out(self, now: float) -> list[Job]:
        """What was begun and has not left before its lease was over."""
        return [j for j in self.begun if j.lease_until is not None and not j.leased(now)]

    def took(self, job: Job) -> None:
        """*job* leaves, and has not been taken out of what is begun yet: count whose turn it was."""
        if not job.interactive:
            self.bulk_waited = 0
        elif any(not other.interactive for other in self.begun):
            self.bulk_waited += 1

    def room(self, topic: str, ahead: int) -> int:
        """
        How many of this lane may be begun on top of what is.

        What somebody waits for does not wait for bulk to leave first; and one of bulk is always begun, for
        its turn.
        """
        interactive = sum(1 for job in self.begun if job.interactive)
        if topic != OUTBOUND_BULK.name:
            return ahead - interactive
        bulk = len(self.begun) - interactive
        return max(ahead - interactive - bulk, 0 if bulk else 1)

    def parked_before(self, job: Job) -> Cause | None:
        """What holds something to the same recipient that goes before *job*; ``None`` if nothing does."""
        own, offset = job.origin.topic, job.origin.offset
        for topic in LANE_ORDER[: job.order[0] + 1]:
            lane = self.lanes.get(topic)
            if lane and lane.parked:
                before = offset if topic == own else None
                if cause := lane.parked.cause_before(job.whom, before):
                    return cause
        return None

    def _behind_another(self, job: Job, *, parked: bool) -> bool:
        """Whether something to the same recipient goes before it, or is on its way."""
        if job.recipient in self.flying:
            return True
        others = self._by_recipient.get(job.recipient, ())
        if any(other.order < job.order and not other.lets_pass for other in others):
            return True
        return parked and self.parked_before(job) is not None


def _order(job: Job) -> tuple[int, int]:
    return job.order


def _bulk_first(job: Job) -> tuple[bool, tuple[int, int]]:
    return job.interactive, job.order
