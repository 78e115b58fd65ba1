"""The numbers of this pod: whose ledger it holds, and how a fact reaches the one who may write it."""

from dataclasses import dataclass, field

from saath.kafka.inbox import Inbox, NotOwner
from saath.kafka.layout import Layout
from saath.topics import HISTORY, partition_for
from saath_sync.facts import Fact
from saath_sync.handler import SyncHandler
from saath_sync.ledger import Ledger


@dataclass(slots=True)
class Numbers:
    """
    Reads and changes the ledgers of the partitions this pod owns.

    What is read here may be a few milliseconds ahead of what is committed.
    """

    layout: Layout
    inbox: Inbox
    handlers: dict[int, SyncHandler] = field(default_factory=dict)

    def partition(self, number: str) -> int:
        """Where a number lives."""
        return partition_for(number, self.layout.of(HISTORY))

    def owns(self, number: str) -> bool:
        """Whether this pod may change the number."""
        return self.inbox.owns(self.partition(number))

    def owns_all(self) -> bool:
        """Whether this pod may change any number, whichever it turns out to be."""
        return all(self.inbox.owns(p) for p in range(self.layout.of(HISTORY)))

    def ledger(self, number: str) -> Ledger | None:
        """
        What is known of a number.

        Raises:
            NotOwner: another pod knows.
        """
        if not self.owns(number):
            raise NotOwner(f"the number {number} is not with this pod at the moment")
        return self.handlers[self.partition(number)].ledgers.get(number)

    def owned(self) -> list[SyncHandler]:
        """The partitions that this pod owns."""
        return [handler for p, handler in self.handlers.items() if self.inbox.owns(p)]

    async def submit(self, fact: Fact) -> None:
        """Have the fact decided and committed; see ``Inbox.submit`` for what it raises."""
        await self.inbox.submit(self.partition(fact.number), fact)
