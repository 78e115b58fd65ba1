"""What each request gets."""

import pytest

from saath_ingest.decide import (
    NESTED_TOO_DEEP,
    NO_CHALLENGE,
    NOT_JSON,
    TOO_LARGE,
    WRONG_SIGNATURE,
    WRONG_TOKEN,
    Accept,
    Challenge,
    Decision,
    Delivery,
    Oversized,
    Secrets,
    Verification,
    decide,
)
from saath_ingest.signature import sign

SECRETS = Secrets(app_secrets=("secret", "next secret"), verify_tokens=("token", "next token"))


def signed(body: bytes, secret: str = "secret") -> Delivery:
    return Delivery(sign(body, secret), body)


@pytest.mark.parametrize(
    ("request_", "decision"),
    [
        (Verification("subscribe", "token", "1158201444"), Challenge("1158201444")),
        (Verification("subscribe", "next token", "1"), Challenge("1")),
        (Verification("subscribe", "guessed", "1"), WRONG_TOKEN),
        (Verification("subscribe", None, "1"), WRONG_TOKEN),
        (Verification("unsubscribe", "token", "1"), WRONG_TOKEN),
        (Verification(None, None, None), WRONG_TOKEN),
        (Verification("subscribe", "token", None), NO_CHALLENGE),
    ],
)
def test_the_challenge_is_repeated_to_whoever_knows_a_token(
    request_: Verification, decision: Decision
) -> None:
    assert decide(request_, SECRETS) == decision


@pytest.mark.parametrize("secret", ["secret", "next secret"])
def test_a_signed_body_is_accepted_with_what_it_says(secret: str) -> None:
    decision = decide(signed(b'{"object": "whatsapp_business_account"}', secret), SECRETS)

    assert decision == Accept({"object": "whatsapp_business_account"})


@pytest.mark.parametrize("body", [b"{}", b"not JSON", b""])
def test_a_wrong_signature_is_refused_before_the_body_is_looked_at(body: bytes) -> None:
    assert decide(signed(body, "guessed"), SECRETS) == WRONG_SIGNATURE


def test_a_body_over_the_limit_is_refused() -> None:
    assert decide(Oversized(), SECRETS) == TOO_LARGE


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"hello", b'{"a": 1} {', b"\xff\xfe\xfd", b"9" * 5000,
        b'{"a": NaN}', b'{"a": [-Infinity]}',
    ],
)  # fmt: skip
def test_what_is_not_json_is_set_aside_so_that_meta_does_not_send_it_for_seven_days(
    body: bytes,
) -> None:
    assert decide(signed(body), SECRETS) == NOT_JSON


def test_json_that_is_nested_beyond_reading_is_set_aside() -> None:
    assert decide(signed(b"[" * 100_000 + b"]" * 100_000), SECRETS) == NESTED_TOO_DEEP


def test_what_is_nested_as_deep_as_can_just_be_read_is_not_set_aside_with_all_beside_it() -> None:
    deep = b'{"a": ' + b"[" * 800 + b"]" * 800 + b"}"

    assert isinstance(decide(signed(deep), SECRETS), Accept)


@pytest.mark.parametrize("body", [b"null", b"[]", b"7", b'"text"', b"{}"])
def test_json_that_is_no_webhook_is_accepted_so_that_meta_does_not_send_it_for_seven_days(
    body: bytes,
) -> None:
    assert isinstance(decide(signed(body), SECRETS), Accept)


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (rb'{"a": "\ud83d\udc4d"}', {"a": "👍"}),
        (rb'{"a": ["cut \ud83d"]}', {"a": ["cut �"]}),
        (rb'{"a": "cut \uD83D"}', {"a": "cut �"}),
        (rb'{"\udc4d": 1}', {"�": 1}),
    ],
)
def test_half_an_emoji_is_replaced_and_a_whole_one_kept(body: bytes, data: object) -> None:
    assert decide(signed(body), SECRETS) == Accept(data)


def test_no_repr_tells_a_secret_or_a_body() -> None:
    shown = repr(
        [SECRETS, signed(b"body text"), Verification("subscribe", "token", "1"), Accept("x")]
    )

    assert not [word for word in ("secret", "token'", "body text", "sha256") if word in shown]
