"""What to answer Meta. Pure: no HTTP, no clock, no Kafka."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from saath_ingest.envelope import without_lone_surrogates
from saath_ingest.signature import known, verified


@dataclass(frozen=True, slots=True)
class Secrets:
    """What Meta must prove to know: the app secrets sign bodies, the tokens guard the challenge."""

    app_secrets: Sequence[str] = field(repr=False)
    verify_tokens: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verification:
    """Meta asks whether the address is ours (GET)."""

    mode: str | None
    token: str | None = field(repr=False)
    challenge: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Meta delivers a webhook (POST)."""

    signature: str | None = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Oversized:
    """Somebody delivers more than is taken; it was not read to its end."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The address is ours: repeat this."""

    text: str


@dataclass(frozen=True, slots=True)
class Accept:
    """It is Meta's, and it is JSON."""

    data: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetAside:
    """It is Meta's, and nobody can read it: kept as it is, for it would come again for seven days."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """It is not taken. ``outcome`` is the word for metrics, ``reason`` the sentence for people."""

    status: int
    outcome: str
    reason: str


Decision = Challenge | Accept | SetAside | Reject

TOO_LARGE = Reject(413, "too_large", "the body is larger than this service takes")
WRONG_SIGNATURE = Reject(401, "wrong_signature", "X-Hub-Signature-256 does not fit the body")
WRONG_TOKEN = Reject(403, "wrong_token", "the verify token is not ours")
NO_CHALLENGE = Reject(400, "no_challenge", "there is no hub.challenge to repeat")
NOT_JSON = SetAside("the body is not JSON")
NESTED_TOO_DEEP = SetAside("the body is nested deeper than can be read")


def decide(request: Verification | Delivery | Oversized, secrets: Secrets) -> Decision:
    """
    Decide what *request* gets.

    Nothing of a body is looked at before its signature has been found right; size comes first,
    because a body that was not read to its end cannot be verified.
    """
    match request:
        case Verification(mode, token, challenge):
            if mode != "subscribe" or not known(token, secrets.verify_tokens):
                return WRONG_TOKEN
            return Challenge(challenge) if challenge else NO_CHALLENGE
        case Oversized():
            return TOO_LARGE
        case Delivery(signature, body):
            if not verified(body, signature, secrets.app_secrets):
                return WRONG_SIGNATURE
            return parse(body)


def parse(body: bytes) -> Accept | SetAside:
    """Read a body whose sender is known."""
    try:
        return Accept(_loads(body))
    except ValueError:
        return NOT_JSON
    except RecursionError:
        return NESTED_TOO_DEEP


def _loads(body: bytes) -> Any:
    """
    As ``json`` reads it, which is the more lenient, and takes twice as long.

    Meta escapes every emoji as a pair of surrogates. A text cut in the middle of a pair leaves half of
    one, which no UTF-8 can hold: it would fail every writer and reader after us. The stricter reader
    has no such text, and refuses the body; ``json`` has it, in UTF-16 as well.
    """
    try:
        # What people wrote is not kept.
        return from_json(body, cache_strings="keys", allow_inf_nan=False)
    except ValueError:
        data = json.loads(body, parse_constant=_refuse_constant)
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return without_lone_surrogates(data)
    return data


def _refuse_constant(name: str) -> Any:
    # NaN and Infinity are no JSON; taken for nothing, what Meta meant by them would be lost.
    raise ValueError(f"{name} is no JSON")
