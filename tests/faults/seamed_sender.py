"""
A sender that ends, or freezes, by itself at one step of a message's way. The product knows nothing of it:
only this process is patched.

``SENDER_SEAM=begun:exit:5``: the fifth time that begun records were committed, end as a power cut would.
"""

import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer

from saath.kafka.records import Output
from saath.kafka.transactions import TransactionalWriter
from saath.topics import OUTCOMES
from saath_sender.__main__ import main
from saath_sender.choose import Chooser
from saath_sender.post import GuardedBody

EXIT_STATUS = 77

# In the order of a message's way.
STEPS = ("begun", "door", "left", "answered", "told", "committed")
Here = Callable[[str], None]


class Seam:
    """Counts how often a step was come to, and acts once."""

    def __init__(self, text: str) -> None:
        step, action, after = text.split(":")
        assert step in STEPS
        self._step, self._action, self._left = step, action, int(after)

    def here(self, step: str) -> None:
        """The sender has come to *step*."""
        if step != self._step:
            return
        self._left -= 1
        if self._left == 0:
            if self._action == "exit":
                os._exit(EXIT_STATUS)
            os.kill(os.getpid(), signal.SIGSTOP)


def patch(here: Here) -> None:
    """Have every step told to *here*."""
    _patch_leaving(here)
    _patch_telling(here)


def _patch_leaving(here: Here) -> None:
    committed, answered = Chooser.committed, Chooser.answered
    write = GuardedBody.write_with_length

    def _committed(self: Chooser, begun: Any, before: float) -> None:
        if begun:
            here("begun")
        committed(self, begun, before)

    async def _write(self: GuardedBody, *where: Any) -> None:
        look = self._look

        def _look() -> Any:
            here("door")
            return look()

        self._look = _look
        await write(self, *where)
        here("left")

    def _answered(self: Chooser, *answer: Any) -> None:
        here("answered")
        answered(self, *answer)

    for owner, name, patched in (
        (Chooser, "committed", _committed),
        (Chooser, "answered", _answered),
        (GuardedBody, "write_with_length", _write),
    ):
        setattr(owner, name, patched)


def _patch_telling(here: Here) -> None:
    write, commit = TransactionalWriter.write, AIOKafkaProducer.commit_transaction
    telling: set[Any] = set()

    async def _write(self: TransactionalWriter, outputs: Sequence[Output]) -> list[int]:
        if any(output.topic is OUTCOMES for output in outputs):
            telling.add(self._producer)
        return await write(self, outputs)

    async def _commit(self: Any) -> None:
        tells = self in telling
        telling.discard(self)
        if tells:
            here("told")
        await commit(self)
        if tells:
            here("committed")

    for owner, name, patched in (
        (TransactionalWriter, "write", _write),
        (AIOKafkaProducer, "commit_transaction", _commit),
    ):
        setattr(owner, name, patched)


if __name__ == "__main__":
    patch(Seam(os.environ.pop("SENDER_SEAM")).here)
    main()
