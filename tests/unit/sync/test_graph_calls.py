"""What an answer of the Graph API means: taken, refused, or unknown."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr
from tests.unit.sync.samples import NUMBER

from saath.graph import GraphAnswer, GraphClient, GraphSettings, GraphUnreachable
from saath_sync.graph_calls import PAGES_MAX, MetaCalls
from saath_sync.onboarding import Done, PhoneNumber, Refused, Result, Unknown

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


class Paging(GraphClient):
    """An account with several pages of numbers, or with one that names itself as the next."""

    def __init__(self, pages: int) -> None:
        super().__init__(GraphSettings())
        self.pages, self.asked = pages, 0

    async def _ask(
        self, method: str, path: str, token: SecretStr | None, **arguments: Any
    ) -> GraphAnswer:
        self.asked += 1
        at = int(arguments["params"].get("after", "0"))
        item = {"id": str(at), "is_on_biz_app": True, "platform_type": "CLOUD_API"}
        more = {"next": "https://…", "cursors": {"after": str(at + 1)}}
        body: dict[str, Any] = {"data": [item]}
        return GraphAnswer(200, body | ({"paging": more} if at + 1 < self.pages else {}))


async def test_an_account_with_many_numbers_is_read_to_its_end_and_never_for_ever() -> None:
    graph, endless = Paging(3), Paging(10**9)

    found = await MetaCalls(graph, "1", SecretStr("s")).phone_numbers("2", TOKEN)
    await MetaCalls(endless, "1", SecretStr("s")).phone_numbers("2", TOKEN)

    assert found == [PhoneNumber(str(at), None, True, "CLOUD_API") for at in range(3)]
    assert endless.asked == PAGES_MAX
