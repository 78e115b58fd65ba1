"""
What the sender's partitions look like at the moment they are asked: for Prometheus, at each scrape.

Gauges that are set as things happen would go on telling of a number that another pod has by now.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from saath_sender.books import Books
from saath_sender.clock import boot_seconds
from saath_sender.jobs import Job
from saath_sender.lanes import Lane
from saath_sender.ledger import Doubt


class Gauges(Collector):
    """Tells of the books it holds; *by_number* names numbers (ids of Meta's, not phone numbers)."""

    def __init__(self, *, by_number: bool, clock: Callable[[], float] = boot_seconds) -> None:
        self._by_number, self._clock = by_number, clock
        self.books: set[Books] = set()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One reading of each gauge."""
        yield self._in_doubt()
        yield self._paused()
        if self._by_number:
            yield self._headroom(self._clock())
            yield self._waiting()
            yield self._parked()

    def _in_doubt(self) -> GaugeMetricFamily:
        entries = (entry for books in self.books for _, entry in books.ledger.unresolved())
        count = sum(isinstance(entry, Doubt) for entry in entries)
        text = "Messages of which nobody knows whether they arrived."
        return GaugeMetricFamily("saath_messages_in_doubt", text, value=count)

    def _paused(self) -> GaugeMetricFamily:
        text = "Numbers of which a class of messages is not sent, by class."
        family = GaugeMetricFamily("saath_numbers_paused", text, labels=["scope"])
        count = Counter(scope.kind for books in self.books for _, scope, _ in books.pauses.all())
        for scope, numbers in sorted(count.items()):
            family.add_metric([scope], numbers)
        return family

    def _headroom(self, now: float) -> GaugeMetricFamily:
        text = "The share of the number's cap that nothing left on in the last second."
        family = GaugeMetricFamily("saath_cap_headroom", text, labels=["number"])
        for books in self.books:
            for number, work in books.numbers.items():
                if work.idle and not work.pace.left_since(float("-inf")):
                    continue  # only a key said so, which may be a customer's number by mistake
                used = work.pace.left_since(now - 1) / work.pace.effective_cap(now)
                family.add_metric([number], max(0.0, 1 - used))
        return family

    def _waiting(self) -> GaugeMetricFamily:
        text = "Requests of the number in memory; a lane that is full has more in Kafka."
        family = GaugeMetricFamily("saath_requests_waiting", text, labels=["number", "topic"])
        for number, topic, lane in _lanes(self.books):
            family.add_metric([number, topic], len(lane.waiting))
        return family

    def _parked(self) -> GaugeMetricFamily:
        text = "Requests of the number that are held for long, and known by their place in Kafka alone."
        family = GaugeMetricFamily("saath_requests_parked", text, labels=["number", "topic"])
        for number, topic, lane in _lanes(self.books):
            family.add_metric([number, topic], len(lane.parked))
        return family


def _lanes(all_books: Iterable[Books]) -> Iterator[tuple[str, str, Lane[Job]]]:
    for books in all_books:
        for number, work in books.numbers.items():
            for topic, lane in work.lanes.items():
                if lane.clean:
                    continue
                yield number, topic, lane
