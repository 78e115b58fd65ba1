"""When a phase of the history is finished, and what a replay of it takes. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from saath.events import HistoryChunkReceived
from saath_sync.ledger import History, Ledger, Phase, Replay, Taken, can_be_whole, whole

# Meta sends the media of so long before the connection, and no older.
MEDIA_FOR = timedelta(days=14)
# Meta has three phases, and what a number's ledger holds is written as one record: what is beyond these
# is history all the same, of which nothing says whether it is whole.
PHASES_MAX, CHUNKS_MAX, ORDER_MAX = 8, 10_000, 10**18


@dataclass(frozen=True, slots=True)
class Patience:
    """
    How long a phase must have been quiet: with every sign that it is whole, and without.

    With ``hold`` one that is not whole waits until somebody says that it shall be replayed all the same.
    """

    whole: timedelta
    incomplete: timedelta
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """What to replay next: a phase, or only media of messages that were replayed before."""

    phase: int | None
    only_media: bool = False


def phase_of(said: int | None) -> int | None:
    """The phase that is meant; ``None`` where none is said, or none that can be meant."""
    return said if said is not None and 0 <= said < PHASES_MAX else None


def seen_at(ledger: Ledger, offset: int) -> Ledger:
    """Note that a record of this number's history stands at *offset*."""
    history = ledger.history or History(first_offset=offset, next_offset=offset)
    return _with(ledger, history.model_copy(update={"next_offset": offset + 1}))


def media_received(ledger: Ledger, offset: int, now: datetime) -> Ledger:
    """Count a message's media. It may come before the message, with it, or long after its replay."""
    ledger = seen_at(ledger, offset)
    assert ledger.history is not None  # noqa: S101 # seen_at made it
    update = {"media_waiting": ledger.history.media_waiting + 1, "last_media_at": now}
    return _with(ledger, ledger.history.model_copy(update=update))


def asked_anew(ledger: Ledger) -> Ledger:
    """Meta is asked for it once more, in another onboarding: of what comes then nothing has come yet."""
    if ledger.history is None:
        return ledger
    return _with(ledger, ledger.history.model_copy(update={"anew": True}))


def chunk_received(
    ledger: Ledger, chunk: HistoryChunkReceived, offset: int, now: datetime
) -> Ledger:
    """Count a chunk. It may come in any order and more than once."""
    ledger = seen_at(ledger, offset)
    assert ledger.history is not None  # noqa: S101 # seen_at made it
    history = _begun_anew(ledger.history) if ledger.history.anew else ledger.history
    number = phase_of(chunk.phase)
    known = _phase(history, number) or Phase(phase=number, last_chunk_at=now)
    order = _order_of(chunk, known)
    orders = {*known.chunks, *(() if order is None else (order,))}
    phase = known.model_copy(
        update={
            **_counted(known, order),
            "chunks": tuple(sorted(orders)),
            # An empty chunk only tells of progress; there is nothing in it to replay.
            "waiting": known.waiting + (chunk.messages > 0),
            "last_chunk_at": now,
        }
    )
    progress = max(history.progress, min(chunk.progress or 0, 100))
    # Whoever sends chunks has not declined, whatever was said in an earlier onboarding.
    ledger = ledger.model_copy(update={"declined": None})
    return _with(ledger, _put(history.model_copy(update={"progress": progress}), phase))


def _begun_anew(history: History) -> History:
    """
    Another onboarding's history begins: its chunks are counted by themselves, and its messages go on.

    What waits of the one before is replayed with what comes, or as what nothing tells the wholeness of.
    """
    left = tuple(
        Phase(phase=p.phase, waiting=p.waiting, asked=p.asked, last_chunk_at=p.last_chunk_at)
        for p in history.phases
        if p.waiting
    )
    update = {"anew": False, "progress": 0, "phases": left, "earlier": _taken(history)}
    return history.model_copy(update=update)


def of_a_group(ledger: Ledger) -> Ledger:
    """Count what was left out because it was written in a group."""
    assert ledger.history is not None  # noqa: S101 # seen_at made it
    update = {"of_groups": ledger.history.of_groups + 1}
    return _with(ledger, ledger.history.model_copy(update=update))


def _order_of(chunk: HistoryChunkReceived, known: Phase) -> int | None:
    """Where the chunk stands in its phase; ``None`` where that is not said, or is past counting."""
    order = chunk.chunk
    if order is None or not 0 <= order < ORDER_MAX:
        return None
    return order if len(known.chunks) < CHUNKS_MAX or order in known.chunks else None


def _counted(phase: Phase, order: int | None) -> dict[str, int]:
    if order is None or not phase.chunks:
        return {}
    if order in phase.chunks:
        return {"repeated": phase.repeated + 1}
    return {"disordered": phase.disordered + (order < max(phase.chunks))}


