"""Whatever Meta may ever write: every body is read, and becomes records that can be read back."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.expectation import LAYOUT, RECEIVED_AT, TRACEPARENT, bodies

from saath.codec import decode
from saath.events import WebhookUnrecognised
from saath_ingest.decide import Accept, Delivery, Secrets, decide
from saath_ingest.envelope import read
from saath_ingest.outbox import outbox
from saath_ingest.signature import sign

SECRETS = Secrets(("secret",), ())
REAL = [json.loads(path.read_bytes()) for path in bodies()]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["wamid.A", "16505551234", "1749416383", "US.134", "edit", "unsupported", ""])
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every part of *value* stands."""
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path] + [found for key, part in parts for found in paths(part, (*path, key))]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A real body with a few of its parts replaced, removed, doubled or added."""
    data = copy.deepcopy(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from([path for path in paths(data) if path] or [("entry",)]))
        parent: Any = data
        for key in way:
            parent = parent[key]
        match draw(st.sampled_from(["replace", "remove", "wrap", "add"])):
            case "replace":
                parent[last] = draw(anything)
            case "remove":
                del parent[last]
            case "wrap":
                parent[last] = [parent[last], copy.deepcopy(parent[last])]
            case "add" if isinstance(parent, dict):
                parent[draw(st.text(max_size=8))] = draw(anything)
            case _:
                pass
        if not isinstance(data, dict) or not data:
            break
    return data


def survives(body: bytes) -> None:
    decision = decide(Delivery(sign(body, "secret"), body), SECRETS)
    assert isinstance(decision, Accept)
    placed = [item for reading in read(decision.data, RECEIVED_AT) for item in reading.events]

    records = outbox(
        placed,
        body,
        LAYOUT,
        traceparent=TRACEPARENT,
        record_bytes_max=900_000,
        received_at=RECEIVED_AT,
    )

    # The nets under the readers are for the unforeseen: nothing foreseen here may fall into them.
    fallen = [
        item.event.reason
        for item in placed
        if isinstance(item.event, WebhookUnrecognised)
        and item.event.reason.startswith("the reader")
    ]
    assert fallen == []
    assert [decode(record.headers, record.value).id for record in records] == [
        item.event.id for item in placed
    ]


@settings(deadline=None, max_examples=300)
@given(mutated())
def test_a_real_body_with_its_parts_replaced_is_read_without_the_last_net(data: Any) -> None:
    survives(json.dumps(data).encode())


@settings(deadline=None, max_examples=100)
@given(anything)
def test_any_json_at_all_is_read(data: Any) -> None:
    survives(json.dumps(data).encode())


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_at_all_get_a_decision(body: bytes) -> None:
    decide(Delivery(sign(body, "secret"), body), SECRETS)
