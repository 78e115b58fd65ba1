"""Waiting for the last owner to leave a clean desk, before it is shut out."""

import asyncio

from saath.kafka.partition_reader import PartitionReader
from saath.kafka.records import Record
from saath_sender.books import RELEASED_KEY, STATE
from saath_sender.clock import boot_seconds

# The last owner's word is among the last that it wrote; markers of transactions count too.
TAIL = 50
FETCH_MS = 50


async def wait_for_release(
    reader: PartitionReader, seconds: float, stopping: asyncio.Event
) -> bool:
    """
    Wait until the last owner has said that nothing is in its hands, *seconds* at most.

    In a rebalance the new owner learns of it as soon as the old one does, and whoever is shut out in the
    middle of a send leaves a doubt behind. Says whether the word was there; one that has died says none.
    """
    end = (await reader.ends((STATE,)))[STATE]
    if end == 0:
        return True  # nobody was here before
    until, released = boot_seconds() + seconds, False
    await reader.seek({STATE: max(0, end - TAIL)})
    while not stopping.is_set():
        released = _said(await reader.fetch(timeout_ms=FETCH_MS), released)
        read = await reader.position(STATE) >= end
        if (read and released) or boot_seconds() >= until:
            break
    return released


def _said(records: list[Record], before: bool) -> bool:
    for record in records:
        if record.key == RELEASED_KEY:
            before = record.value is not None
    return before
