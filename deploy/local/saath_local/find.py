"""
Finds a Kafka for tests: the one that is named, else one in a container, else the local one.

    with kafka_for_tests() as kafka:
        ...  # kafka.bootstrap_servers; print(kafka) says which it is, and why
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from saath_local.broker import ClusterSpec, run_cluster
from saath_local.errors import LocalError
from saath_local.properties import broker_defaults

VARIABLE = "SAATH_KAFKA__BOOTSTRAP_SERVERS"


@dataclass(frozen=True, slots=True)
class Found:
    """A Kafka that runs, which it is, and why the ones before it were not taken."""

    bootstrap_servers: str
    chosen: str
    skipped: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line for a test run's header."""
        why = f" ({'; '.join(self.skipped)})" if self.skipped else ""
        return f"Kafka: {self.chosen}, {self.bootstrap_servers}{why}"


class NotHere(LocalError):
    """This way to a Kafka is not open on this machine."""


# A way to a Kafka: yields bootstrap servers, or raises NotHere with the reason.
Way = Callable[[], AbstractContextManager[str]]


@contextmanager
def kafka_for_tests(ways: Mapping[str, Way] | None = None) -> Iterator[Found]:
    """Yield the first Kafka that is to be had; what was started is stopped at the end."""
    skipped: list[str] = []
    with ExitStack() as stack:
        for name, way in (WAYS if ways is None else ways).items():
            try:
                servers = stack.enter_context(way())
            except NotHere as reason:
                skipped.append(f"no {name}: {reason}")
            else:
                yield Found(servers, name, tuple(skipped))
                return
        raise NotHere("; ".join(skipped))


@contextmanager
def named_broker() -> Iterator[str]:
    """Take the broker that the environment names."""
    servers = os.environ.get(VARIABLE)
    if not servers:
        raise NotHere(f"{VARIABLE} is not set")
    yield servers


@contextmanager
def container() -> Iterator[str]:
    """Run a broker in a container, where a Docker engine answers."""
    with ExitStack() as stack:
        try:
            import_module("docker").from_env().ping()
            kafka = stack.enter_context(
                _container_type()().with_kraft().with_envs(**_environment())
            )
        except (
            Exception
        ) as error:  # what goes wrong here has many names, and the local broker is next
            raise NotHere(f"{type(error).__name__}: {error}".splitlines()[0]) from error
        yield kafka.get_bootstrap_server()


@contextmanager
def local_broker() -> Iterator[str]:
    """Run the local broker."""
    with run_cluster(ClusterSpec()) as cluster:
        yield cluster.bootstrap_servers


WAYS: Mapping[str, Way] = {
    "named broker": named_broker,
    "container": container,
    "local broker": local_broker,
}


def _container_type() -> Any:
    """Find testcontainers' class: the module moved in 4.15."""
    try:
        return import_module("testcontainers.community.kafka").KafkaContainer
    except ImportError:
        return import_module("testcontainers.kafka").KafkaContainer


def _environment() -> dict[str, str]:
    """Return the local broker's settings as Confluent's image takes them."""
    return {
        f"KAFKA_{name.replace('.', '_').upper()}": str(value)
        for name, value in broker_defaults(nodes=1).items()
    }
