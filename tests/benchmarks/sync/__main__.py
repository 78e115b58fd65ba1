"""``python -m tests.benchmarks.sync``: replays beside a bare copy, live traffic beside a replay, memory."""

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path

from tests.benchmarks.figures import percentile, percentiles, spread
from tests.benchmarks.processes import Bench, Server, bench, machine
from tests.benchmarks.router.latency import UPDATES_PER_SECOND, services, webhook_to_turn
from tests.benchmarks.sync.past import write
from tests.benchmarks.sync.replaying import (
    LIFTED,
    PATIENCE_SECONDS,
    one_round,
    replayed,
    said,
    scratch_mib,
    stopped,
    syncing,
)

from saath.settings import KafkaSettings
from saath_local.find import kafka_for_tests

RATIO_WANTED, RISE_WANTED = 0.4, 1.2
NUMBER = "1065403522429{:02}"


def main() -> None:
    """Measure, and print what was measured."""
    options = _options()
    with kafka_for_tests() as found, tempfile.TemporaryDirectory() as folder:
        print(f"{found}\n{machine()}", flush=True)
        kafka = KafkaSettings(bootstrap_servers=found.bootstrap_servers)
        for name, (measure, partitions) in PARTS.items():
            if options.only in (None, name):
                measure(bench(kafka, Path(folder), partitions=partitions), options)
    print(f"\n{machine()}")


def _rate(at: Bench, options: argparse.Namespace) -> None:
    """Turn about, so that what else the machine does falls on both."""
    print(f"\nA past of {options.records} messages, {options.rounds} rounds after one not counted")
    with syncing(at, **LIFTED) as server:
        rounds = []
        for number in range(options.rounds + 1):
            name = NUMBER.format(number)
            rounds.append(asyncio.run(one_round(at, server, name, options.records, number)))
            print(f"  {number} sync     {rounds[-1].sync}", flush=True)
            print(f"    bare     {rounds[-1].bare}", flush=True)
        _memory_of(server)
    rates = spread([seen.sync.rate / seen.bare.rate for seen in rounds[1:]])
    costs = spread([seen.bare.cpu_us / seen.sync.cpu_us for seen in rounds[1:]])
    print(f"  sync / bare: {rates}; processor time the other way round: {costs}")
    print(f"    wanted {RATIO_WANTED} or more")


def _memory(at: Bench, options: argparse.Namespace) -> None:
    """One long past, as fast as it goes."""
    count, number = options.long_past, NUMBER.format(50)
    print(f"\nMemory, with a past of {count} messages")
    with syncing(at, **LIFTED) as server:
        _memory_of(server, "before: ")
        asyncio.run(write(at, number, count))
        _memory_of(server, "counted: ")
        print(f"  {asyncio.run(replayed(at, server, number, count))}")
        _memory_of(server, "replayed: ")


def _beside(at: Bench, options: argparse.Namespace) -> None:
    """Windows with a replay and without it, turn about: sync stands still meanwhile."""
    count, number = options.long_past, NUMBER.format(60)
    seconds, warm_up = options.open_seconds, options.open_warm_up
    print(
        f"\nFrom webhook to turn beside a replay of {count} messages at the default pace: "
        f"{UPDATES_PER_SECOND} updates/s, {options.windows} windows of {seconds:g} s each"
    )
    with ExitStack() as stack:
        door, _ = stack.enter_context(services(at))
        server = stack.enter_context(syncing(at))
        asyncio.run(webhook_to_turn(at, door, seconds, warm_up))  # not counted
        asyncio.run(write(at, number, count))
        asyncio.run(said(at.folder / "sync.log", "replay.begun", number))
        for stage in ("reading the past", "handing it on"):
            if stage == "handing it on":
                _wait_for_lines(server, at)
            _windows(at, door, server, options, stage)
        _memory_of(server)


def _windows(
    at: Bench, door: Server, server: Server, options: argparse.Namespace, stage: str
) -> None:
    found: dict[bool, list[float]] = {True: [], False: []}
    missing = 0
    seeds = itertools.count(1000 * len(stage))  # what was posted before would be known
    for _ in range(options.windows):
        for replaying in (True, False):
            with nullcontext() if replaying else stopped(server):
                seen = asyncio.run(
                    webhook_to_turn(
                        at, door, options.open_seconds, options.open_warm_up, next(seeds)
                    )
                )
            found[replaying] += seen.measured_ms
            missing += seen.missing
    rise = percentile(found[True], 99) / max(percentile(found[False], 99), 0.1)
    turns = f"{len(found[True])} and {len(found[False])} turns"
    print(f"  {stage}, {turns}: with    {percentiles(found[True])}")
    print(f"    without {percentiles(found[False])}; {missing} without a turn")
    print(f"    p99 with / without: {rise:.2f}; wanted {RISE_WANTED} or less", flush=True)


def _wait_for_lines(server: Server, at: Bench) -> None:
    """Until the past is read, and something of it is out."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and not _backfilled(server):
        time.sleep(1)


def _backfilled(server: Server) -> float:
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("saath_backfilled_events_total "):
                return float(line.split()[1])
    return 0.0


def _memory_of(server: Server, when: str = "") -> None:
    memory = server.memory_mib()
    if memory:
        disk = scratch_mib(server)
        print(
            f"  {when}memory: {memory[0]:.0f} MiB, at most {memory[1]:.0f}; on disk {disk:.0f} MiB",
            flush=True,
        )


PARTS = {"rate": (_rate, 1), "memory": (_memory, 1), "beside": (_beside, 4)}


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--long-past", type=int, default=1_000_000)
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--open-seconds", type=float, default=20)
    parser.add_argument("--open-warm-up", type=float, default=5)
    parser.add_argument("--only", choices=[*PARTS])
    parser.add_argument("--quick", action="store_true", help="less of everything, to see it run")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.records, options.long_past = 1, 10_000, 20_000
        options.windows, options.open_seconds, options.open_warm_up = 1, 5, 5
    return options


if __name__ == "__main__":
    main()
