"""The ledger as Kafka keeps it: one record a number in the changelog, and the public one. Pure."""

from datetime import datetime, timedelta

from saath.events import NumberRecorded
from saath.identity import digest_id
from saath_sync.description import Description
from saath_sync.ledger import Ledger, gaps, history_due_at, history_state, sync_state, waited_for
from saath_sync.life import state_of


def snapshot(ledger: Ledger) -> bytes:
    """The ledger as it goes into the changelog."""
    return ledger.model_dump_json(exclude_none=True).encode()


def restore(value: bytes) -> Ledger:
    """Read a ledger back."""
    return Ledger.model_validate_json(value)


def recorded(ledger: Ledger, now: datetime, history_patience: timedelta) -> NumberRecorded:
    """What everybody may know of the number."""
    history = ledger.history
    problems = [step.problem for step in ledger.steps.values() if step.problem]
    state = history_state(ledger)
    if state == "failed" and ledger.declined:
        problems.append(ledger.declined)
    if history and waited_for(ledger):
        problems.extend(filter(None, [gaps(history)]))
    return NumberRecorded(
        id=digest_id("number_", ledger.number, now.isoformat()),
        time=now,
        number=ledger.number,
        state=state_of(ledger.life, works=ledger.connected),
        restrictions=ledger.life.restrictions,
        templates=ledger.templates,
        account=ledger.account,
        display_phone=ledger.display_phone,
        **(ledger.described or Description()).model_dump(),
        cap_per_second=ledger.cap_per_second,
        policy=ledger.policy,
        contacts_sync=sync_state(ledger.steps.get("contacts")),
        history_sync=state,
        history_progress=min(history.progress, 100) if history else 0,
        history_messages=history.replayed if history else 0,
        history_due_at=history_due_at(ledger, history_patience),
        problem=problems[0] if problems else None,
    )


def differs(new: NumberRecorded, old: NumberRecorded | None) -> bool:
    """Whether *new* says anything that *old* did not."""
    if old is None:
        return True
    return new.model_copy(update={"id": old.id, "time": old.time}) != old
