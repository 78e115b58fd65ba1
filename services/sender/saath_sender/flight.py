"""A message on its way to the door. Pure."""

from dataclasses import dataclass

from saath_sender.budgets import Pair
from saath_sender.jobs import Job, NumberWork


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """
    A message that may leave: its slot is reserved until it does, if it needs one.

    ``pair`` is what its customer may be sent; a read mark needs none of it.
    """

    job: Job
    work: NumberWork
    slot: float | None
    inbound: int
    pair: Pair | None
    credential: str | None = None

    def wait(self, now: float) -> float:
        """How long it must still wait at the door."""
        return 0.0 if self.slot is None else self.work.pace.wait(now)

    def leave(self, now: float) -> None:
        """It leaves now."""
        if self.slot is not None:
            self.work.pace.leave(self.slot, now)
        if self.pair is not None:
            self.pair.take(now)

    def stay(self) -> None:
        """It does not leave after all."""
        if self.slot is not None:
            self.work.pace.give_back(self.slot)
