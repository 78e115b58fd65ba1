"""The turn token: who may speak, and that nobody can make one up."""

import hashlib
import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from itsdangerous.encoding import base64_decode

from saath.errors import TokenRefused
from saath.tokens import TurnToken, TurnTokens

TOKEN = TurnToken(
    turn="t_1", number="100000000000001", conversation="c_1", epoch=7, bot="orders",
    deadline=1_767_614_460,
)  # fmt: skip
TEXTS = st.text(max_size=20)


@given(
    st.builds(TurnToken, TEXTS, TEXTS, TEXTS, st.integers(), TEXTS, st.integers(), st.booleans())
)
def test_a_token_is_read_as_it_was_signed(token: TurnToken) -> None:
    tokens = TurnTokens(["key"])

    assert tokens.read(tokens.sign(token)) == token


def test_a_token_written_before_there_were_shadows_is_read_and_is_none() -> None:
    written = URLSafeSerializer(
        ["key"], salt="saath.turn", signer_kwargs={"digest_method": hashlib.sha256}
    ).dumps(["t_1", "100000000000001", "c_1", 7, "orders", 1_767_614_460])

    assert TurnTokens(["key"]).read(f"t1.{written}") == TOKEN


def test_a_sender_from_before_there_were_shadows_reads_every_token_but_a_shadows() -> None:
    tokens = TurnTokens(["key"])
    shadow = replace(TOKEN, shadow=True)

    fields = [len(payload(tokens.sign(token))) for token in (TOKEN, shadow)]

    assert fields == [6, 7]


def payload(signed: str) -> list[object]:
    text = signed.removeprefix("t1.").rsplit(".", 1)[0]
    if text.startswith("."):  # itsdangerous compresses what gets shorter by it
        return list(json.loads(zlib.decompress(base64_decode(text[1:]))))
    return list(json.loads(base64_decode(text)))


def test_a_token_goes_in_a_url_and_in_json_as_it_is() -> None:
    text = TurnTokens(["key"]).sign(TOKEN)

    assert text.startswith("t1.")
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_an_older_key_still_verifies_and_the_newest_one_signs() -> None:
    before, during, after = TurnTokens(["old"]), TurnTokens(["new", "old"]), TurnTokens(["new"])

    assert during.read(before.sign(TOKEN)) == TOKEN
    assert after.read(during.sign(TOKEN)) == TOKEN


def test_a_key_that_was_taken_out_no_longer_verifies() -> None:
    with pytest.raises(TokenRefused):
        TurnTokens(["new"]).read(TurnTokens(["old"]).sign(TOKEN))


SIGNED = TurnTokens(["key"]).sign(TOKEN)


@pytest.mark.parametrize("length", range(len(SIGNED)))
def test_a_truncated_token_is_refused(length: int) -> None:
    with pytest.raises(TokenRefused):
        TurnTokens(["key"]).read(SIGNED[:length])


@given(st.integers(0, len(SIGNED) - 1), st.characters(codec="utf-8"))
def test_a_token_with_one_character_changed_is_refused_or_says_the_same(
    place: int, character: str
) -> None:
    forged = SIGNED[:place] + character + SIGNED[place + 1 :]

    try:
        read = TurnTokens(["key"]).read(forged)
    except TokenRefused:
        return
    # The last character of base64 has bits that mean nothing.
    assert read == TOKEN


@given(st.text(max_size=200))
def test_whatever_is_no_token_is_refused(text: str) -> None:
    for forged in (text, f"t1.{text}"):
        with pytest.raises(TokenRefused):
            TurnTokens(["key"]).read(forged)


@pytest.mark.parametrize("keys", [[], [""], ["key", ""]])
def test_no_installation_runs_without_a_key(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        TurnTokens(keys)


def test_a_token_expires_at_its_deadline() -> None:
    at = datetime.fromtimestamp(TOKEN.deadline, UTC)

    expired = [TOKEN.expired(at + timedelta(seconds=s)) for s in (-1, 0, 1)]

    assert expired == [False, True, True]
