"""The stand-in for Meta has its own idea of what Meta takes; it must be the same as the sender's."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.sender.facts import asked, signed
from tests.unit.sender.kinds import examples
from tests.unit.sender.kinds.examples import SENT, Json, with_value
from tests.unit.sender.kinds.test_anything import nearly_right, of_a_kind
from tests.unit.sender.kinds.test_kinds import LIMITS, SOME

from saath_sandbox import validation
from saath_sandbox.errors import GraphError
from saath_sender.kinds.read import TYPE
from saath_sender.requests import Refusal

BUSINESS = "15550783881"
TO = {"messaging_product": "whatsapp", "to": "+16505551234"}
# What stands around a message never reaches Meta as its writer wrote it, and of view once the
# Cloud API knows nothing.
OF_META = [
    limit
    for limit in LIMITS
    if limit[1].split("/")[1] in (limit[0]["type"], "context") and "view_once" not in limit[1]
]


def verdict(content: Json) -> int | None:
    """The code a message is refused with; None when it is taken."""
    body = json.dumps({**TO, **content}).encode()
    return refusal(lambda: validation.check_message(validation.parse(body), BUSINESS))


def refusal(check: Callable[[], None]) -> int | None:
    """The code that *check* refuses with, if it does."""
    try:
        check()
    except GraphError as error:
        return error.code
    return None


@pytest.mark.parametrize("content", SENT.values(), ids=SENT)
def test_what_meta_takes_is_taken(content: Json) -> None:
    assert verdict(content) is None


@pytest.mark.parametrize(
    ("example", "where", "inside", "outside"),
    [limit[:4] for limit in OF_META if limit[0]["type"] != TYPE],
)
def test_the_limits_are_the_same_as_the_senders(
    example: Json, where: str, inside: Any, outside: Any
) -> None:
    within, beyond = (verdict(with_value(example, where, value)) for value in (inside, outside))

    assert (within, beyond in {100, 131008, 131009}) == (None, True)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (examples.interactive("call_permission_request"), 131051),
        (examples.interactive("menu"), 100),
        ({"type": ["text"]}, 100),
        ({**examples.TEXT, "recipient_type": "group"}, 100),
        ({**examples.TEXT, "context": {}}, 131008),
        (with_value(examples.BUTTONS, "/interactive/body", ...), 131008),
        (with_value(examples.BUTTONS, "/interactive/body/text", "x" * 1025), 131009),
    ],
)
def test_it_is_refused_with_metas_code(content: Json, code: int) -> None:
    assert verdict(content) == code


@pytest.mark.parametrize(
    ("typing", "code"), [(None, None), ({"type": "text"}, None), ({"type": "audio"}, 100)]
)
def test_a_typing_indicator_has_a_type(typing: Json | None, code: int | None) -> None:
    mark = {"status": "read", "message_id": examples.WAMID, "typing_indicator": typing}

    assert refusal(lambda: validation.check_read_mark(mark)) == code


@given(st.sampled_from([*SOME.values()]) | nearly_right() | of_a_kind())
def test_it_takes_all_that_the_sender_lets_through(content: Any) -> None:
    is_refused = isinstance(asked(turn=signed(), messages=[content]), Refusal)

    # Whom it goes to is not the message's to say: the sender puts that over it.
    assert content.get("type") == TYPE or is_refused or verdict({**content, **TO}) is None
