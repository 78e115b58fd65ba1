"""
A real Apache Kafka on this machine: no Docker, no system Java, no Maven.

    with run_cluster(ClusterSpec()) as cluster:
        ...  # cluster.bootstrap_servers

Nothing is left running when the block ends, or when this process does.
"""

import base64
import secrets
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from saath_local.jars import ensure_jars
from saath_local.java import java
from saath_local.node import Node, Runtime
from saath_local.ports import HOST, Port
from saath_local.process import GRACE_SECONDS
from saath_local.properties import NodePorts, ServerTls, server_properties
from saath_local.scratch import scratch_folder

if TYPE_CHECKING:
    from saath_local.tls import Certificates

# The first compiler alone: ready in 2.0 s and not 2.7 s, and no slower in its first minutes (about
# 120,000 records/s from one aiokafka producer with either, on two cores).
JVM_FLAGS = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

SASL_USERNAME = "saath"


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """
    What to start.

    Ports: 0 is any free one; else the first node's, and the next nodes' follow it.
    Data: None is a temporary folder, removed at the end.
    TLS: two more listeners: SSL, which asks for a client certificate, and SASL_SSL.
    """

    nodes: Literal[1, 3] = 1
    port: int = 0
    data: Path | None = None
    tls: bool = False
    ssl_port: int = 0
    sasl_ssl_port: int = 0
    jvm_flags: tuple[str, ...] = JVM_FLAGS
    start_timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class SaslAccount:
    """The one account of the SASL_SSL listener (PLAIN and SCRAM-SHA-512)."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster. The last four are None without TLS."""

    bootstrap_servers: str
    nodes: tuple[Node, ...]
    folder: Path
    ssl_bootstrap_servers: str | None = None
    sasl_ssl_bootstrap_servers: str | None = None
    certificates: "Certificates | None" = None
    sasl: SaslAccount | None = None


@contextmanager
def run_cluster(spec: ClusterSpec) -> Iterator[Cluster]:
    """Start a cluster, wait until it can be used, and stop it at the end."""
    runtime = Runtime(
        java=java(),
        jars=ensure_jars(),
        flags=spec.jvm_flags,
        start_timeout_seconds=spec.start_timeout_seconds,
        # A folder that is about to be removed needs no orderly end.
        grace_seconds=GRACE_SECONDS if spec.data else 0.0,
    )

    with ExitStack() as stack:
        held = {node: _hold_ports(spec, node - 1, stack) for node in range(1, spec.nodes + 1)}
        folder = _data_folder(spec, stack)
        cluster = _prepare(spec, folder, held, runtime)
        for node in cluster.nodes:
            stack.callback(node.stop)
        if spec.data:
            stack.callback(_terminate, cluster)
        _start(cluster)
        yield cluster


def _terminate(cluster: Cluster) -> None:
    """Ask all to end before the first is waited for: the last would miss its controller."""
    for node in cluster.nodes:
        node.terminate()


def _hold_ports(spec: ClusterSpec, index: int, stack: ExitStack) -> dict[str, Port]:
    """Take a node's ports before anything is started, so that a clash costs no time."""
    wanted = {"plaintext": spec.port, "controller": 0}
    if spec.tls:
        wanted |= {"ssl": spec.ssl_port, "sasl_ssl": spec.sasl_ssl_port}
    held = {}
    for name, number in wanted.items():
        held[name] = Port.hold(number and number + index)
        stack.callback(held[name].release)
    return held


def _data_folder(spec: ClusterSpec, stack: ExitStack) -> Path:
    if spec.data:
        # Kafka's data knows how many voters there are, so the two sizes do not share a folder.
        folder = spec.data.resolve() / f"cluster-of-{spec.nodes}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    return stack.enter_context(scratch_folder())


def _prepare(
    spec: ClusterSpec, folder: Path, held: dict[int, dict[str, Port]], runtime: Runtime
) -> Cluster:
    """Write every node's settings."""
    ports = {
        node_id: NodePorts(**{name: port.number for name, port in of_node.items()})
        for node_id, of_node in held.items()
    }
    certificates, tls = _tls(folder) if spec.tls else (None, None)
    nodes = []
    for node_id, own in ports.items():
        own_folder = folder / f"node-{node_id}"
        node = Node(node_id, own_folder, tuple(held[node_id].values()), own.plaintext, runtime)
        node.configure(server_properties(node_id, ports, own_folder / "data", tls))
        nodes.append(node)

    return Cluster(
        bootstrap_servers=_addresses(own.plaintext for own in ports.values()),
        nodes=tuple(nodes),
        folder=folder,
        ssl_bootstrap_servers=_addresses(own.ssl for own in ports.values()) if tls else None,
        sasl_ssl_bootstrap_servers=(
            _addresses(own.sasl_ssl for own in ports.values()) if tls else None
        ),
        certificates=certificates,
        sasl=SaslAccount(tls.username, tls.password) if tls else None,
    )


def _start(cluster: Cluster) -> None:
    """Format what is new, then start all nodes at once: three voters wait for one another."""
    cluster_id = _kept(cluster.folder / "cluster.id", _new_cluster_id)
    with ExitStack() as stack:  # a failure of one ends the others before the folder is removed
        formatting = [
            (node, stack.enter_context(node.format(cluster_id, _scram(cluster.sasl))))
            for node in cluster.nodes
            if not node.formatted
        ]
        for node, process in formatting:
            node.check_formatted(process)
    for node in cluster.nodes:
        node.launch()
    for node in cluster.nodes:
        node.wait_ready()


def _tls(folder: Path) -> "tuple[Certificates, ServerTls]":
    from saath_local.tls import make_certificates  # cryptography is for those who ask for TLS

    certificates = make_certificates(folder / "certificates")
    password = _kept(folder / "sasl.password", lambda: secrets.token_hex(16))
    return certificates, ServerTls(certificates.ca, certificates.server, SASL_USERNAME, password)


def _scram(sasl: SaslAccount | None) -> str | None:
    if sasl is None:
        return None
    return f"SCRAM-SHA-512=[name={sasl.username},password={sasl.password}]"


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Return what an earlier run on this folder chose, or choose now."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text()


def _new_cluster_id() -> str:
    """Return 16 random bytes as Kafka writes them; a leading A keeps it from looking like an option."""
    return "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]


def _addresses(ports: Iterable[int | None]) -> str:
    return ",".join(f"{HOST}:{port}" for port in ports)
