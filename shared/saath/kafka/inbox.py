"""
Facts from inside the process, decided by the loop of the partition they concern.

An HTTP call arrives at any pod, but only the owner of a number's partition may write its state. So the
call hands its fact to that partition's loop, which decides it between two batches, in the same
transaction as everything else, and is told when the transaction is committed.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from saath.errors import SaathError
from saath.kafka.records import Output

# Facts are decided many to a transaction, but a flood of them must not keep records waiting.
FACTS_MAX = 50


class NotOwner(SaathError):
    """This process does not own the partition; the fact was not decided."""


class NotCommitted(SaathError):
    """The partition was lost before the transaction was known to be committed: it may be, or not."""


@runtime_checkable
class FactHandler(Protocol):
    """A handler that decides facts from inside too."""

    def handle_fact(self, fact: object, now: datetime) -> Iterable[Output]:
        """Decide one fact. An exception goes to whoever submitted it, and nothing changes."""


@dataclass(slots=True)
class _Submitted:
    fact: object
    done: "asyncio.Future[None]"

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(slots=True)
class Desk:
    """Where one partition's loop finds its facts, for as long as it owns the partition."""

    _waiting: deque[_Submitted] = field(default_factory=deque)
    _decided: list[_Submitted] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, fact: object) -> "asyncio.Future[None]":
        """Leave a fact; the future is done when it is committed, or when it was refused."""
        submitted = _Submitted(fact, asyncio.get_running_loop().create_future())
        self._waiting.append(submitted)
        self._arrived.set()
        return submitted.done

    async def arrival_or(self, other: "asyncio.Future[Any]") -> None:
        """Wait until a fact is here or *other* is done."""
        arrival = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait((arrival, other), return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrival.cancel()

    def decide(self, decide: Callable[[object], Sequence[Output]]) -> list[Output]:
        """Decide what is here; what is refused is told to its submitter at once."""
        outputs: list[Output] = []
        for _ in range(min(len(self._waiting), FACTS_MAX)):
            submitted = self._waiting.popleft()
            try:
                outputs.extend(decide(submitted.fact))
            except Exception as error:
                submitted.fail(error)
            else:
                self._decided.append(submitted)
        if not self._waiting:
            self._arrived.clear()
        return outputs

    @property
    def undecided(self) -> bool:
        """Whether facts are waiting to be decided."""
        return bool(self._waiting)

    @property
    def uncommitted(self) -> bool:
        """Whether facts were decided that no transaction has committed yet."""
        return bool(self._decided)

    def committed(self) -> None:
        """Tell the submitters of what was decided."""
        for submitted in self._decided:
            if not submitted.done.done():
                submitted.done.set_result(None)
        self._decided.clear()

    def close(self) -> None:
        """The partition is not ours any more: nothing that is left here will be decided."""
        for submitted in self._decided:
            submitted.fail(NotCommitted("the partition was lost while the fact was being written"))
        for submitted in self._waiting:
            submitted.fail(NotOwner("the partition was let go of before the fact was decided"))
        self._decided.clear()
        self._waiting.clear()


class Inbox:
    """The desks of the partitions that this process owns at the moment."""

    def __init__(self) -> None:
        self._desks: dict[int, Desk] = {}

    def owns(self, partition: int) -> bool:
        """Whether a fact for *partition* can be submitted here."""
        return partition in self._desks

    async def submit(self, partition: int, fact: object) -> None:
        """
        Have the loop of *partition* decide *fact*; return when that is committed.

        Raises:
            NotOwner: this process does not own the partition. Nothing was changed.
            NotCommitted: it is unknown whether the fact was committed.
            Exception: what the handler raised, because it refused the fact. Nothing was changed.
        """
        desk = self._desks.get(partition)
        if desk is None:
            raise NotOwner(f"partition {partition} is not owned by this process")
        # Whoever waits may give up (an HTTP caller that hangs up); the fact is decided all the same.
        await asyncio.shield(desk.put(fact))

    @contextlib.contextmanager
    def opened(self, partition: int) -> Iterator[Desk]:
        """The loop's own side: facts are taken from here until it ends."""
        desk = self._desks[partition] = Desk()
        try:
            yield desk
        finally:
            if self._desks.get(partition) is desk:
                del self._desks[partition]
            desk.close()
