"""Whatever anybody may ever write: it is a request or a refusal, and never an error."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.sender.facts import TOKENS, signed, source
from tests.unit.sender.kinds.examples import READ, SENT, TYPING, Json, with_value

from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE
from saath_sender.kinds import KINDS
from saath_sender.kinds.interactive import INTERACTIVE
from saath_sender.kinds.read import body_of
from saath_sender.outcomes import unread
from saath_sender.requests import Refusal, Request, read

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["https://a.example", "https://[", "wamid.A", "text", "button", "", "90"])
)
names = st.sampled_from(
    [
        "type",
        "id",
        "link",
        "body",
        "text",
        "action",
        "header",
        "sections",
        "rows",
        "buttons",
        "name",
    ]
) | st.text(max_size=6)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=14,
)


def places(value: Any, at: str = "") -> list[str]:
    """Where every part of *value* stands."""
    parts: Any = value.items() if isinstance(value, dict) else enumerate(value)
    return [
        place
        for key, part in parts
        for place in (f"{at}/{key}", *(places(part, f"{at}/{key}") if _holds(part) else ()))
    ]


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


@st.composite
def nearly_right(draw: st.DrawFn) -> Json:
    """A message as Meta writes it, with something else in one place."""
    content = draw(st.sampled_from([*SENT.values(), READ, TYPING]))
    return with_value(content, draw(st.sampled_from(places(content))), draw(anything))


@st.composite
def of_a_kind(draw: st.DrawFn) -> Json:
    """A message of a known kind, with anything inside."""
    kind = draw(st.sampled_from([*KINDS, "poll", "call"]))
    inside = draw(anything)
    if kind == "interactive" and isinstance(inside, dict):
        inside = {**inside, "type": draw(st.sampled_from([*INTERACTIVE, "call"]))}
    more = draw(st.dictionaries(st.sampled_from(["context", "to", "recipient_type"]), anything))
    return {"type": kind, kind: inside, **more}


contents = nearly_right() | of_a_kind() | anything
requests = st.fixed_dictionaries(
    {"messages": st.lists(contents, min_size=1, max_size=3)},
    optional={
        "turn": st.just(signed()) | anything,
        "id": st.just("r") | anything,
        "number": st.just("1") | anything,
        "to": st.just("+16505551234") | anything,
        "class": st.just("utility") | anything,
        "then": anything | st.fixed_dictionaries({"handoff": anything}),
        "working": anything,
        "expires_at": anything,
        "in_doubt": anything,
    },
)


def check(value: bytes, topic: Any) -> None:
    found = read(value, source(topic), TOKENS.read)
    if isinstance(found, Refusal):
        assert found.reason
        for index in range(found.total):
            outcome = unread(found, source(topic), index, found_at)
            assert outcome is None or outcome.json_bytes()
        return
    assert isinstance(found, Request)
    for index, content in enumerate(found.contents):
        if found.is_mark(index):
            assert body_of(content)["status"] == "read"


found_at = source().written_at
topics = st.sampled_from([OUTBOUND, OUTBOUND_PEOPLE, OUTBOUND_BULK])


@given(requests | anything, topics)
@example({"turn": signed(), "messages": [{"type": "text", "text": {"body": "\x00"}}]}, OUTBOUND)
def test_whatever_is_written_is_a_request_or_a_refusal(written: Any, topic: Any) -> None:
    check(json.dumps(written).encode(), topic)


@given(contents)
def test_whatever_is_to_be_answered_is_a_request_or_a_refusal(content: Any) -> None:
    check(json.dumps({"turn": signed(), "messages": [content]}).encode(), OUTBOUND)


@given(st.binary(max_size=60), topics)
def test_whatever_bytes_there_are_are_a_refusal(value: bytes, topic: Any) -> None:
    check(value, topic)
