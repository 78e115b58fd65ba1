"""The onboarding calls against the stand-in for Meta: what it refuses is read as it was said."""

from collections.abc import Awaitable, Callable

from pydantic import SecretStr
from tests.flow.sandbox_process import APP_ID, SECRET, sandbox

from saath.graph import GraphClient, GraphSettings
from saath_sync.graph_calls import MetaCalls
from saath_sync.onboarding import Refused

CALLS = ("exchange", "phone_numbers", "facts", "subscribe", "contacts", "history")
SAID = [
    (100, 33),
    (190, 463),
    (10, None),
    (200, None),
    (368, None),
    (2593107, None),
    (130497, None),
]


async def test_each_call_reads_each_refusal_and_the_witness_has_seen_each_call() -> None:
    async with sandbox() as meta:
        number = await meta.control.register_number()
        token, name = SecretStr(number.access_token), number.phone_number_id
        async with GraphClient(GraphSettings(base_url=meta.control.url)) as graph:
            calls = MetaCalls(graph, APP_ID, SecretStr(SECRET))
            asks: dict[str, Callable[[], Awaitable[object]]] = {
                "exchange": lambda: calls.exchange(SecretStr("code")),
                "phone_numbers": lambda: calls.phone_numbers(number.waba_id, token),
                "facts": lambda: calls.read_number(name, token),
                "subscribe": lambda: calls.subscribe(number.waba_id, token),
                "contacts": lambda: calls.ask_sync(name, token, "contacts"),
                "history": lambda: calls.ask_sync(name, token, "history"),
            }
            found = {}
            for call in CALLS:
                for code, subcode in SAID:
                    fault = {"kind": "error", "call": call, "code": code, "subcode": subcode}
                    await meta.control.faults(answers=[{**fault, "message": "no", "http": 400}])
                    found[call, code] = await asks[call]()
        seen = await meta.control.calls(name) + await meta.control.calls(number.waba_id)

    assert found == {(c, code): Refused(code, "no", sub) for c in CALLS for code, sub in SAID}
    assert {call: seen.count(call) for call in CALLS[1:]} == dict.fromkeys(CALLS[1:], len(SAID))
