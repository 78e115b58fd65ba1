"""What the OpenAPI document says of Meta's address: the code reads raw bytes, so it is said by hand."""

from typing import Any, Final

_TEXT: Final = {"text/plain": {"schema": {"type": "string"}}}


def _query(name: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "example": example}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _said(**sentences: str) -> dict[str, Any]:
    return {
        status.removeprefix("s"): {"description": sentence, "content": _TEXT}
        for status, sentence in sentences.items()
    }


CHALLENGE: Final[dict[str, Any]] = {
    "summary": "Meta asks whether this address is ours",
    "parameters": [
        _query("hub.mode", "subscribe"),
        _query("hub.verify_token", "what you typed in Meta's dashboard"),
        _query("hub.challenge", "1158201444"),
    ],
    "responses": _said(
        s200="The challenge, bare",
        s400="There is no challenge to repeat",
        s403="The verify token is not ours",
    ),
}

DELIVERY: Final[dict[str, Any]] = {
    "summary": "Meta delivers a webhook",
    "parameters": [
        {
            "name": "X-Hub-Signature-256",
            "in": "header",
            "required": False,
            "description": "HMAC-SHA256 over the exact bytes, with the app's secret",
            "schema": {"type": "string", "example": "sha256=" + "0" * 64},
        }
    ],
    "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
    "responses": {
        "200": {
            "description": "Every update of it is durable; what nobody can read is, as it came"
        },
        **_said(
            s400="Its sender hung up before its end",
            s401="The signature does not fit the bytes",
            s408="It did not arrive in time",
            s413="It is larger than this service takes",
            s503="Kafka has not acknowledged it, or too much is in flight: send it again",
        ),
    },
}
