"""What an answer of the Graph API means: taken, refused, or unknown."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr
from tests.unit.sync.samples import NUMBER

from saath.graph import GraphAnswer, GraphClient, GraphSettings, GraphUnreachable
from saath_sync.graph_calls import MetaCalls
from saath_sync.onboarding import Done, Refused, Result, Unknown

TOKEN = SecretStr("token")


class Answering(GraphClient):
    """Gives one answer, or none, without a network."""

    def __init__(self, answer: GraphAnswer | None) -> None:
        super().__init__(GraphSettings())
        self.answer = answer
        self.asked: list[Any] = []

    async def _ask(
        self, method: str, path: str, token: SecretStr | None, **arguments: Any
    ) -> GraphAnswer:
        self.asked.append((method, path, arguments))
        if self.answer is None:
            raise GraphUnreachable("TimeoutError")
        return self.answer


def error(code: int, status: int) -> GraphAnswer:
    body: Mapping[str, Any] = {"error": {"code": code, "message": "Sync request limit exceeded"}}
    return GraphAnswer(status, body)


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (GraphAnswer(200, {"request_id": "r1"}), Done("r1")),
        (error(2593107, 400), Refused(2593107, "Sync request limit exceeded")),
        (None, Unknown("no answer from Meta (TimeoutError)")),
        (
            error(131000, 500),
            Unknown("Meta could not say (Sync request limit exceeded, HTTP 500)"),
        ),
        (
            GraphAnswer(502, {}),
            Unknown("Meta's answer (HTTP 502) does not say what happened"),
        ),
        (
            GraphAnswer(200, {}),
            Unknown("Meta's answer (HTTP 200) does not say what happened"),
        ),
    ],
)
async def test_only_metas_own_words_say_what_became_of_a_one_time_request(
    answer: GraphAnswer | None, result: Result
) -> None:
    graph = Answering(answer)

    found = await MetaCalls(graph, "1", SecretStr("s")).ask_sync(NUMBER, TOKEN, "history")

    body = {"messaging_product": "whatsapp", "sync_type": "history"}
    assert found == result
    assert graph.asked == [("POST", f"{NUMBER}/smb_app_data", {"json": body})]
