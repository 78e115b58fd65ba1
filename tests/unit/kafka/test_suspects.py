"""Which record makes a transaction impossible."""

from saath.kafka.records import Record
from saath.kafka.suspects import Suspects
from saath.topics import INBOUND

BATCH = [Record(INBOUND, 0, offset, 0, None, b"") for offset in range(4)]


def portions(suspects: Suspects, batch: list[Record]) -> list[list[int]]:
    return [[record.offset for record in portion] for portion in suspects.portions(batch)]


def test_a_batch_without_suspects_stays_whole() -> None:
    assert portions(Suspects(), BATCH) == [[0, 1, 2, 3]]


def test_a_batch_of_no_records_is_still_a_batch_because_facts_may_wait() -> None:
    assert portions(Suspects(), []) == [[]]


def test_the_records_of_a_refused_transaction_are_tried_one_by_one() -> None:
    suspects = Suspects()
    suspects.refused(BATCH[1:3], "too large", alone=True)

    assert portions(suspects, BATCH) == [[0], [1], [2], [3]]
    assert [suspects.verdict(record) for record in BATCH] == [None] * 4


def test_a_record_refused_alone_is_the_guilty_one() -> None:
    suspects = Suspects()
    suspects.refused(BATCH[1:2], "too large", alone=True)

    assert [suspects.verdict(record) for record in BATCH] == [None, "too large", None, None]


def test_a_record_refused_together_with_a_fact_from_inside_is_only_suspected() -> None:
    suspects = Suspects()
    suspects.refused(BATCH[1:2], "too large", alone=False)

    assert suspects.verdict(BATCH[1]) is None


def test_what_is_committed_is_forgotten() -> None:
    suspects = Suspects()
    suspects.refused(BATCH, "too large", alone=True)
    suspects.refused(BATCH[:1], "too large", alone=True)
    for record in BATCH:
        suspects.committed([record])

    assert (portions(suspects, BATCH), suspects.verdict(BATCH[0])) == ([[0, 1, 2, 3]], None)
