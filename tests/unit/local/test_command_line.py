"""What ``python -m saath_local`` takes and says."""

from pathlib import Path

import pytest

from saath_local.__main__ import describe, parse
from saath_local.broker import Cluster, ClusterSpec, SaslAccount
from saath_local.tls import Certificates


def test_without_options_it_is_one_node_on_kafka_s_usual_port_with_data_that_is_kept() -> None:
    assert parse([]) == ClusterSpec(nodes=1, port=9092, data=Path(".saath/kafka"))


def test_every_option_is_taken() -> None:
    spec = parse(["--nodes", "3", "--port", "0", "--tls", "--data", "here"])

    assert spec == ClusterSpec(nodes=3, port=0, data=Path("here"), tls=True)


def test_two_nodes_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(["--nodes", "2"])

    assert "choose from 1, 3" in capsys.readouterr().err


def test_it_says_where_the_broker_is_and_what_to_type_next() -> None:
    cluster = Cluster(
        bootstrap_servers="127.0.0.1:9092",
        nodes=(),
        folder=Path("data"),
        ssl_bootstrap_servers="127.0.0.1:9192",
        sasl_ssl_bootstrap_servers="127.0.0.1:9292",
        certificates=Certificates(
            Path("ca.pem"), Path("client.pem"), Path("client.key"), Path("server.pem")
        ),
        sasl=SaslAccount("saath", "secret"),
    )

    assert describe(cluster, 2.04).splitlines() == [
        "Apache Kafka 4.2.2 runs, ready after 2.0 s. Ctrl-C stops it.",
        "",
        "  plaintext  127.0.0.1:9092",
        "  SSL        127.0.0.1:9192",
        "             client.pem and client.key",
        "  SASL_SSL   127.0.0.1:9292",
        "             saath / secret, PLAIN or SCRAM-SHA-512",
        "  authority  ca.pem",
        "  data       data",
        "",
        "In another terminal:",
        "",
        "  export SAATH_KAFKA__BOOTSTRAP_SERVERS=127.0.0.1:9092",
        "  export SAATH_TOPICS__REPLICATION_FACTOR=1",
        "  saath topics apply",
    ]
