"""Kafka's errors, named by what should be done about them, for those who never import aiokafka."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from saath.errors import Misconfigured, PoisonRecord, RetryLater, SaathError
from saath.settings import KafkaSettings


@contextmanager
def translated(kafka: KafkaSettings) -> Iterator[None]:
    """
    Turn what aiokafka raises inside into ours.

    Raises:
        RetryLater: the broker is not there, or asks for patience.
        Misconfigured: the topic is not there, or may not be used by us.
        PoisonRecord: this record will never be taken, such as one that is too large.
    """
    try:
        yield
    except (KafkaError, OSError) as error:
        raise meaning(error, kafka) from error


def meaning(error: KafkaError | OSError, kafka: KafkaSettings) -> SaathError:
    """What should be done about *error*."""
    name = type(error).__name__
    match error:
        case KafkaConnectionError() | OSError():
            return unreachable(error, kafka)
        case UnknownTopicOrPartitionError():
            return Misconfigured("the topic is not there: run `saath topics apply`")
        case TopicAuthorizationFailedError() | GroupAuthorizationFailedError():
            return Misconfigured(f"Kafka does not let us in ({name}): {error.args}; see its ACLs")
        case KafkaError(retriable=True):
            return RetryLater(name)
        case _:
            return PoisonRecord(f"Kafka does not take it: {name}")


def unreachable(error: Exception, kafka: KafkaSettings) -> RetryLater:
    """No connection came about. Why not, aiokafka says in its log only: refused or not let in is one."""
    protocol = kafka.security_protocol
    suspects = [f"SAATH_KAFKA__SECURITY_PROTOCOL={protocol}"]
    if protocol.endswith("SSL"):
        suspects.append("__SSL_CAFILE, __SSL_CERTFILE, __SSL_KEYFILE")
    if protocol.startswith("SASL"):
        suspects.append("__SASL_MECHANISM, __SASL_USERNAME, __SASL_PASSWORD")
    return RetryLater(
        f"no Kafka broker answers at {kafka.bootstrap_servers} (SAATH_KAFKA__BOOTSTRAP_SERVERS), "
        f"or it does not let us in (check {', '.join(suspects)}): {type(error).__name__}"
    )
