"""One real broker a test session; each test that asks gets topics of its own on it."""

import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from tests.made import make_topics

from saath.settings import KafkaSettings, TopicSettings
from saath_local.find import Found, kafka_for_tests

PARTITIONS = 4
FOUND = pytest.StashKey[Found]()

# A busy machine is slow, and no test is to fail for that.
settings.register_profile("saath", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("saath")


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[KafkaSettings]:
    """A real Kafka: the one named in the environment, in a container, or started here."""
    with kafka_for_tests() as found:
        pytestconfig.stash[FOUND] = found
        yield KafkaSettings(bootstrap_servers=found.bootstrap_servers)


@pytest.fixture
def topics(kafka: KafkaSettings) -> TopicSettings:
    """All topics, made anew under a prefix that no other test has."""
    settings = TopicSettings(
        prefix=f"t{uuid.uuid4().hex[:8]}.", partitions=PARTITIONS, replication_factor=1
    )
    make_topics(kafka, settings)
    return settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by fixture, so that nobody has to remember to."""
    for item in items:
        if "kafka" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kafka)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which Kafka it was, and why the ones before it were not taken."""
    found = config.stash.get(FOUND, None)
    if found:
        terminalreporter.write_line(str(found))
