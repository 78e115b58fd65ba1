"""``python -m tests.benchmarks.ingest``: how fast ingest is, beside a bare loop in the same run."""

import argparse
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.figures import spread
from tests.benchmarks.ingest.figures import Round, latency, summary
from tests.benchmarks.ingest.load import Load
from tests.benchmarks.ingest.processes import SECRET, bare, held_to, ingest, put_under
from tests.benchmarks.processes import Bench, Server, bench, machine

from saath.settings import KafkaSettings
from saath_local.find import kafka_for_tests

RATIO_WANTED = 0.6
# Five times the 80 updates a second that Meta asks of a webhook's receiver.
OPEN_RATE = 400
# Of a core, for each of two processes: what is left is enough for broker and load.
SHARE = 0.25
P50_WANTED_MS, P99_WANTED_MS = 25, 250


def main() -> None:
    """Measure, and print what was measured."""
    options = _options()
    load = Load([], SECRET, options.seconds, options.warm_up, options.concurrency)
    with kafka_for_tests() as found, tempfile.TemporaryDirectory() as folder:
        print(f"{found}\n{machine()}")
        kafka = KafkaSettings(bootstrap_servers=found.bootstrap_servers)
        at = bench(kafka, Path(folder))
        with ingest(at) as ours, bare(at) as other:
            _memory("ready", ours, other)
            _cold(load, ours, other)
            _compare(load, ours, other, options.rounds)
            _memory("after the closed loops", ours, other)
            seconds = options.open_seconds
            _open_loop(replace(load, seconds=seconds, updates_per_second=OPEN_RATE), ours)
            _memory("after the open loop", ours)
        _two(load, at, options.rounds)
    print(f"\n{machine()}")


def _cold(load: Load, *servers: Server) -> None:
    """What the first seconds are like: topics nobody has written to, a JVM nobody has warmed up."""
    print("\nThe first seconds, not counted below")
    for server in servers:
        result = put_under(replace(load, ports=[server.port], warm_up_seconds=4))
        print(f"  {server.name:8}{latency(result.warm_up)}")


def _compare(load: Load, ours: Server, bare: Server, rounds: int) -> None:
    """Closed loops, turn about, so that what else the machine does falls on both."""
    print(f"\nClosed loop, {load.concurrency} at once, {rounds} rounds of {load.seconds:g} s each")
    pairs = []
    for number in range(1, rounds + 1):
        pair = _round(load, ours), _round(load, bare)
        pairs.append(pair)
        for server, seen in zip((ours, bare), pair, strict=True):
            print(f"  {number} {server.name:8}{_line(seen)}")
    ratios = [mine.updates_per_second / theirs.updates_per_second for mine, theirs in pairs]
    print(f"  ours / bare: {spread(ratios)}; wanted {RATIO_WANTED} or more")
    costs = [
        theirs.cpu_us_per_update / mine.cpu_us_per_update
        for mine, theirs in pairs
        if mine.cpu_us_per_update and theirs.cpu_us_per_update
    ]
    if costs:  # on a machine that others use too, this is the steadier of the two
        print(f"  CPU of an update, bare / ours: {spread(costs)}")


def _round(load: Load, *servers: Server) -> Round:
    before = [server.cpu_seconds() for server in servers]
    result = put_under(replace(load, ports=[server.port for server in servers]))
    after = [server.cpu_seconds() for server in servers]
    used = [b - a for a, b in zip(before, after, strict=True) if a is not None and b is not None]
    return summary(result, sum(used) if used else None)


def _line(seen: Round) -> str:
    cost = "" if seen.cpu_us_per_update is None else f"{seen.cpu_us_per_update:5.0f} µs CPU each; "
    refused = f"; {seen.refused} REFUSED" if seen.refused else ""
    return f"{seen.updates_per_second:6.0f} updates/s; {cost}{seen.latency}{refused}"


def _open_loop(load: Load, ours: Server) -> None:
    """A steady rate, timed from when each body was due."""
    result = put_under(replace(load, ports=[ours.port], warm_up_seconds=5))
    refused = result.measured.refused + result.warm_up.refused
    print(f"\nOpen loop, {load.updates_per_second} updates/s for {load.seconds:g} s")
    print(f"  warm-up:  {latency(result.warm_up)}")
    print(f"  measured: {latency(result.measured)}; {refused} refused")
    print(f"  wanted:   p50 {P50_WANTED_MS}, p99 {P99_WANTED_MS} ms or less")


def _two(load: Load, at: Bench, rounds: int) -> None:
    """One process, then two with as much load each, turn about: first in the open, then held back."""
    with ExitStack() as stack:
        pair = [stack.enter_context(ingest(at, f"ingest-{n}")) for n in (1, 2)]
        for server in pair:
            put_under(replace(load, ports=[server.port]))
        print(
            f"\nTwo processes against one, {rounds} rounds, with broker and load on the same cores"
        )
        _one_and_two(load, pair, rounds)
        print(
            f"\nThe same, each process held to {SHARE:.0%} of a core, so that cores are left over"
        )
        with held_to(SHARE, pair):
            _one_and_two(load, pair, rounds)


def _one_and_two(load: Load, pair: Sequence[Server], rounds: int) -> None:
    ratios = []
    for number in range(1, rounds + 1):
        one = _round(load, *pair[:1])
        two = _round(replace(load, concurrency=2 * load.concurrency), *pair)
        ratios.append(two.updates_per_second / one.updates_per_second)
        print(f"  {number} one     {_line(one)}\n    two     {_line(two)}")
    print(f"  two / one: {spread(ratios)}")


def _memory(when: str, *servers: Server) -> None:
    for server in servers:
        if found := server.memory_mib():
            print(f"  memory of {server.name} {when}: {found[0]:.0f} MiB, at most {found[1]:.0f}")


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--warm-up", type=float, default=2)
    parser.add_argument("--open-seconds", type=float, default=30)
    parser.add_argument("--concurrency", type=int, default=32)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
