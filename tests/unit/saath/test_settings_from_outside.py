"""What stands in a real environment: Kubernetes' own variables, and values that cannot be meant."""

import pytest

from saath.errors import Misconfigured
from saath.settings import KafkaSettings, Settings, TopicSettings, load
from saath_ingest.settings import IngestSettings
from saath_router.settings import RouterSettings
from saath_sender.settings import SenderSettings
from saath_sync.settings import SyncSettings

# What a pod finds beside the Services saath-ingest, saath-router, saath-sender and saath-sync.
SERVICE_LINKS = {
    name.format(service): value
    for service in ("INGEST", "ROUTER", "SENDER", "SYNC")
    for name, value in {
        "SAATH_{}_SERVICE_HOST": "10.0.0.7",
        "SAATH_{}_SERVICE_PORT": "8080",
        "SAATH_{}_SERVICE_PORT_HTTP": "8080",
        "SAATH_{}_PORT": "tcp://10.0.0.7:8080",
        "SAATH_{}_PORT_8080_TCP": "tcp://10.0.0.7:8080",
        "SAATH_{}_PORT_8080_TCP_PROTO": "tcp",
        "SAATH_{}_PORT_8080_TCP_PORT": "8080",
        "SAATH_{}_PORT_8080_TCP_ADDR": "10.0.0.7",
    }.items()
}

# docs/operations.md: one set of variables feeds all four, each reads only what it knows.
COMMON = {
    "SAATH_KAFKA__BOOTSTRAP_SERVERS": "a.kafka:9092, b.kafka:9092",
    "SAATH_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
    "SAATH_KAFKA__SASL_MECHANISM": "SCRAM-SHA-512",
    "SAATH_KAFKA__SASL_USERNAME": "saath",
    "SAATH_KAFKA__SASL_PASSWORD": "hunter2",
    "SAATH_TOPICS__PREFIX": "saath.",
    "SAATH_INSTALLATION_KEY": "0123456789abcdef",
    "SAATH_TURN_KEYS": "0123456789abcdef",
    "SAATH_CREDENTIALS__KEYS": "9Ry3FeS5gKxSJ5nD5Pb2mRcM7lNqv7OAaD6n8gJp1eE=",
    "SAATH_GRAPH__ACCESS_TOKEN": "EAAG",
    "SAATH_INGEST__APP_SECRETS": "abc,def",
    "SAATH_INGEST__VERIFY_TOKENS": "abc",
    "SAATH_ROUTER__ANSWERS": "nobody",
    "SAATH_SENDER__LEASE_SECONDS": "2",
    "SAATH_SYNC__APP_ID": "123",
    "SAATH_SYNC__APP_SECRET": "abc",
    "SAATH_SYNC__API_TOKEN": "0123456789abcdef",
    "SAATH_HTTP_PORT": "8080",
    "SAATH_LOG_FORMAT": "console",
    "SAATH_REVISION": "abc",
}


@pytest.mark.parametrize(
    "settings", [Settings, IngestSettings, RouterSettings, SenderSettings, SyncSettings]
)
def test_one_environment_feeds_every_service_beside_what_kubernetes_adds(
    settings: type[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = COMMON | SERVICE_LINKS
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert load(settings, environ).log_format == "console"


def test_a_misspelt_port_is_still_refused() -> None:
    with pytest.raises(Misconfigured, match="did you mean SAATH_HTTP_PORT"):
        load(Settings, {"SAATH_HTP_PORT": "8080"})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("KAFKA__BOOTSTRAP_SERVERS", "broker:port", "SAATH_KAFKA__BOOTSTRAP_SERVERS: string shou"),
        ("KAFKA__BOOTSTRAP_SERVERS", "", "SAATH_KAFKA__BOOTSTRAP_SERVERS: string should match"),
        ("KAFKA__BOOTSTRAP_SERVERS", "a:1;b:1", "SAATH_KAFKA__BOOTSTRAP_SERVERS: string should"),
        ("KAFKA__SECURITY_PROTOCOL", "SASL_SSL", "SAATH_KAFKA: SASL_SSL needs sasl_username and"),
        ("TOPICS__MIN_INSYNC_REPLICAS", "4", "SAATH_TOPICS: min_insync_replicas is 4 and"),
        ("TOPICS__MIN_INSYNC_REPLICAS", "0", "SAATH_TOPICS__MIN_INSYNC_REPLICAS: input should be"),
        ("KAFKA", "broker:9092", 'error parsing value for field "kafka"'),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SAATH_{name}", value)

    with pytest.raises(Misconfigured) as error:
        load(Settings)

    assert sentence.lower() in str(error.value).lower()


@pytest.mark.parametrize("servers", ["broker", "broker:9092,c:1", "[::1]:9092", " a:1 , b:2 "])
def test_what_kafka_takes_for_servers_is_taken(servers: str) -> None:
    assert KafkaSettings(bootstrap_servers=servers).bootstrap_servers == servers


def test_a_single_broker_may_be_the_only_one_in_sync() -> None:
    settings = TopicSettings(replication_factor=1, min_insync_replicas=1)

    assert settings.min_insync_replicas == 1
