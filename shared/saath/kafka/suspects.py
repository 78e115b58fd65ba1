"""
Which record of a batch makes a transaction impossible. Pure.

Kafka refuses a transaction as a whole, for instance because one output is too large. Trying the same
again would block the partition for ever, so the batch's records are tried one by one, and one that
is refused alone goes to the dead-letter topic undecided.
"""

from collections.abc import Iterator, Sequence

from saath.kafka.records import Record

Where = tuple[str, int, int]


class Suspects:
    """Remembers refused records across the restarts of their partitions."""

    def __init__(self) -> None:
        self._suspected: set[Where] = set()
        self._guilty: dict[Where, str] = {}

    def refused(self, records: Sequence[Record], reason: str, *, alone: bool) -> None:
        """A transaction with *records* was refused; *alone* when nothing else was in it."""
        if alone and len(records) == 1:
            self._guilty[_where(records[0])] = reason
        self._suspected.update(_where(record) for record in records)

    def verdict(self, record: Record) -> str | None:
        """Why *record* must not be decided again; ``None`` where nothing is known against it."""
        return self._guilty.get(_where(record))

    def portions(self, batch: Sequence[Record]) -> Iterator[Sequence[Record]]:
        """*batch* in transactions: whole, or each suspect by itself and the others together."""
        together: list[Record] = []
        for record in batch:
            if self._suspected and _where(record) in self._suspected:
                if together:
                    yield together
                    together = []
                yield [record]
            else:
                together.append(record)
        if together or not batch:
            yield together

    def committed(self, records: Sequence[Record]) -> None:
        """*records* are written and will not come again."""
        if self._suspected:
            for record in records:
                self._suspected.discard(_where(record))
                self._guilty.pop(_where(record), None)


def _where(record: Record) -> Where:
    return record.topic.name, record.partition, record.offset