def due(history: History, owned_since: datetime, now: datetime, patience: Patience) -> Due | None:
    """
    What to replay next: a finished phase; the oldest where several are finished, so that time runs forward.

    Once the end of the whole history was seen, the number's silence counts and not the phase's: then
    all phases that are left are finished at the same moment.

    Silence is counted from when this owner began to listen: what arrived while nobody was reading is
    read first.
    """
    if history.replay:
        return None
    last = max((p.last_chunk_at for p in history.phases), default=now)
    number_quiet = now - max(last, owned_since)

    def finished(phase: Phase) -> bool:
        if not phase.waiting or phase.asked:
            return phase.asked
        phase_quiet = now - max(phase.last_chunk_at, owned_since)
        quiet = number_quiet if history.progress >= 100 else phase_quiet
        # What nothing tells the wholeness of is not told of either, so nobody would say that it may go.
        held = patience.hold and can_be_whole(phase)
        if number_quiet >= patience.incomplete and not held:
            return True
        late = phase.replayed_until is not None
        return quiet >= patience.whole and (late or whole(history, phase))

    ripe = [phase for phase in history.phases if finished(phase)]
    if ripe:
        return Due(max(ripe, key=_age).phase)
    return Due(None, only_media=True) if _media_due(history, owned_since, now, patience) else None


def is_settled(history: History) -> bool:
    """Whether all that has come of it is replayed, whatever time passes."""
    waiting = history.media_waiting or any(phase.waiting for phase in history.phases)
    return history.replay is None and not waiting


def replay_asked(ledger: Ledger) -> Ledger | None:
    """Somebody wants what has come replayed as it is; ``None`` where nothing waits for that."""
    history = ledger.history
    waiting = [phase for phase in history.phases if phase.waiting] if history else []
    if history is None or not waiting:
        return None
    for phase in waiting:
        history = _put(history, phase.model_copy(update={"asked": True}))
    return _with(ledger, history)


def replay_begun(ledger: Ledger, what: Due, now: datetime) -> Ledger | None:
    """Fix what the next replay takes; ``None`` when there is nothing for it."""
    history = ledger.history
    if history is None or history.replay:
        return None
    until, since = history.next_offset, history.next_offset
    begun = history
    if not what.only_media:
        phase = _phase(history, what.phase)
        if phase is None or not phase.waiting:
            return None
        before = {taken.phase: taken.until for taken in _taken(history)}
        since = before.get(phase.phase, history.first_offset)
        taken = {"waiting": 0, "asked": False, "replayed_until": until}
        begun = _put(history, phase.model_copy(update=taken))
    elif not history.media_waiting:
        return None
    replay = Replay(
        phase=what.phase,
        since=since,
        until=until,
        media_since=history.first_offset if history.media_until is None else history.media_until,
        media_from=_media_from(ledger, now),
        before=_taken(history),
    )
    update = {"replay": replay, "media_waiting": 0, "media_until": until}
    return _with(ledger, begun.model_copy(update=update))


def replay_progressed(ledger: Ledger, replay: Replay, count: int, messages: int) -> Ledger | None:
    """
    Note that *count* more events of *replay* are out, *messages* of them messages.

    ``None`` when that is not where it stands.
    """
    history = ledger.history
    if history is None or history.replay != replay:
        return None
    onward = replay.model_copy(update={"done": replay.done + count})
    update = {"replay": onward, "replayed": history.replayed + messages}
    return _with(ledger, history.model_copy(update=update))


def replay_finished(ledger: Ledger, replay: Replay) -> Ledger | None:
    """Close *replay*; ``None`` when that is not where it stands."""
    history = ledger.history
    if history is None or history.replay != replay:
        return None
    return _with(ledger, history.model_copy(update={"replay": None}))


def _media_due(history: History, owned_since: datetime, now: datetime, patience: Patience) -> bool:
    """Media came, no phase's own replay will take it along, and no more of it came for a while."""
    if not history.media_waiting or history.last_media_at is None or not _taken(history):
        return False
    if any(phase.waiting and not _held(history, phase, patience) for phase in history.phases):
        return False
    return now - max(history.last_media_at, owned_since) >= patience.whole


def _held(history: History, phase: Phase, patience: Patience) -> bool:
    """Whether it waits for somebody's word, which may be days away, or will if nothing more of it comes."""
    late = phase.replayed_until is not None
    return patience.hold and can_be_whole(phase) and not (late or whole(history, phase))


def _taken(history: History) -> tuple[Taken, ...]:
    until = {taken.phase: taken.until for taken in history.earlier}
    for phase in history.phases:
        if phase.replayed_until is not None:
            until[phase.phase] = phase.replayed_until
    return tuple(Taken(phase=phase, until=offset) for phase, offset in until.items())


def _media_from(ledger: Ledger, now: datetime) -> datetime | None:
    """What Meta still sends the media of; ``None`` where nobody sends any."""
    if ledger.adopted:
        return None
    exchange = ledger.steps.get("exchange")
    connected_at = exchange.answered_at if exchange else None
    # Where it was connected elsewhere, that was not long ago, or no history would come.
    return (connected_at or now) - MEDIA_FOR


def _age(phase: Phase) -> int:
    return -1 if phase.phase is None else phase.phase


def _phase(history: History, number: int | None) -> Phase | None:
    return next((p for p in history.phases if p.phase == number), None)


def _put(history: History, phase: Phase) -> History:
    others = [p for p in history.phases if p.phase != phase.phase]
    return history.model_copy(update={"phases": tuple(sorted([*others, phase], key=_age))})


def _with(ledger: Ledger, history: History) -> Ledger:
    return ledger.model_copy(update={"history": history})
