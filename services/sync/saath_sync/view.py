"""A number as people and tools are shown it. Pure."""

from datetime import datetime

from saath.events import JsonObject
from saath_sync import advice, onboarding
from saath_sync.description import Description
from saath_sync.ledger import History, Ledger, Step, gaps, history_state, sync_state, waited_for
from saath_sync.life import state_of


def shown(ledger: Ledger, now: datetime) -> JsonObject:
    """The number's state, and each step with what to do about it where it is not done."""
    return {
        "number": ledger.number,
        "account": ledger.account,
        "adopted": ledger.adopted,
        "display_phone": ledger.display_phone,
        **(ledger.described or Description()).model_dump(),
        "state": state_of(ledger.life, works=ledger.connected),
        "life": _life(ledger),
        "cap_per_second": ledger.cap_per_second,
        "policy": ledger.policy.model_dump(exclude_none=True),
        "contacts_sync": sync_state(ledger.steps.get("contacts")),
        "history_sync": history_state(ledger),
        "steps": [_step(step, ledger, now) for step in onboarding.wanted(ledger)],
        "history": _history(ledger, ledger.history) if ledger.history else None,
        "problem": ledger.declined,
    }


def _life(ledger: Ledger) -> JsonObject:
    life, beat = ledger.life, ledger.heartbeat
    found = {
        "since": life.since.isoformat() if life.since else None,
        "cause": life.cause,
        "restrictions": [r.model_dump(mode="json", exclude_none=True) for r in life.restrictions],
        "app_last_seen_at": beat.seen_at.isoformat() if beat else None,
        "heartbeat": (beat.told or "well") if beat else None,
        "probed_at": life.probed_at.isoformat() if life.probed_at else None,
    }
    return {name: value for name, value in found.items() if value}


def _step(step: Step, ledger: Ledger, now: datetime) -> JsonObject:
    record = ledger.steps.get(step)
    if record is None:
        return {"step": step, "state": "not_asked"}
    found = {
        "step": step,
        "state": onboarding.shown_state(record, now),
        "asked_at": record.asked_at.isoformat(),
        "answered_at": record.answered_at.isoformat() if record.answered_at else None,
        "request_id": record.request_id,
        "problem": record.problem,
        "what_to_do": advice.what_to_do(step, record, now, adopted=ledger.adopted),
    }
    return {name: value for name, value in found.items() if value is not None}


def _history(ledger: Ledger, history: History) -> JsonObject:
    return {
        "progress": history.progress,
        "messages_replayed": history.replayed,
        "messages_of_groups": history.of_groups,
        "problem": gaps(history) if waited_for(ledger) else None,
        "phases": [
            {
                "phase": phase.phase,
                "chunks_received": len(phase.chunks),
                "chunks_missing": list(phase.missing()),
                "chunks_repeated": phase.repeated,
                "chunks_out_of_order": phase.disordered,
                "replayed": phase.replayed_until is not None
                and not phase.waiting
                and (history.replay is None or history.replay.phase != phase.phase),
            }
            for phase in history.phases
        ],
    }
