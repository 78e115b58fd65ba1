"""Settings: misspelt or impossible ones stop the start with a sentence that names them."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from saath.errors import Misconfigured
from saath.settings import KafkaSettings, Settings, TopicSettings, load


def refused(environ: Mapping[str, str]) -> str:
    with pytest.raises(Misconfigured) as error:
        load(Settings, environ)
    return str(error.value)


@pytest.mark.parametrize(
    ("misspelt", "right"),
    [
        ("SAATH_KAFKA__BOOTSTRAP_SERVER", "SAATH_KAFKA__BOOTSTRAP_SERVERS"),
        ("SAATH_KAFKA__BOOTSTRAPSERVERS", "SAATH_KAFKA__BOOTSTRAP_SERVERS"),
        ("SAATH_KAFKA_BOOTSTRAP_SERVERS", "SAATH_KAFKA__BOOTSTRAP_SERVERS"),
        ("SAATH_TOPIC__PREFIX", "SAATH_TOPICS__PREFIX"),
        ("SAATH_LOG_LEVL", "SAATH_LOG_LEVEL"),
        ("SAATH_SHUTDOWN_GRACE_SECOND", "SAATH_SHUTDOWN_GRACE_SECONDS"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest_right_one(misspelt: str, right: str) -> None:
    assert refused({misspelt: "x"}) == f"{misspelt} is not a setting; did you mean {right}?"


def test_a_name_in_our_section_that_is_like_no_other_is_refused_too() -> None:
    assert refused({"SAATH_KAFKA__ZZZ": "x"}).startswith("SAATH_KAFKA__ZZZ is not a setting")


def test_another_services_section_is_left_to_it() -> None:
    environ = {"SAATH_ROUTER__ANSWERS": "everyone", "SAATH_SENDER__ANYTHING": "1", "PATH": "/bin"}

    assert load(Settings, environ) == Settings()


def test_topics_and_kafka_are_read_under_their_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAATH_KAFKA__BOOTSTRAP_SERVERS", "broker:9092")
    monkeypatch.setenv("SAATH_TOPICS__PARTITIONS", "12")

    settings = load(Settings)

    assert (settings.kafka, settings.topics) == (
        KafkaSettings(bootstrap_servers="broker:9092"),
        TopicSettings(partitions=12),
    )


def test_an_impossible_value_is_refused_by_the_name_of_its_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SAATH_TOPICS__PARTITIONS", "0")

    assert refused(os.environ).startswith("SAATH_TOPICS__PARTITIONS: input should be greater")


def test_a_password_is_in_no_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAATH_KAFKA__SASL_PASSWORD", "hunter2")
    settings = load(Settings)
    monkeypatch.setenv("SAATH_KAFKA__SECURITY_PROTOCOL", "hunter2")

    assert "hunter2" not in repr(settings) + refused(os.environ)


def test_a_program_with_a_misspelt_setting_exits_with_2_and_says_so() -> None:
    program = "from saath.settings import *; load_or_exit(Settings)"
    environ = {**os.environ, "SAATH_KAFKA__BOOTSTRAP_SERVER": "x"}

    ended = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False
    )

    sentence = "is not a setting; did you mean SAATH_KAFKA__BOOTSTRAP_SERVERS?"
    assert (ended.returncode, ended.stderr) == (
        2,
        f"saath: SAATH_KAFKA__BOOTSTRAP_SERVER {sentence}\n",
    )
