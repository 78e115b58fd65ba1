"""What Kafka is told."""

from pathlib import Path

import pytest

from saath_local.properties import (
    NodePorts,
    ServerTls,
    broker_defaults,
    render,
    server_properties,
)

ONE = {1: NodePorts(plaintext=9092, controller=9093)}
THREE = {n: NodePorts(plaintext=9000 + n, controller=9100 + n) for n in (1, 2, 3)}
TLS = ServerTls(Path("ca.pem"), Path("server.pem"), "saath", "secret")

PROMISES = (
    "default.replication.factor",
    "min.insync.replicas",
    "transaction.state.log.replication.factor",
    "transaction.state.log.min.isr",
    "offsets.topic.replication.factor",
    "unclean.leader.election.enable",
    "auto.create.topics.enable",
)


def test_one_node_is_broker_and_controller_of_itself() -> None:
    settings = server_properties(1, ONE, Path("data"), None)

    own = {name: value for name, value in settings.items() if name not in broker_defaults(1)}
    assert own == {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": "1@127.0.0.1:9093",
        "listeners": "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093",
        "advertised.listeners": "PLAINTEXT://127.0.0.1:9092",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": "data",
    }


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        (1, (1, 1, 1, 1, 1, "false", "false")),
        (3, (3, 2, 3, 2, 3, "false", "false")),
    ],
)
def test_three_nodes_survive_the_loss_of_one_and_one_node_asks_for_no_more_than_itself(
    nodes: int, expected: tuple[object, ...]
) -> None:
    settings = broker_defaults(nodes)

    assert tuple(settings[name] for name in PROMISES) == expected


def test_every_node_knows_all_voters() -> None:
    voters = {
        server_properties(n, THREE, Path("data"), None)["controller.quorum.voters"] for n in THREE
    }

    assert voters == {"1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103"}


def test_tls_adds_a_listener_that_asks_for_a_client_certificate_and_one_with_accounts() -> None:
    ports = {1: NodePorts(plaintext=9092, controller=9093, ssl=9094, sasl_ssl=9095)}

    with_tls = server_properties(1, ports, Path("data"), TLS)
    without = server_properties(1, ONE, Path("data"), None)

    assert dict(with_tls.items() - without.items()) == {
        "listeners": "PLAINTEXT://127.0.0.1:9092,SSL://127.0.0.1:9094,"
        "SASL_SSL://127.0.0.1:9095,CONTROLLER://127.0.0.1:9093",
        "advertised.listeners": "PLAINTEXT://127.0.0.1:9092,SSL://127.0.0.1:9094,"
        "SASL_SSL://127.0.0.1:9095",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,"
        "CONTROLLER:PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": "server.pem",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "ca.pem",
        "listener.name.ssl.ssl.client.auth": "required",
        "listener.name.sasl_ssl.ssl.client.auth": "none",
        "listener.name.sasl_ssl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": "org.apache.kafka.common.security."
        'plain.PlainLoginModule required user_saath="secret";',
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security."
        "scram.ScramLoginModule required ;",
    }


def test_a_backslash_is_doubled_for_java() -> None:
    assert render({"log.dirs": r"a\b", "node.id": "1"}) == "log.dirs=a\\\\b\nnode.id=1\n"
