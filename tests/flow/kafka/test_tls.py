"""Kafka behind TLS, as Strimzi sets it up: PEM files, and a certificate of the client's own."""

from collections.abc import Iterator

import pytest

from saath.errors import Misconfigured, RetryLater
from saath.kafka.layout import apply, read_layout
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import INBOUND
from saath_local import Cluster, ClusterSpec, run_cluster

TOPICS = TopicSettings(prefix="tls.", partitions=2, replication_factor=1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A broker of its own, with TLS listeners."""
    with run_cluster(ClusterSpec(tls=True)) as running:
        yield running


@pytest.fixture
def with_certificate(cluster: Cluster) -> KafkaSettings:
    """Settings as a pod gets them from a KafkaUser's secret."""
    files = cluster.certificates
    assert files is not None
    return KafkaSettings(
        bootstrap_servers=cluster.ssl_bootstrap_servers,
        security_protocol="SSL",
        ssl_cafile=files.ca,
        ssl_certfile=files.client,
        ssl_keyfile=files.client_key,
    )


async def test_topics_are_made_and_read_with_a_client_certificate(
    with_certificate: KafkaSettings,
) -> None:
    await apply(with_certificate, TOPICS, "tests")
    layout = await read_layout(with_certificate, TOPICS, "tests")

    assert layout.of(INBOUND) == 2


async def test_without_a_certificate_nothing_is_answered(with_certificate: KafkaSettings) -> None:
    stranger = with_certificate.model_copy(update={"ssl_certfile": None, "ssl_keyfile": None})

    with pytest.raises(RetryLater, match="no Kafka broker answers"):
        await read_layout(stranger, TOPICS, "tests")


async def test_a_password_over_tls_is_taken_too(cluster: Cluster) -> None:
    assert cluster.certificates is not None
    assert cluster.sasl is not None
    settings = KafkaSettings(
        bootstrap_servers=cluster.sasl_ssl_bootstrap_servers,
        security_protocol="SASL_SSL",
        sasl_mechanism="PLAIN",
        sasl_username=cluster.sasl.username,
        sasl_password=cluster.sasl.password,
        ssl_cafile=cluster.certificates.ca,
    )

    await apply(settings, TOPICS, "tests")
    layout = await read_layout(settings, TOPICS, "tests")

    assert layout.of(INBOUND) == 2


async def test_a_missing_file_is_named(with_certificate: KafkaSettings) -> None:
    nowhere = with_certificate.model_copy(update={"ssl_cafile": "/nowhere/ca.pem"})

    with pytest.raises(Misconfigured, match="SAATH_KAFKA__SSL_CAFILE"):
        await read_layout(nowhere, TOPICS, "tests")
