"""What the probe makes of Meta's answers, and what of them may be said aloud."""

from typing import Any

import pytest
from pydantic import SecretStr
from tests.unit.sync.samples import ACCOUNT, NUMBER
from tests.unit.sync.test_graph_calls import TOKEN, Answering

from saath.graph import GraphAnswer
from saath_sync.graph_calls import MetaCalls
from saath_sync.life import Finding
from saath_sync.onboarding import Refused, Unknown

GONE = "it is not visible to us any more (Meta's error {})"


def calls(status: int, body: dict[str, Any]) -> MetaCalls:
    return MetaCalls(Answering(GraphAnswer(status, body)), "1", SecretStr("app secret"))


def refusal(code: int, subcode: int | None = None, message: str = "No") -> dict[str, Any]:
    return {"error": {"code": code, "error_subcode": subcode, "message": message}}


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (400, refusal(100, 33), ("gone", GONE.format(100))),
        (401, refusal(190), ("gone", GONE.format(190))),
        (403, refusal(10), ("gone", GONE.format(10))),
        (403, refusal(200), ("gone", GONE.format(200))),
        (403, refusal(299), ("gone", GONE.format(299))),
        # A field that a later version of Meta's has no more: every number would be gone at once.
        (400, refusal(100, None, "Tried accessing nonexisting field"), Unknown("Meta's error 100")),
        (400, refusal(4, None, "Too many calls"), Unknown("Meta's error 4")),
        (
            200,
            {"is_on_biz_app": True, "platform_type": "CLOUD_API"},
            ("connected", "Meta says that it is connected"),
        ),
        (200, {"is_on_biz_app": True}, ("connected", "Meta says that it is connected")),
        (
            200,
            {"is_on_biz_app": True, "platform_type": "NOT_APPLICABLE"},
            ("not_connected", "is_on_biz_app True, platform_type NOT_APPLICABLE"),
        ),
        (200, {}, Unknown("Meta's answer (HTTP 200) does not say what happened")),
    ],
)
async def test_only_what_meta_says_of_this_number_is_found_against_it(
    status: int, body: dict[str, Any], found: tuple[Finding, str] | Unknown
) -> None:
    answer = await calls(status, body).probe(NUMBER, TOKEN)

    assert (answer if isinstance(answer, Unknown) else (answer.finding, answer.cause)) == found


async def test_a_token_that_meta_repeats_in_its_refusal_is_not_said_again() -> None:
    token = SecretStr("EAAGm0PX4ZCpsBA not one")
    body = refusal(190, None, f"Malformed access token {token.get_secret_value()}")

    refused = await calls(400, body).phone_numbers(ACCOUNT, token)

    assert refused == Refused(190, "Malformed access token …")


async def test_a_code_and_a_secret_that_meta_repeats_in_its_refusal_are_not_said_again() -> None:
    body = refusal(100, 36007, "code AQB123 of app secret has expired")

    refused = await calls(400, body).exchange(SecretStr("AQB123"))

    assert refused == Refused(100, "code … of … has expired", 36007)
