"""What happens inside sync, told to the loop of the number's partition. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from saath.events import NumberPolicy
from saath_sync.description import Description, Place
from saath_sync.ledger import Replay, Step
from saath_sync.life import Finding
from saath_sync.onboarding import Result
from saath_sync.own_history import Chunk
from saath_sync.phases import Due
from saath_sync.ready import Replayed


@dataclass(frozen=True, slots=True)
class ConnectAsked:
    """Somebody wants a number connected, and says how it shall be answered."""

    number: str
    account: str
    policy: NumberPolicy
    wants_history: bool
    cap_per_second: int = 20
    place: Place = field(default_factory=Place)


@dataclass(frozen=True, slots=True)
class AdoptAsked:
    """A number that was connected elsewhere is ours from now on; *ciphertext* is its own token, if any."""

    number: str
    account: str
    policy: NumberPolicy
    ciphertext: str | None = field(default=None, repr=False)
    cap_per_second: int = 20
    place: Place = field(default_factory=Place)


@dataclass(frozen=True, slots=True)
class HistoryGiven:
    """Some of an adopted number's history, from whoever has it."""

    number: str
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class TokenObtained:
    """Meta gave a token for the code; *asked* is what it was sent for."""

    number: str
    ciphertext: str = field(repr=False)
    asked: ConnectAsked | None = None


@dataclass(frozen=True, slots=True)
class StepAsked:
    """A call is about to be made."""

    number: str
    step: Step
    ask_unknown: bool = False


@dataclass(frozen=True, slots=True)
class StepAnswered:
    """A call was answered, or is known not to have been."""

    number: str
    step: Step
    result: Result
    display_phone: str | None = field(default=None, repr=False)
    described: Description | None = None


@dataclass(frozen=True, slots=True)
class ReplayAsked:
    """Somebody wants what has come of a number's history replayed as it is."""

    number: str


@dataclass(frozen=True, slots=True)
class ReplayBegun:
    """Something is due to be replayed."""

    number: str
    due: Due


@dataclass(frozen=True, slots=True)
class ReplayProgressed:
    """The next events of a replay, in their order."""

    number: str
    replay: Replay
    events: tuple[Replayed, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReplayFinished:
    """All messages of a replay are out."""

    number: str
    replay: Replay


@dataclass(frozen=True, slots=True)
class AppOpened:
    """A person says that the app was opened on the phone, at this moment."""

    number: str


@dataclass(frozen=True, slots=True)
class Probed:
    """We asked Meta how the number stands; *cause* is its answer in a few words."""

    number: str
    finding: Finding
    cause: str
    asked_at: datetime
    described: Description | None = None


Fact = (
    ConnectAsked
    | AdoptAsked
    | HistoryGiven
    | TokenObtained
    | StepAsked
    | StepAnswered
    | ReplayAsked
    | ReplayBegun
    | ReplayProgressed
    | ReplayFinished
    | AppOpened
    | Probed
)
