"""What a record or a fact changes in a number's ledger, and what is published of it. Pure."""

from dataclasses import asdict, dataclass
from datetime import datetime

from saath.errors import PoisonRecord
from saath.events import (
    CredentialRecorded,
    Event,
    HistoryChunkReceived,
    HistoryDeclined,
    HistoryMediaReceived,
    MessageBackfilled,
)
from saath.identity import digest_id
from saath_sync import living, onboarding, phases
from saath_sync.description import Description, Place
from saath_sync.facts import (
    AdoptAsked,
    AppOpened,
    ConnectAsked,
    Fact,
    HistoryGiven,
    Probed,
    ReplayAsked,
    ReplayBegun,
    ReplayFinished,
    ReplayProgressed,
    StepAnswered,
    StepAsked,
    TokenObtained,
)
from saath_sync.ledger import DECLINED, Ledger
from saath_sync.living import Rules
from saath_sync.onboarding import StepRefused
from saath_sync.own_history import Chunk, chunk_event
from saath_sync.ready import Ready, Replayed
from saath_sync.replay import is_of_a_group

DECLINED_BY_THE_BUSINESS = 2593109


@dataclass(frozen=True, slots=True)
class Decision:
    """The ledger as it is from now on, and the events that say so."""

    ledger: Ledger
    credential: CredentialRecorded | None = None
    history: tuple[Event, ...] = ()
    backfill: tuple[Replayed, ...] = ()


def decide(event: Event, ledger: Ledger | None, offset: int, now: datetime) -> Ledger:
    """
    Count what has come of a number's history. Nothing else follows: history never acts.

    Raises:
        PoisonRecord: it does not belong on this topic.
    """
    if event.number is None:
        raise PoisonRecord(f"{event.type} without a number")
    # Webhooks come for a number that was connected elsewhere too; it works, or they would not come.
    ledger = ledger or Ledger(number=event.number, connected=True)

    match event:
        case MessageBackfilled():
            ledger = phases.seen_at(ledger, offset)
            return phases.of_a_group(ledger) if is_of_a_group(event) else ledger
        case HistoryMediaReceived():
            return phases.media_received(ledger, offset, now)
        case HistoryChunkReceived():
            return phases.chunk_received(ledger, event, offset, now)
        case HistoryDeclined():
            return ledger.model_copy(update={"declined": _reason(event)})
        case _:
            raise PoisonRecord(f"{event.type} is no history")


def decide_fact(fact: Fact, ledger: Ledger | None, now: datetime, rules: Rules) -> Decision:
    """
    Take over what happened inside.

    Raises:
        StepRefused: the step may not be asked now, or a replay does not stand where the fact says.
    """
    if isinstance(fact, ConnectAsked):
        # A number that works goes on as it did, until the code has given a token.
        works = ledger is not None and ledger.connected
        return Decision(ledger if ledger and works else _connect_asked(fact, ledger))
    if isinstance(fact, AdoptAsked):
        return _adopted(fact, ledger, now)
    if ledger is None:
        raise StepRefused(f"the number {fact.number} is not known here")

    match fact:
        case AppOpened():
            return Decision(living.app_seen(ledger, now, now, rules))
        case Probed(finding=finding, cause=cause, asked_at=asked_at):
            ledger = _described(ledger, fact.described)
            return Decision(living.probed(ledger, finding, cause, asked_at, rules))
        case HistoryGiven(chunk=chunk):
            return _given(chunk, ledger, now)
        case StepAsked():
            return Decision(_step_asked(fact, ledger, now))
        case StepAnswered(step=step, result=result):
            known = {"display_phone": fact.display_phone or ledger.display_phone}
            ledger = _described(ledger.model_copy(update=known), fact.described)
            return Decision(onboarding.answered(ledger, step, result, now))
        case TokenObtained(asked=asked):
            ledger = _connect_asked(asked, ledger) if asked else ledger
            ledger = onboarding.token_obtained(living.connected_anew(ledger, now), now)
            return Decision(ledger, credential=_credential(fact.number, fact.ciphertext, now))
        case ReplayAsked():
            return Decision(_replay_asked(ledger))
        case ReplayBegun() | ReplayProgressed() | ReplayFinished():
            return _replayed(fact, ledger, now)


