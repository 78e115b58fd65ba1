"""What Meta takes, and with which code it refuses the rest."""

import json
from typing import Any

import pytest

from saath_sandbox import validation
from saath_sandbox.errors import GraphError

BUSINESS = "15550783881"
TEXT = {
    "messaging_product": "whatsapp",
    "to": "+16505551234",
    "type": "text",
    "text": {"body": "Hello"},
}
TEMPLATE = {"name": "order_ready", "language": {"code": "en"}}


def verdict(changes: dict[str, Any]) -> int | None:
    """The code a message is refused with; None when it is taken."""
    content = {**TEXT, **changes}
    body = json.dumps({key: value for key, value in content.items() if value is not None})
    try:
        validation.check_message(validation.parse(body.encode()), BUSINESS)
    except GraphError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"to": None, "recipient": "US.13491208655302741918"}, None),
        ({"type": "template", "template": TEMPLATE}, None),
        ({"type": "image", "image": {"link": "https://example.com/a.jpg"}}, None),
        ({"type": "image", "image": {"id": "1003383421387256", "caption": "Taj Mahal"}}, None),
        ({"text": {"body": "ü" * 4096}}, None),
        ({"messaging_product": "sms"}, 100),
        ({"to": None}, 100),
        ({"to": "nobody"}, 131009),
        ({"to": f"+{BUSINESS}"}, 131021),
        ({"type": "poll", "poll": {}}, 100),
        ({"text": None}, 100),
        ({"text": {"body": ""}}, 100),
        ({"text": {"body": "x" * 4097}}, 100),
        ({"type": "template", "template": {"name": "order_ready"}}, 100),
        ({"type": "image", "image": {"caption": "neither id nor link"}}, 131009),
        ({"type": "image", "image": {"link": "ftp://example.com/a.jpg"}}, 131009),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
    ],
)
def test_a_message_is_taken_or_refused_with_metas_code(
    changes: dict[str, Any], code: int | None
) -> None:
    assert verdict(changes) == code


@pytest.mark.parametrize("body", [b"not json", b"[]", b"\xff"])
def test_what_is_no_object_is_an_invalid_parameter(body: bytes) -> None:
    with pytest.raises(GraphError) as refusal:
        validation.parse(body)

    assert refusal.value.code == 100


def test_an_error_has_metas_shape() -> None:
    error = GraphError(400, 130429, "(#130429) Rate limit hit", "Too many.", subcode=2494055)

    assert error.body("trace") == {
        "error": {
            "message": "(#130429) Rate limit hit",
            "type": "OAuthException",
            "code": 130429,
            "error_data": {"messaging_product": "whatsapp", "details": "Too many."},
            "error_subcode": 2494055,
            "fbtrace_id": "trace",
        }
    }
