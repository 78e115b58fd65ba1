"""A broker to play with: ``python -m saath_local``, or ``make broker``."""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from saath_local.broker import Cluster, ClusterSpec, run_cluster
from saath_local.errors import BrokerFailed, LocalError
from saath_local.jars import KAFKA_VERSION, ensure_jars

DEFAULT_PORT = 9092
DEFAULT_DATA = Path(".saath") / "kafka"
POLL_SECONDS = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a broker, say where it is, and stop it on Ctrl-C."""
    spec = parse(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        ensure_jars(progress=_show_fetching)
        started = time.monotonic()
        with run_cluster(spec) as cluster:
            seconds = time.monotonic() - started
            print(describe(cluster, seconds, _command("saath")), flush=True)
            _wait(cluster)
    except KeyboardInterrupt:
        print("\nStopped.")
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def parse(arguments: Sequence[str] | None) -> ClusterSpec:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m saath_local", description=__doc__)
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="the first node's; 0: any free one"
    )
    parser.add_argument(
        "--tls", action="store_true", help="also listen with SSL (client certificates) and SASL_SSL"
    )
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="kept between runs (%(default)s)"
    )
    given = parser.parse_args(arguments)
    return ClusterSpec(nodes=given.nodes, port=given.port, data=given.data, tls=given.tls)


def describe(cluster: Cluster, seconds: float, saath: str = "saath") -> str:
    """Say where the cluster is and what to type next."""
    lines = [
        f"Apache Kafka {KAFKA_VERSION} runs, ready after {seconds:.1f} s. Ctrl-C stops it.",
        "",
        f"  plaintext  {cluster.bootstrap_servers}",
        *_describe_tls(cluster),
        f"  data       {cluster.folder}",
        *(f"  log        {node.log_path}" for node in cluster.nodes),
        "",
        "In another terminal:",
        "",
        f"  export SAATH_KAFKA__BOOTSTRAP_SERVERS={cluster.bootstrap_servers}",
        f"  export SAATH_TOPICS__REPLICATION_FACTOR={cluster.bootstrap_servers.count(',') + 1}",
        f"  {saath} topics apply",
    ]
    return "\n".join(lines)


def _command(name: str) -> str:
    """*name* as it can be typed: where this Python's own commands are, unless the path has them."""
    own = Path(sys.executable).parent / name
    return name if shutil.which(name) or not own.exists() else str(own)


def _describe_tls(cluster: Cluster) -> list[str]:
    if cluster.certificates is None or cluster.sasl is None:
        return []
    return [
        f"  SSL        {cluster.ssl_bootstrap_servers}",
        f"             {cluster.certificates.client} and {cluster.certificates.client_key}",
        f"  SASL_SSL   {cluster.sasl_ssl_bootstrap_servers}",
        f"             {cluster.sasl.username} / {cluster.sasl.password}, PLAIN or SCRAM-SHA-512",
        f"  authority  {cluster.certificates.ca}",
    ]


def _wait(cluster: Cluster) -> None:
    """Wait for ever, or until a node ends by itself."""
    while True:
        for node in cluster.nodes:
            if not node.running:
                raise BrokerFailed(f"Node {node.id} ended by itself.\n{node.log_tail()}")
        time.sleep(POLL_SECONDS)


def _show_fetching(done: int, total: int) -> None:
    print(f"\rFetching Kafka {KAFKA_VERSION}, once: {done} of {total} jars", end="", flush=True)
    if done == total:
        print()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
