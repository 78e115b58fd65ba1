"""What Kafka is told: one ``server.properties`` a node. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from saath_local.ports import HOST


@dataclass(frozen=True, slots=True)
class NodePorts:
    """Where one node listens. TLS is off where ``ssl`` and ``sasl_ssl`` are None."""

    plaintext: int
    controller: int
    ssl: int | None = None
    sasl_ssl: int | None = None

    def listeners(self) -> dict[str, int]:
        """Return the clients' listeners by name, as Kafka names them."""
        named = {"PLAINTEXT": self.plaintext, "SSL": self.ssl, "SASL_SSL": self.sasl_ssl}
        return {name: port for name, port in named.items() if port is not None}


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What the TLS listeners need: PEM files, and the one account for SASL."""

    ca: Path
    server: Path
    username: str
    password: str


# Small, because it is for one person or one test run: __consumer_offsets and __transaction_state
# have 50 partitions by default, which is most of a first start.
INTERNAL_PARTITIONS = 4

# A cleaner thread takes 128 MB by default, a third of the heap, before there is anything to clean.
CLEANER_BUFFER_BYTES = 16 * 1024 * 1024


def server_properties(
    node_id: int,
    ports: Mapping[int, NodePorts],
    data: Path,
    tls: ServerTls | None,
) -> dict[str, str]:
    """Everything one node is told, in combined mode: each is broker and controller."""
    own = ports[node_id]
    addresses = [f"{name}://{HOST}:{port}" for name, port in own.listeners().items()]
    protocols = [f"{name}:{name}" for name in own.listeners()]
    settings = {
        "process.roles": "broker,controller",
        "node.id": node_id,
        "controller.quorum.voters": ",".join(
            f"{node}@{HOST}:{port.controller}" for node, port in sorted(ports.items())
        ),
        "listeners": ",".join([*addresses, f"CONTROLLER://{HOST}:{own.controller}"]),
        "advertised.listeners": ",".join(addresses),
        "listener.security.protocol.map": ",".join([*protocols, "CONTROLLER:PLAINTEXT"]),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": data,
        **broker_defaults(len(ports)),
        **(_tls(tls) if tls else {}),
    }
    return {name: str(value) for name, value in settings.items()}


def broker_defaults(nodes: int) -> dict[str, object]:
    """Return what holds for every broker of ours, wherever it runs and listens."""
    return {**_promises(nodes), **_small_and_quick()}


def _promises(nodes: int) -> dict[str, object]:
    """What production promises, as far as this many nodes can: the loss of one of three."""
    replicas, in_sync = (3, 2) if nodes >= 3 else (1, 1)
    return {
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        "unclean.leader.election.enable": "false",
        "auto.create.topics.enable": "false",
    }


def _small_and_quick() -> dict[str, object]:
    """What differs from production, so that a laptop and a test run have less to wait for."""
    return {
        "offsets.topic.num.partitions": INTERNAL_PARTITIONS,
        "transaction.state.log.num.partitions": INTERNAL_PARTITIONS,
        "share.coordinator.state.topic.num.partitions": INTERNAL_PARTITIONS,
        "log.cleaner.dedupe.buffer.size": CLEANER_BUFFER_BYTES,
        # Index files are made at this size, two for each partition (10 MB by default).
        "log.index.size.max.bytes": 1024 * 1024,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 4,
        "group.initial.rebalance.delay.ms": 0,
        # Tests choose short sessions, so that a killed consumer is missed soon (6 s by default).
        "group.min.session.timeout.ms": 1000,
        # An abandoned transaction is looked for every second (10 s by default).
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
        # A killed node is missed after 4 s (9 s by default).
        "broker.session.timeout.ms": 4000,
        "broker.heartbeat.interval.ms": 500,
    }


def _tls(tls: ServerTls) -> dict[str, object]:
    account = "org.apache.kafka.common.security.{} required {}"
    plain = account.format("plain.PlainLoginModule", f'user_{tls.username}="{tls.password}";')
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": tls.server,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": tls.ca,
        "listener.name.ssl.ssl.client.auth": "required",
        "listener.name.sasl_ssl.ssl.client.auth": "none",
        "listener.name.sasl_ssl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": plain,
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": account.format(
            "scram.ScramLoginModule", ";"
        ),
    }


def render(settings: Mapping[str, str]) -> str:
    """Write settings as a Java properties file."""
    return "".join(
        f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in settings.items()
    )
