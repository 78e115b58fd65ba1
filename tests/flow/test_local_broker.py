"""The local broker is a real Kafka, and leaves nothing behind."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError

from saath_local import BrokerFailed, Cluster, ClusterSpec, PortTaken, is_running, run_cluster
from saath_local.answer import living_brokers

pytestmark = pytest.mark.kafka

GONE_WITHIN_SECONDS = 20.0
TOPIC = "test.topic"

PARENT = """
import time
from saath_local import ClusterSpec, run_cluster
with run_cluster(ClusterSpec()) as cluster:
    print(cluster.nodes[0].pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def one() -> Iterator[Cluster]:
    """One node, with all its listeners."""
    with run_cluster(ClusterSpec(tls=True)) as cluster:
        yield cluster


async def make_topic(servers: str, replicas: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, 1, replicas)])
    finally:
        await admin.close()


async def produce(servers: str, *values: bytes, **security: Any) -> None:
    async with producer(servers, **security) as ours:
        for value in values:
            await ours.send_and_wait(TOPIC, value)


@asynccontextmanager
async def producer(servers: str, **security: Any) -> AsyncIterator[AIOKafkaProducer]:
    ours = AIOKafkaProducer(
        bootstrap_servers=servers, acks="all", enable_idempotence=True, **security
    )
    try:
        await ours.start()
        yield ours
    finally:
        await ours.stop()


async def consume(servers: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=servers, auto_offset_reset="earliest", group_id="test"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_what_is_produced_is_consumed_and_nothing_is_left_behind() -> None:
    with run_cluster(ClusterSpec()) as cluster:
        servers, folder, pid = cluster.bootstrap_servers, cluster.folder, cluster.nodes[0].pid
        await make_topic(servers, replicas=1)
        await produce(servers, b"one", b"two")
        consumed = await consume(servers, 2)
        ran = is_running(pid)

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(servers.partition(":")[2])))
    assert (consumed, ran, is_running(pid), folder.exists()) == (
        [b"one", b"two"],
        True,
        False,
        False,
    )


def test_kill_9_of_the_process_that_started_it_takes_java_with_it() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    java = int(parent.stdout.readline())
    ran = is_running(java)

    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    give_up = time.monotonic() + GONE_WITHIN_SECONDS
    while is_running(java) and time.monotonic() < give_up:
        time.sleep(0.05)

    assert (ran, is_running(java)) == (True, False)


async def test_three_nodes_go_on_without_one_and_take_it_back() -> None:
    with run_cluster(ClusterSpec(nodes=3)) as cluster:
        servers = cluster.bootstrap_servers
        await make_topic(servers, replicas=3)
        async with producer(servers) as ours:
            before = await ours.send_and_wait(TOPIC, b"before")
            leader = ours.client.cluster.leader_for_partition(before.topic_partition)
            lost = next(node for node in cluster.nodes if node.id == leader)
            await asyncio.to_thread(lost.kill)
            await ours.send_and_wait(TOPIC, b"without")
            await asyncio.to_thread(lost.start)
            await ours.send_and_wait(TOPIC, b"again")

        others = {node.id for node in cluster.nodes}
        assert living_brokers(lost.port) == others
        assert await consume(servers, 3) == [b"before", b"without", b"again"]


def trusting(cluster: Cluster) -> ssl.SSLContext:
    """A client that trusts the cluster's authority and shows no certificate."""
    assert cluster.certificates
    return ssl.create_default_context(cafile=str(cluster.certificates.ca))


async def test_a_client_with_a_certificate_is_let_in(one: Cluster) -> None:
    assert one.certificates
    assert one.ssl_bootstrap_servers
    context = trusting(one)
    context.load_cert_chain(one.certificates.client, one.certificates.client_key)

    async with producer(
        one.ssl_bootstrap_servers, security_protocol="SSL", ssl_context=context
    ) as ours:
        brokers = {broker.nodeId for broker in ours.client.cluster.brokers()}

    assert brokers == {1}


async def test_a_client_without_a_certificate_is_not(one: Cluster) -> None:
    assert one.ssl_bootstrap_servers

    with pytest.raises(KafkaConnectionError):
        async with producer(
            one.ssl_bootstrap_servers, security_protocol="SSL", ssl_context=trusting(one)
        ):
            pass


def account(cluster: Cluster, mechanism: str, password: str) -> dict[str, Any]:
    assert cluster.sasl
    return {
        "security_protocol": "SASL_SSL",
        "ssl_context": trusting(cluster),
        "sasl_mechanism": mechanism,
        "sasl_plain_username": cluster.sasl.username,
        "sasl_plain_password": password,
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_the_account_is_let_in_with_its_password_only(one: Cluster, mechanism: str) -> None:
    assert one.sasl
    assert one.sasl_ssl_bootstrap_servers
    servers = one.sasl_ssl_bootstrap_servers

    async with producer(servers, **account(one, mechanism, one.sasl.password)) as ours:
        brokers = {broker.nodeId for broker in ours.client.cluster.brokers()}

    assert brokers == {1}
    with pytest.raises(KafkaConnectionError):
        async with producer(servers, **account(one, mechanism, "wrong")):
            pass


async def test_data_in_a_named_folder_is_there_the_next_time(tmp_path: Path) -> None:
    with run_cluster(ClusterSpec(data=tmp_path)) as first:
        await make_topic(first.bootstrap_servers, replicas=1)
        await produce(first.bootstrap_servers, b"kept")

    with run_cluster(ClusterSpec(data=tmp_path)) as second:
        assert await consume(second.bootstrap_servers, 1) == [b"kept"]


def test_a_topic_is_not_made_by_a_misspelt_name(one: Cluster) -> None:
    async def send() -> None:
        async with asyncio.timeout(2):
            await produce(one.bootstrap_servers, b"lost?")

    with pytest.raises(TimeoutError):
        asyncio.run(send())


def test_a_broker_that_does_not_start_shows_the_end_of_its_log() -> None:
    spec = ClusterSpec(jvm_flags=("-XX:NoSuchFlag",))

    with pytest.raises(BrokerFailed, match=r"(?s)could not prepare.*kafka.log.*NoSuchFlag"):  # noqa: SIM117
        with run_cluster(spec):
            pass


def test_a_taken_port_is_named_before_java_is_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        begun = time.monotonic()

        with pytest.raises(PortTaken, match=f"Port {port} is taken"):  # noqa: SIM117
            with run_cluster(ClusterSpec(port=port)):
                pass

    assert time.monotonic() - begun < 3  # Java would not be up by then
