"""Kafka behind TLS, as Strimzi sets it up: PEM files, and a certificate of the client's own."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

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


@pytest.fixture
def with_password(cluster: Cluster) -> KafkaSettings:
    """Settings as a pod gets them where users have passwords."""
    assert cluster.certificates is not None
    assert cluster.sasl is not None
    return KafkaSettings(
        bootstrap_servers=cluster.sasl_ssl_bootstrap_servers,
        security_protocol="SASL_SSL",
        sasl_mechanism="PLAIN",
        sasl_username=cluster.sasl.username,
        sasl_password=cluster.sasl.password,
        ssl_cafile=cluster.certificates.ca,
    )


async def test_a_password_over_tls_is_taken_too(with_password: KafkaSettings) -> None:
    await apply(with_password, TOPICS, "tests")
    layout = await read_layout(with_password, TOPICS, "tests")

    assert layout.of(INBOUND) == 2


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        (
            {"sasl_password": SecretStr("not-this")},
            (
                "SAATH_KAFKA__SECURITY_PROTOCOL=SASL_SSL, "
                "__SSL_CAFILE, __SSL_CERTFILE, __SSL_KEYFILE, "
                "__SASL_MECHANISM, __SASL_USERNAME, __SASL_PASSWORD"
            ),
        ),
        ({"security_protocol": "PLAINTEXT"}, "SAATH_KAFKA__SECURITY_PROTOCOL=PLAINTEXT"),
        (
            {"security_protocol": "SSL", "ssl_cafile": None},
            "SAATH_KAFKA__SECURITY_PROTOCOL=SSL, __SSL_CAFILE, __SSL_CERTFILE, __SSL_KEYFILE",
        ),
    ],
    ids=["password", "protocol", "authority"],
)
async def test_a_broker_that_lets_nobody_in_is_told_by_the_settings_to_check(
    with_password: KafkaSettings, wrong: dict[str, Any], check: str
) -> None:
    stranger = with_password.model_copy(update={"request_timeout_ms": 3000} | wrong)

    with pytest.raises(RetryLater) as refused:
        await read_layout(stranger, TOPICS, "tests")

    assert str(refused.value) == (
        f"no Kafka broker answers at {stranger.bootstrap_servers} (SAATH_KAFKA__BOOTSTRAP_SERVERS), "
        f"or it does not let us in (check {check}): KafkaConnectionError"
    )


async def test_a_missing_file_is_named(with_certificate: KafkaSettings) -> None:
    nowhere = with_certificate.model_copy(update={"ssl_cafile": "/nowhere/ca.pem"})

    with pytest.raises(Misconfigured, match="SAATH_KAFKA__SSL_CAFILE"):
        await read_layout(nowhere, TOPICS, "tests")
