"""A request at work, and the work of one number: what may be begun, what goes next. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from saath.events import OwnershipRecorded
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE
from saath_sender.lanes import Lane
from saath_sender.ledger import Doubt, Name, Origin
from saath_sender.outcomes import Message
from saath_sender.pace import Pace
from saath_sender.requests import Request

# A person before a bot before a campaign.
LANE_ORDER = (OUTBOUND_PEOPLE.name, OUTBOUND.name, OUTBOUND_BULK.name)


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

    @property
    def name(self) -> Name:
        """The ledger's name of the current message."""
        return Name(self.request.number, self.request.id, self.index)

    @property
    def origin(self) -> Origin:
        """Which record it came from."""
        return self.request.origin

    @property
    def is_mark(self) -> bool:
        """True where the current message is none, but a read mark."""
        return self.request.is_mark(self.index)

    @property
    def interactive(self) -> bool:
        """True where somebody waits for it: everything but campaigns."""
        return self.request.by != "campaign"

    @property
    def order(self) -> tuple[int, int]:
        """Whoever has the least goes first."""
        return LANE_ORDER.index(self.request.source.topic), self.request.source.offset

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


@dataclass(slots=True)
class NumberWork:
    """All work of one number. ``doubts`` is what may have arrived, also while it is sent again."""

    pace: Pace
    lanes: dict[str, Lane[Job]] = field(default_factory=dict)
    begun: list[Job] = field(default_factory=list)
    flying: set[str] = field(default_factory=set)
    doubts: dict[Name, Job] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """True when there is nothing to do and nothing to remember."""
        return not (self.flying or self.begun) and all(lane.clean for lane in self.lanes.values())

    def candidates(self, now: float) -> Iterator[Job]:
        """What may be begun, best first, and never two for one recipient."""
        taken = set(self.flying)
        for topic in LANE_ORDER:
            lane = self.lanes.get(topic)
            for job in [*lane.waiting.values()] if lane else ():
                if job.state is State.DOUBT or job.recipient in taken:
                    continue
                taken.add(job.recipient)
                if job.state is State.WAITING and job.not_before <= now:
                    yield job

    def due(self, now: float) -> list[Job]:
        """What was begun and may leave, best first."""
        ready = [j for j in self.begun if j.leased(now) and j.recipient not in self.flying]
        return sorted(ready, key=lambda job: job.order)

    def room(self, job: Job, ahead: int) -> bool:
        """Whether *job* may be begun on top of what is; an interactive one does not wait for bulk."""
        others = [j for j in self.begun if j.interactive or not job.interactive]
        return len(others) < ahead
