"""``python -m tests.benchmarks.router``: how fast the router is, beside bare loops in the same run."""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.figures import percentiles, spread
from tests.benchmarks.processes import Bench, bench, machine
from tests.benchmarks.router.latency import UPDATES_PER_SECOND, services, webhook_to_turn
from tests.benchmarks.router.rate import STAND_INS, Took, one_round, router
from tests.benchmarks.router.state import fill, restored
from tests.benchmarks.router.traffic import Traffic

from saath.settings import KafkaSettings
from saath_local.find import kafka_for_tests

RATIO_WANTED, MOONSHOT = 0.5, 0.8
P50_WANTED_MS, P99_WANTED_MS = 30, 150
PARTITIONS = 4


def main() -> None:
    """Measure, and print what was measured."""
    options = _options()
    with kafka_for_tests() as found, tempfile.TemporaryDirectory() as folder:
        print(f"{found}\n{machine()}")
        kafka = KafkaSettings(bootstrap_servers=found.bootstrap_servers)
        for name, (measure, partitions) in PARTS.items():
            if options.only in (None, name):
                measure(bench(kafka, Path(folder), partitions=partitions), options)
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


def _latency(at: Bench, options: argparse.Namespace) -> None:
    """Webhook to turn, the first seconds apart."""
    seconds, warm_up = options.open_seconds, options.open_warm_up
    with services(at) as (door, _):
        seen = asyncio.run(webhook_to_turn(at, door, seconds, warm_up))
    print(f"\nFrom webhook to turn, {UPDATES_PER_SECOND} updates/s for {seconds:g} s, open loop")
    print(f"  the first {warm_up:g} s: {percentiles(seen.warm_up_ms)}")
    print(f"  measured:      {percentiles(seen.measured_ms)}; {seen.missing} without a turn")
    print(f"  wanted:        p50 {P50_WANTED_MS}, p99 {P99_WANTED_MS} ms or less")


def _restore(at: Bench, options: argparse.Namespace) -> None:
    """As many conversations as there may be, beside a bare read of the same records, turn about."""
    count = options.conversations
    asyncio.run(fill(at, count))
    print(f"\nRestoring {count} conversations from one partition, {options.restores} rounds")
    ratios, weights = [], []
    for number in range(1, options.restores + 1):
        bare, mine = (restored(at, bare=bare) for bare in (True, False))
        ratios.append(bare.seconds / mine.seconds)
        weights.append(mine.bytes / count)
        for name, took in (("router", mine), ("bare", bare)):
            print(
                f"  {number} {name:8}{took.records} records in {took.seconds:.1f} s, "
                f"{took.cpu_seconds / took.records * 1e6:.1f} µs CPU each"
            )
    print(f"  router / bare: {spread(ratios)}; wanted {RATIO_WANTED} or more")
    print(
        f"  memory of a conversation and its alias: {spread(weights, 0)} B; aimed at 1024 or less"
    )


def _ratios(what: str, pairs: Sequence[tuple[Took, Took]]) -> None:
    rates = spread([mine.rate / theirs.rate for mine, theirs in pairs])
    costs = spread([theirs.cpu_us / mine.cpu_us for mine, theirs in pairs])
    print(f"  {what}: {rates}; processor time the other way round: {costs}")


PARTS = {"rate": (_rate, PARTITIONS), "latency": (_latency, PARTITIONS), "restore": (_restore, 1)}


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--open-seconds", type=float, default=30)
    parser.add_argument("--open-warm-up", type=float, default=10)
    parser.add_argument("--conversations", type=int, default=1_000_000)
    parser.add_argument("--restores", type=int, default=3)
    parser.add_argument("--only", choices=[*PARTS])
    parser.add_argument("--quick", action="store_true", help="less of everything, to see it run")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.records, options.restores = 1, 4000, 1
        options.open_seconds, options.open_warm_up, options.conversations = 5, 5, 50_000
    return options


if __name__ == "__main__":
    main()
