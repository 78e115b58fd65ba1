"""Commands of people's tools, carried out or refused. No rule lives here: see ``commanding``."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from pydantic import ValidationError

from saath.codec import decode_command, explain, pointer
from saath.events import Command, policy_by_hand
from saath.kafka.records import Output, Record, traceparent_of
from saath.topics import COMMANDS, partition_for
from saath_router.carrier import Carrier
from saath_router.commanding import command, command_id, refused
from saath_router.evolve import remember
from saath_router.placing import named

log = structlog.get_logger()


def carried_out(
    record: Record, carrier: Carrier, partitions: int, now: datetime
) -> Iterable[Output]:
    """
    What follows from the command in *record*.

    Raises:
        PoisonRecord: it is none.
    """
    asked = decode_command(record.value)
    right = partition_for(asked.number, partitions)
    if right != record.partition:
        # A client whose default hash is not Java's wrote it here; its number's owner decides it.
        key = asked.number.encode()
        return (Output(COMMANDS, right, key, record.value, record.headers),)
    if carrier.store.shelf.has_carried_out(asked.number, asked.id):
        return ()  # also where it was about nobody then, and is about somebody by now
    state = named(carrier.store, asked) if asked.command != "policy" else None
    if state is None:
        return _of_the_number(asked, carrier, record.appended_at, now)
    policy = carrier.policy(asked.number)
    around = carrier.around(asked.number, state.contact, policy, now)
    decision = command(asked, state, policy, record.appended_at, now, around)
    # Also one that changed nothing: written again later, it must not change anything then.
    state = remember(state, command_id(asked), record.appended_at)
    carrier.store.put(state)
    return carrier.carry_out(decision, state, traceparent_of(record.headers))


def _of_the_number(
    asked: Command, carrier: Carrier, asked_at: datetime, now: datetime
) -> Iterable[Output]:
    """A policy, or a command about nobody who is known here; each once, however often it is written."""
    shelf = carrier.store.shelf
    shelf.note_carried_out(asked.number, asked.id, asked_at)
    if asked.command != "policy":
        return (carrier.said(refused(asked, "no such conversation on this number", now), None),)
    try:
        # The number's policy is this one from now on; where it is a bad one, the last one stays.
        policy = None if asked.policy is None else policy_by_hand(asked.policy)
    except ValidationError as error:
        where = f"/policy{pointer(error)}".rstrip("/")
        return (carrier.said(refused(asked, explain(error), now, where), None),)
    shelf.put_policy(asked.number, policy)
    log.info("policy.changed", number=asked.number, by_command=True)
    return ()
