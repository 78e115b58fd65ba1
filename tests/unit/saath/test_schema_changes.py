"""What breaks whoever relies on a published schema, and what does not: pairs of before and after."""

from typing import Any

import pytest

from saath.schema_changes import breaking, shape

STRING, INTEGER, NULL = {"type": "string"}, {"type": "integer"}, {"type": "null"}
OPTIONAL = {"anyOf": [STRING, NULL]}
OBJECT = {"type": "object", "properties": {"a": STRING}, "required": ["a"]}
OTHER = {"type": "object", "properties": {"b": INTEGER}, "required": ["b"]}


def of(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*required]}


def enum(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": [*values]}


def with_ref(part: dict[str, Any]) -> dict[str, Any]:
    return of(x={"$ref": "#/$defs/Part"}) | {"$defs": {"Part": part}}


BREAKS_EVERYBODY = {
    "a key is gone": (of(x=STRING, y=STRING), of(y=STRING), "/x is gone"),
    "a key is required": (of(x=STRING), of(("x",), x=STRING), "/x is required by now"),
    "a new key is required": (of(), of(("x",), x=STRING), "/x is required by now"),
    "another type": (of(x=STRING), of(x=INTEGER), "/x was string and is integer"),
    "a type where there was none": (of(x={}), of(x=STRING), "/x was anything and is string"),
    "null is not taken": (of(x=OPTIONAL), of(x=STRING), "/x was null and is string"),
    "a number must be whole": (
        of(x={"type": "number"}), of(x=INTEGER), "/x was number and is integer",
    ),
    "a value is gone": (of(x=enum("a", "b")), of(x=enum("a")), "/x may not be 'b' any more"),
    "another constant": (
        of(x={"type": "string", "const": "a"}), of(x={"type": "string", "const": "b"}),
        "/x may not be 'a' any more",
    ),
    "a few values only": (
        of(x=STRING), of(x=enum("a")), "/x could be anything of its kind and is one of a few",
    ),
    "another pattern": (
        of(x=STRING), of(x=STRING | {"pattern": "^a"}), "/x had the pattern None and has ^a",
    ),
    "shorter": (
        of(x=STRING | {"maxLength": 9}), of(x=STRING | {"maxLength": 8}),
        "/x had the maxLength 9 and has 8",
    ),
    "longer at least": (of(x=STRING), of(x=STRING | {"minLength": 1}), "/x had the minLength None and has 1"),
    "other items": (
        of(x={"type": "array", "items": STRING}), of(x={"type": "array", "items": INTEGER}),
        "/x/- was string and is integer",
    ),
    "no other keys": (
        of(x=STRING), of(x=STRING) | {"additionalProperties": False}, "/* is not allowed any more",
    ),
    "other keys of one kind": (
        of(x=STRING), of(x=STRING) | {"additionalProperties": STRING}, "/* was anything and is string",
    ),
    "in a part": (with_ref(of(y=STRING)), with_ref(of(("y",), y=STRING)), "/x/y is required by now"),
    "an alternative is narrower": (
        of(x={"anyOf": [OBJECT, OTHER, NULL]}),
        of(x={"anyOf": [OBJECT, OTHER | {"required": ["b", "c"]}, NULL]}), "/x/c is required by now",
    ),
    "a rule that is not compared": (
        of(x=STRING), of(x=STRING) | {"allOf": [{"required": ["x"]}]},
        "the whole has another allOf, and nobody compares what it means",
    ),
    "a rule beside the keys": (
        of(x=STRING) | {"anyOf": [{"required": ["x"]}, {"required": ["y"]}]},
        of(x=STRING) | {"anyOf": [{"required": ["x"]}]},
        "the whole has another anyOf, and nobody compares what it means",
    ),
}  # fmt: skip

BREAKS_READERS = {
    "a key may be missing": (of(("x",), x=STRING), of(x=STRING), "/x is not always there any more"),
    "a type more": (
        of(x=STRING), of(x={"anyOf": [STRING, INTEGER]}), "/x may be integer by now",
    ),
    "null too": (of(x=STRING), of(x=OPTIONAL), "/x may be null by now"),
    "anything": (of(x=STRING), of(x={}), "/x was string and is anything"),
    "a number with a fraction": (
        of(x=INTEGER), of(x={"type": "number"}), "/x was integer and is number",
    ),
    "no format": (
        of(x=STRING | {"format": "date-time"}), of(x=STRING),
        "/x had the format date-time and has None",
    ),
}  # fmt: skip

BREAKS_NOBODY = {
    "the same": (of(("x",), x=OPTIONAL), of(("x",), x=OPTIONAL)),
    "other words": (of(x=STRING | {"title": "X", "default": "a"}), of(x=STRING | {"description": "b"})),
    "a new key": (of(x=STRING), of(x=STRING, y=OPTIONAL)),
    "a new value": (of(x=enum("a")), of(x=enum("a", "b"))),
    "any value": (of(x=enum("a")), of(x=STRING)),
    "another alternative of the same kind": (
        of(x={"anyOf": [OBJECT, NULL]}), of(x={"anyOf": [OBJECT, OTHER, NULL]}),
    ),
    "other order": (of(x={"anyOf": [OBJECT, NULL]}), of(x={"anyOf": [NULL, OBJECT]})),
    "longer": (of(x=STRING | {"maxLength": 8}), of(x=STRING | {"maxLength": 9})),
    "a part under another name": (
        with_ref(OBJECT), of(x={"$ref": "#/$defs/New"}) | {"$defs": {"New": OBJECT}},
    ),
    "a key named as a keyword": (of(title=STRING, default=STRING), of(title=STRING, default=STRING)),
}  # fmt: skip


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(
    ("before", "after", "said"), BREAKS_EVERYBODY.values(), ids=BREAKS_EVERYBODY
)
def test_what_old_values_do_not_fit_any_more_is_named(
    before: dict[str, Any], after: dict[str, Any], said: str, ours: bool
) -> None:
    assert breaking(before, after, ours=ours) == [said]


@pytest.mark.parametrize(("before", "after", "said"), BREAKS_READERS.values(), ids=BREAKS_READERS)
def test_what_is_promised_no_more_breaks_who_reads_it_and_not_who_writes_it(
    before: dict[str, Any], after: dict[str, Any], said: str
) -> None:
    assert breaking(before, after, ours=True) == [said]
    assert breaking(before, after, ours=False) == []


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(("before", "after"), BREAKS_NOBODY.values(), ids=BREAKS_NOBODY)
def test_what_only_adds_breaks_nobody(
    before: dict[str, Any], after: dict[str, Any], ours: bool
) -> None:
    assert breaking(before, after, ours=ours) == []


def test_a_shape_keeps_keys_that_are_named_as_keywords_are() -> None:
    whole = of(title=STRING | {"title": "Title"}) | {"$id": "x", "description": "words"}

    assert shape(whole) == of(title=STRING)


def test_of_a_type_that_is_gone_its_keys_are_not_said_besides() -> None:
    assert breaking(of(x=OBJECT), of(x=STRING), ours=True) == ["/x was object and is string"]