def _step_asked(fact: StepAsked, ledger: Ledger, now: datetime) -> Ledger:
    record = ledger.steps.get(fact.step)
    ledger = onboarding.asked(ledger, fact.step, now, ask_unknown=fact.ask_unknown)
    first = record is None or onboarding.is_earlier(record)
    return phases.asked_anew(ledger) if fact.step == "history" and first else ledger


def _replay_asked(ledger: Ledger) -> Ledger:
    asked = phases.replay_asked(ledger)
    if asked is None:
        raise StepRefused("nothing of its history waits to be replayed")
    return asked


def _replayed(
    fact: ReplayBegun | ReplayProgressed | ReplayFinished, ledger: Ledger, now: datetime
) -> Decision:
    match fact:
        case ReplayBegun(due=due):
            return _replay(phases.replay_begun(ledger, due, now))
        case ReplayProgressed(replay=replay, events=events):
            messages = sum(isinstance(event, MessageBackfilled | Ready) for event in events)
            onward = phases.replay_progressed(ledger, replay, len(events), messages)
            return _replay(onward, tuple(_as_history(event) for event in events))
        case ReplayFinished(replay=replay):
            return _replay(phases.replay_finished(ledger, replay))


def _connect_asked(fact: ConnectAsked, ledger: Ledger | None) -> Ledger:
    """What was accepted once stays accepted: a new code does not give a one-time request back."""
    ledger = ledger or Ledger(number=fact.number)
    return ledger.model_copy(
        update={
            "account": fact.account,
            "policy": fact.policy,
            "wants_history": fact.wants_history,
            "adopted": False,
            "cap_per_second": fact.cap_per_second,
            **_place(fact.place),
        }
    )


def _place(said: Place) -> dict[str, str]:
    """What nothing is said of stays as it was said before."""
    return {name: value for name, value in asdict(said).items() if value}


def _described(ledger: Ledger, described: Description | None) -> Ledger:
    return ledger.model_copy(update={"described": described}) if described else ledger


def _adopted(fact: AdoptAsked, ledger: Ledger | None, now: datetime) -> Decision:
    ledger = onboarding.adopted(ledger, fact.number, fact.account, fact.policy, now)
    update = {"cap_per_second": fact.cap_per_second, **_place(fact.place)}
    ledger = ledger.model_copy(update=update)
    ledger = living.connected_anew(ledger, now)
    if fact.ciphertext is None:
        return Decision(ledger)
    return Decision(ledger, credential=_credential(fact.number, fact.ciphertext, now))


def _given(chunk: Chunk, ledger: Ledger, now: datetime) -> Decision:
    """An adopted number's own history goes where Meta's arrives, its chunk after its messages."""
    if not ledger.adopted:
        raise StepRefused(
            f"the number {ledger.number} was not adopted: its history comes from Meta, or not at all"
        )
    counted = chunk_event(chunk, ledger.number, now)
    return Decision(ledger, history=(*chunk.messages, counted))


def _credential(number: str, ciphertext: str, now: datetime) -> CredentialRecorded:
    return CredentialRecorded(
        id=digest_id("credential_", number, ciphertext),
        time=now,
        number=number,
        ciphertext=ciphertext,
    )


def _replay(ledger: Ledger | None, events: tuple[Replayed, ...] = ()) -> Decision:
    if ledger is None:
        # Another owner went on with it meanwhile, or it was told twice.
        raise StepRefused("the replay does not stand there any more")
    return Decision(ledger, backfill=events)


def _as_history(event: Replayed) -> Replayed:
    if isinstance(event, Ready):
        return event
    return event if event.origin == "history" else event.model_copy(update={"origin": "history"})


def _reason(event: HistoryDeclined) -> str:
    first = event.errors[0] if event.errors else None
    if first is None or first.code == DECLINED_BY_THE_BUSINESS:
        return DECLINED
    return f"{first.title or 'Meta could not fetch the history'} (Meta's error {first.code})"
