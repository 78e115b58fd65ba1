"""The exact bytes, and the signature over them."""

import base64
import json
import random
from pathlib import Path

import pytest

from saath_sandbox.identifiers import Identifiers
from saath_sandbox.wire import encode, sign

PAYLOADS = Path(__file__).parents[2] / "contract" / "payloads"
ESCAPED = (PAYLOADS / "messages__text_escaped_bytes__1.json").read_bytes()

COMPACT = b'{"object":"whatsapp_business_account","entry":[]}'
SPACED = b'{"object": "whatsapp_business_account", "entry": []}'


@pytest.mark.parametrize(
    ("secret", "body", "digest"),
    [  # the vectors of section 3.2 of the domain facts
        (
            "test_app_secret",
            COMPACT,
            "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756",
        ),
        (
            "test_app_secret",
            SPACED,
            "56cbbaf4961c6cfdae48b7f116c047e5eb513d2c931baae63a2bc1afd26f803a",
        ),
        (
            "otro_secreto",
            COMPACT,
            "769b03d8c2ae6498f2d1e1f7299c0ba55448c69d741e7b0bb243d852d8a8d8c7",
        ),
        (
            "test_app_secret",
            ESCAPED,
            "454f76925df534f1e3bf9c226385857c6752c2e03628e075904f4aee0e570cdb",
        ),
    ],
)
def test_the_signature_is_that_of_the_published_vectors(
    secret: str, body: bytes, digest: str
) -> None:
    assert sign(secret, body) == f"sha256={digest}"


def test_the_bytes_are_escaped_as_meta_escapes_them() -> None:
    assert encode(json.loads(ESCAPED)) == ESCAPED


def test_a_wamid_has_the_anatomy_of_metas() -> None:
    wamid = Identifiers(random.Random(1)).wamid("16503879439", "customer")

    body = base64.b64decode(wamid.removeprefix("wamid."))
    token = body[20:-1]

    assert body == b"\x1c\x18\x0b16503879439\x15\x02\x00\x12\x18\x14" + token + b"\x00"
    assert (len(token), token[:2]) == (20, b"3A")


def test_identifiers_are_made_once_and_the_same_seed_makes_the_same() -> None:
    one, other = Identifiers(random.Random(7)), Identifiers(random.Random(7))

    made = [one.wamid("16505551234", "business") for _ in range(1000)]

    assert len(set(made)) == 1000
    assert made == [other.wamid("16505551234", "business") for _ in range(1000)]
