"""The bytes Meta sends and the signature over them. Pure."""

import hashlib
import hmac
import json
from typing import Any


def encode(body: Any) -> bytes:
    r"""
    Serialise as Meta does: no spaces, `\uXXXX` in lower case, `\/` and `\u0040`.

    A receiver that parses and serialises again before it checks the signature
    fails on exactly these; that is why the stand-in must write them too.
    """
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    # Outside of strings JSON has neither character, so replacing everywhere is safe.
    return text.replace("/", "\\/").replace("@", "\\u0040").encode("ascii")


def sign(secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for *body*."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
