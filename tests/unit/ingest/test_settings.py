"""Ingest's settings: lists of secrets in either form, and sentences for what is wrong."""

import pytest

from saath.errors import Misconfigured
from saath.settings import load
from saath_ingest.decide import Secrets
from saath_ingest.settings import IngestSettings


def loaded(monkeypatch: pytest.MonkeyPatch, **environ: str) -> IngestSettings:
    for name in ("APP_SECRETS", "VERIFY_TOKENS"):
        monkeypatch.delenv(f"SAATH_INGEST__{name}", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(f"SAATH_INGEST__{name}", value)
    return load(IngestSettings, {f"SAATH_INGEST__{name}": value for name, value in environ.items()})


@pytest.mark.parametrize(
    ("written", "secrets"),
    [
        ("one", ("one",)),
        ("one,two", ("one", "two")),
        (" one , two ,", ("one", "two")),
        ('["one", "with, comma"]', ("one", "with, comma")),
        ("12345", ("12345",)),
    ],
)
def test_secrets_are_a_comma_separated_list_or_a_json_list(
    monkeypatch: pytest.MonkeyPatch, written: str, secrets: tuple[str, ...]
) -> None:
    settings = loaded(monkeypatch, APP_SECRETS=written, VERIFY_TOKENS="t")

    assert settings.ingest.secrets == Secrets(secrets, ("t",))


def test_no_repr_tells_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, APP_SECRETS="hush-hush", VERIFY_TOKENS="psst-psst")

    assert not [word for word in ("hush-hush", "psst-psst") if word in repr(settings)]


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        (
            {},
            "SAATH_INGEST__APP_SECRETS: field required; SAATH_INGEST__VERIFY_TOKENS: field required",
        ),
        ({"APP_SECRETS": "a"}, "SAATH_INGEST__VERIFY_TOKENS: field required"),
        (
            {"APP_SECRETS": ",", "VERIFY_TOKENS": "t"},
            "SAATH_INGEST__APP_SECRETS: tuple should have at",
        ),
        ({"APP_SECRETS": "[1", "VERIFY_TOKENS": "t"}, "SAATH_INGEST__APP_SECRETS: "),
        (
            {"APP_SECRET": "a", "VERIFY_TOKENS": "t"},
            "SAATH_INGEST__APP_SECRET is not a setting; did you mean SAATH_INGEST__APP_SECRETS?",
        ),
        (
            {"APP_SECRETS": "a", "VERIFY_TOKENS": "t", "IN_FLIGHT_BYTES_MAX": "2000"},
            "SAATH_INGEST: in_flight_bytes_max must hold at least one body_limit_bytes",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Misconfigured) as refused:
        loaded(monkeypatch, **environ)

    assert str(refused.value).startswith(sentence)
