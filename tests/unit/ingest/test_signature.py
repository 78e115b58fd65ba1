"""Signatures, with the vectors of the dossier (section 3.2)."""

from pathlib import Path

import pytest

from saath_ingest.signature import known, sign, verified

EMPTY = b'{"object":"whatsapp_business_account","entry":[]}'
SPACED = b'{"object": "whatsapp_business_account", "entry": []}'
ESCAPED = Path("tests/contract/payloads/messages__text_escaped_bytes__1.json")


@pytest.mark.parametrize(
    ("secret", "body", "digest"),
    [
        (
            "test_app_secret",
            EMPTY,
            "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756",
        ),
        (
            "test_app_secret",
            SPACED,
            "56cbbaf4961c6cfdae48b7f116c047e5eb513d2c931baae63a2bc1afd26f803a",
        ),
        ("otro_secreto", EMPTY, "769b03d8c2ae6498f2d1e1f7299c0ba55448c69d741e7b0bb243d852d8a8d8c7"),
    ],
)
def test_signs_the_exact_bytes_as_meta_does(secret: str, body: bytes, digest: str) -> None:
    assert sign(body, secret) == f"sha256={digest}"


def test_signs_escaped_characters_as_they_came() -> None:
    body = (Path(__file__).parents[3] / ESCAPED).read_bytes()

    assert (len(body), sign(body, "test_app_secret")) == (
        627,
        "sha256=454f76925df534f1e3bf9c226385857c6752c2e03628e075904f4aee0e570cdb",
    )


def test_any_of_several_secrets_verifies() -> None:
    by_each = [verified(EMPTY, sign(EMPTY, secret), ("old", "new")) for secret in ("old", "new")]

    assert by_each == [True, True]


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        sign(EMPTY, "somebody else's"),
        sign(SPACED, "secret"),
        sign(EMPTY, "secret").removeprefix("sha256="),
        sign(EMPTY, "secret").upper(),
        sign(EMPTY, "secret") + " ",
        "sha256=ünïcode",
        "\udc80",
    ],
)
def test_anything_else_does_not_verify(signature: str | None) -> None:
    assert not verified(EMPTY, signature, ("secret",))


def test_without_secrets_nothing_verifies() -> None:
    assert not verified(EMPTY, sign(EMPTY, ""), ())


def test_a_token_is_known_only_whole() -> None:
    tokens = ("first", "second")

    assert [known(token, tokens) for token in ("first", "second", "sec", "", None)] == [
        True, True, False, False, False,
    ]  # fmt: skip
