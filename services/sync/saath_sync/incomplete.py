"""A history of which not everything came: when that is said, and how. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from saath.events import HistoryIncomplete, IncompletePhase
from saath.identity import digest_id
from saath_sync.ledger import History, Ledger, Phase, can_be_whole, whole

HELD = (
    "saath number replay-history, or POST /numbers/{number}/history/replay, to have what has come "
    "replayed as it is; what comes later is replayed then."
)
GOES_ON = (
    "Nothing: what has come is replayed, and what comes later is replayed then. Meta sends nothing again "
    "by itself; for the rest have the business disconnect in the app and go through Embedded Signup again."
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a chunk is waited for, and whether what is there is then held."""

    patience: timedelta = timedelta(minutes=5)
    hold: bool = False


def next_due(ledger: Ledger, waiting: Waiting) -> datetime | None:
    """When it is to be said that phases are not whole, if nothing more comes until then."""
    history = ledger.history
    if history is None or not _untold(history):
        return None
    return max(phase.last_chunk_at for phase in history.phases) + waiting.patience


def said(
    ledger: Ledger, until: datetime, waiting: Waiting
) -> tuple[Ledger, HistoryIncomplete] | None:
    """The ledger and the event once it is said; ``None`` where nothing is to be said yet."""
    due, history = next_due(ledger, waiting), ledger.history
    if due is None or due > until or history is None:
        return None
    untold = _untold(history)
    event = HistoryIncomplete(
        id=digest_id("incomplete_", ledger.number, due.isoformat(), str([p.phase for p in untold])),
        time=due,
        number=ledger.number,
        phases=tuple(_described(phase) for phase in untold),
        progress=min(history.progress, 100),
        replays="held" if waiting.hold else "now",
        what_to_do=HELD if waiting.hold else GOES_ON,
    )
    phases = tuple(
        phase.model_copy(update={"told": True}) if phase in untold else phase
        for phase in history.phases
    )
    history = history.model_copy(update={"phases": phases})
    return ledger.model_copy(update={"history": history}), event


def _untold(history: History) -> list[Phase]:
    return [
        phase
        for phase in history.phases
        if can_be_whole(phase) and not phase.told and not whole(history, phase)
    ]


def _described(phase: Phase) -> IncompletePhase:
    return IncompletePhase(
        phase=phase.phase,
        received=len(phase.chunks),
        missing=phase.missing(),
    )
