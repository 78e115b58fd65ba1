"""Meta's signature of a webhook: HMAC-SHA256 with the app's secret, over the exact bytes. Pure."""

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache

SCHEME = "sha256="


def sign(body: bytes, secret: str) -> str:
    """What Meta writes into ``X-Hub-Signature-256`` for *body*."""
    keyed = _keyed(secret).copy()
    keyed.update(body)
    return SCHEME + keyed.hexdigest()


@lru_cache(maxsize=64)  # to take the key in anew for every body took a sixth of signing it
def _keyed(secret: str) -> hmac.HMAC:
    return hmac.new(secret.encode(), digestmod=hashlib.sha256)


def verified(body: bytes, signature: str | None, secrets: Sequence[str]) -> bool:
    """
    Tell whether *signature* was made with one of *secrets*.

    There are several during a rotation, and where several Meta apps share one address. All of them
    are compared, so that the time taken tells nothing of which one fitted.
    """
    # Bytes, because compare_digest refuses text that is not ASCII, and a header may hold any.
    given = (signature or "").encode(errors="replace")
    fits = [hmac.compare_digest(sign(body, secret).encode(), given) for secret in secrets]
    return any(fits)


def known(token: str | None, tokens: Sequence[str]) -> bool:
    """Tell whether *token* is one of *tokens*, in constant time."""
    given = (token or "").encode(errors="replace")
    fits = [hmac.compare_digest(candidate.encode(), given) for candidate in tokens]
    return any(fits)
