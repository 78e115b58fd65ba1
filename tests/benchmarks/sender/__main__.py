"""``python -m tests.benchmarks.sender``: how fast the sender is, beside a bare loop in the same run."""

import argparse
import asyncio
import itertools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.figures import percentiles, spread
from tests.benchmarks.processes import Bench, bench, machine
from tests.benchmarks.sender.jitter import JITTERS_MS, MARGINS_MS, simulated, table, witnessed
from tests.benchmarks.sender.latency import missing, used, waited
from tests.benchmarks.sender.memory import memory
from tests.benchmarks.sender.rate import CAP, Took, bare, fed, meta, sender, watched
from tests.benchmarks.sender.traffic import numbers_of

from saath.settings import KafkaSettings
from saath_local.find import kafka_for_tests

RATIO_WANTED = 0.5


def main() -> None:
    """Measure, and print what was measured."""
    options = _options()
    with kafka_for_tests() as found, tempfile.TemporaryDirectory() as folder:
        print(f"{found}\n{machine()}")
        kafka = KafkaSettings(bootstrap_servers=found.bootstrap_servers)
        for name, measure in PARTS.items():
            if options.only in (None, name):
                measure(kafka, Path(folder), options)
    print(f"\n{machine()}")


def _rate(kafka: KafkaSettings, folder: Path, options: argparse.Namespace) -> None:
    """Turn about, so that what else the machine does falls on both."""
    count, partitions = options.numbers, options.partitions
    numbers, seconds = numbers_of(count, partitions), options.seconds
    print(f"\n{count} numbers at full cap, {partitions} partitions, and as much comes as leaves")
    slow = bench(kafka, folder, partitions=partitions)
    resting, _ = _sent(slow, numbers_of(partitions, partitions), options, cap=1)
    # What these few sends took themselves, at what a send takes below, is within the last digit.
    standing = resting.core
    print(f"  whatever is sent: {standing:.3f} of a core; {_load()}")
    rounds = list[tuple[Took, Took]]()
    for number in range(options.rounds):
        mine, memory = _sent(bench(kafka, folder, partitions=partitions), numbers, options)
        at = bench(kafka, folder, partitions=partitions)
        with fed(at, numbers), meta(at) as graph:
            theirs = bare(at, graph, numbers, options.warm_up, seconds)
        rounds.append((mine, theirs))
        print(f"  {number} sender  {mine}; {memory:.0f} MiB; {_load()}\n    bare    {theirs}")
        carried = (mine.numbers(standing), theirs.numbers())
        print(f"    one core carries {carried[0]:.0f} numbers, bare {carried[1]:.0f}")
    rates = spread([mine.rate / theirs.rate for mine, theirs in rounds])
    costs = spread([theirs.cpu_us / mine.cpu_us for mine, theirs in rounds])
    full = spread([mine.numbers(standing) / theirs.numbers() for mine, theirs in rounds])
    print(f"  sender / bare: {rates}; processor time of a send the other way round: {costs}")
    print(f"    numbers on one core, with what goes whatever is sent spread over it: {full}")
    print(f"    wanted {RATIO_WANTED} or more, and 100 numbers or more for a core")


def _sent(
    at: Bench, numbers: Sequence[str], options: argparse.Namespace, cap: int = CAP
) -> tuple[Took, float]:
    """What the sender sends of what comes, and its memory in MiB then."""
    with (
        fed(at, numbers, cap),
        meta(at) as graph,
        sender(at, f"http://127.0.0.1:{graph.port}") as server,
    ):
        took = asyncio.run(watched(server, graph, options.warm_up, options.seconds))
        return took, (server.memory_mib() or (0.0, 0.0))[0]


def _cap(kafka: KafkaSettings, folder: Path, options: argparse.Namespace) -> None:
    """One number, by the sandbox's count."""
    print(f"\nOne number's campaign for {options.seconds:g} s, as the sandbox saw it")
    for number, margin in itertools.product(range(options.rounds), MARGINS_MS[:3]):
        at = bench(kafka, folder, partitions=1)
        found = asyncio.run(used(at, options.seconds, margin / 1000))
        print(
            f"  {number} margin {margin} ms: {found.rate / CAP:.1%} of the cap used; {found.over} of "
            f"{found.windows} sliding seconds over it, at most {found.most}; {_load()}"
        )
    print("    wanted 97 % or more with 10 ms, and none over where the machine adds less than that")


def _latency(kafka: KafkaSettings, folder: Path, options: argparse.Namespace) -> None:
    """Replies while a campaign is queued."""
    print(f"\nFrom a reply's writing to its arrival, {options.replies} on each of two numbers")
    for queued in options.queued:
        at = bench(kafka, folder, partitions=1)
        found = asyncio.run(waited(at, queued, options.replies))
        lost = missing((found.same, found.other), options.replies)
        print(f"  {queued} queued: same number {percentiles(found.same)}; {_load()}")
        print(f"    another of its partition: {percentiles(found.other)}; {lost} missing")


def _memory(kafka: KafkaSettings, folder: Path, options: argparse.Namespace) -> None:
    """A backlog that is far larger than any lane."""
    numbers = numbers_of(10, 4)
    at = bench(kafka, folder, partitions=4)
    found = asyncio.run(memory(at, numbers, options.backlog))
    print(f"\n{options.backlog} queued for {len(numbers)} numbers in 4 partitions")
    print(
        f"  {found.before:.0f} MiB before, {found.after:.0f} after, at most {found.most:.0f}; written and "
        f"read past in {found.read_seconds:.0f} s; {_load()}"
    )


def _jitter(kafka: KafkaSettings, folder: Path, options: argparse.Namespace) -> None:
    """The cap against jitter on the way."""
    print("\nSliding seconds over the cap, and the fullest, by jitter on the way; the pace alone")
    alone = [(m, [simulated(m / 1000, j / 1000) for j in JITTERS_MS]) for m in MARGINS_MS]
    print(table(alone))
    print(
        f"\nThe same through the sandbox, 5 numbers, {options.jitter_seconds:g} s each; {_load()}"
    )
    jitters, rows = [j / 1000 for j in JITTERS_MS], []
    for margin in MARGINS_MS:
        at = bench(kafka, folder, partitions=1)
        row = witnessed(at, margin / 1000, jitters, 5, options.jitter_seconds)
        rows.append((margin, asyncio.run(row)))
    print(f"{table(rows)}\n  {_load()}")


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


PARTS = {"rate": _rate, "cap": _cap, "latency": _latency, "memory": _memory, "jitter": _jitter}


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--numbers", type=int, default=100)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--warm-up", type=float, default=10)
    parser.add_argument("--replies", type=int, default=100)
    parser.add_argument("--queued", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--backlog", type=int, default=1_000_000)
    parser.add_argument("--jitter-seconds", type=float, default=20)
    parser.add_argument("--only", choices=[*PARTS])
    parser.add_argument("--quick", action="store_true", help="less of everything, to see it run")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.seconds, options.warm_up = 1, 8, 4
        options.replies, options.queued, options.backlog = 20, [2000], 20_000
        options.jitter_seconds = 5
    return options


if __name__ == "__main__":
    main()
