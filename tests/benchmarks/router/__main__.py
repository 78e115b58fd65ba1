"""``python -m tests.benchmarks.router``: how fast the router is, beside bare loops in the same run."""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.figures import spread
from tests.benchmarks.processes import Bench, bench, machine
from tests.benchmarks.router.rate import STAND_INS, Took, one_round, router
from tests.benchmarks.router.traffic import Traffic

from saath.settings import KafkaSettings
from saath_local.find import kafka_for_tests

RATIO_WANTED, MOONSHOT = 0.5, 0.8
PARTITIONS = 4


def main() -> None:
    """Measure, and print what was measured."""
    options = _options()
    with kafka_for_tests() as found, tempfile.TemporaryDirectory() as folder:
        print(f"{found}\n{machine()}")
        kafka = KafkaSettings(bootstrap_servers=found.bootstrap_servers)
        _rate(bench(kafka, Path(folder), partitions=PARTITIONS), options)
    print(f"\n{machine()}")


def _rate(at: Bench, options: argparse.Namespace) -> None:
    """Turn about, so that what else the machine does falls on all of them."""
    traffic = Traffic()
    print(
        f"\nA backlog of {options.records} records in {PARTITIONS} partitions, "
        f"{options.rounds} rounds after one that is not counted"
    )
    with router(at) as server:
        rounds = [
            asyncio.run(one_round(at, server, traffic, options.records, number))
            for number in range(options.rounds + 1)
        ]
        memory = server.memory_mib()
    for number, seen in enumerate(rounds):
        print(f"  {number} router   {seen.router}\n    bare     {seen.bare}")
        print(f"    as much  {seen.as_much}")
    counted = rounds[1:]
    _ratios("router / bare", [(seen.router, seen.bare) for seen in counted])
    print(f"    wanted {RATIO_WANTED} or more, moonshot {MOONSHOT}")
    _ratios("router / a loop that writes as much", [(r.router, r.as_much) for r in counted])
    written = ", ".join(
        f"{w.per_record:.2f} of {w.value_bytes} B on {topic.name}"
        for topic, w in zip(STAND_INS, rounds[-1].written, strict=False)
    )
    print(f"  written for a record: {written}")
    if memory:
        print(f"  memory: {memory[0]:.0f} MiB, at most {memory[1]:.0f}")


def _ratios(what: str, pairs: Sequence[tuple[Took, Took]]) -> None:
    rates = spread([mine.rate / theirs.rate for mine, theirs in pairs])
    costs = spread([theirs.cpu_us / mine.cpu_us for mine, theirs in pairs])
    print(f"  {what}: {rates}; processor time the other way round: {costs}")


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=20_000)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
