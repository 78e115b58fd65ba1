"""
What a schema was when it was published, beside what it is: what breaks whoever relies on the first. Pure.

The log keeps events for half a year, so whatever fitted the published schema must fit the present one:
no key may become required, nothing may be narrower. Of what Saath writes, readers also rely on every key
that was always there, and on its being of that kind. New keys and new values break nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

# What says nothing about which values fit.
ANNOTATIONS = frozenset(
    {"$schema", "$id", "title", "description", "default", "examples", "deprecated"}
)
# Named freely inside; everything else in a schema is a keyword.
NAMED = ("properties", "$defs")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
ALTERNATIVES = ("anyOf", "oneOf")
# Compared part by part; of any other keyword it is only seen that it is another.
COMPARED = frozenset({
    "type", "const", "enum", "format", "pattern", "properties", "required", "items", "additionalProperties",
    "$ref", "$defs", "discriminator", *LOWER, *UPPER,
})  # fmt: skip


def shape(schema: Any, *, named: bool = False) -> Any:
    """*schema* without what says nothing about which values fit."""
    if isinstance(schema, list):
        return [shape(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: shape(value, named=not named and name in NAMED)
        for name, value in schema.items()
        if named or name not in ANNOTATIONS
    }


def breaking(published: Schema, present: Schema, *, ours: bool) -> list[str]:
    """
    What of *present* breaks whoever relies on *published*, a sentence each.

    ``ours``: Saath writes it and others read it; otherwise they write it and Saath reads it.
    """
    return [*_Comparison(shape(published), shape(present), ours).of("", published, present)]


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two documents; ``$ref`` leads into their own ``$defs``."""

    published: Schema
    present: Schema
    ours: bool

    def of(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        """Compare what stands *at* one place of both."""
        old, new = _resolved(shape(old), self.published), _resolved(shape(new), self.present)
        were, are = _options(old, self.published), _options(new, self.present)
        if len(were) == len(are) == 1:
            yield from self._one(at, were[0], are[0])
            return
        for option in were:
            # It may be any of them by now: what is wrong with the one it is most like.
            yield from min(([*self._one(at, option, other)] for other in are), key=len)
        if self.ours:
            known = {_kind(option) for option in were}
            for kind in sorted({_kind(option) for option in are} - known):
                yield f"{_name(at)} may be {kind} by now"

    def _one(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        if another := [*self._kinds(at, old, new)]:
            yield from another
            return
        yield from self._values(at, old, new)
        yield from self._limits(at, old, new)
        yield from self._keys(at, old, new)
        yield from self._items(at, old, new)
        for keyword in sorted((old.keys() | new.keys()) - COMPARED):
            if old.get(keyword) != new.get(keyword):
                yield f"{_name(at)} has another {keyword}, and nobody compares what it means"

    def _kinds(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        was, now = _kind(old), _kind(new)
        wider = now == "anything" or (was, now) == ("integer", "number")
        if was != now and (self.ours or not wider):
            yield f"{_name(at)} was {was} and is {now}"

    def _values(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        were, are = _fixed(old), _fixed(new)
        if are is None:
            return
        if were is None:
            yield f"{_name(at)} could be anything of its kind and is one of a few"
            return
        for value in were:
            if value not in are:
                yield f"{_name(at)} may not be {value!r} any more"

    def _limits(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        for keyword in ("format", "pattern"):
            was, now = old.get(keyword), new.get(keyword)
            if was != now and (now is not None or self.ours):
                yield f"{_name(at)} had the {keyword} {was} and has {now}"
        for keyword in (*LOWER, *UPPER):
            was, now = old.get(keyword), new.get(keyword)
            sign = 1 if keyword in LOWER else -1
            if now is not None and (was is None or sign * now > sign * was):
                yield f"{_name(at)} had the {keyword} {was} and has {now}"

    def _keys(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        were, are = old.get("properties", {}), new.get("properties", {})
        needed, need = {*old.get("required", ())}, {*new.get("required", ())}
        for name in were:
            if name not in are:
                yield f"{_name(f'{at}/{name}')} is gone"
            else:
                yield from self.of(f"{at}/{name}", were[name], are[name])
        for name in sorted(need - needed):
            yield f"{_name(f'{at}/{name}')} is required by now"
        for name in sorted(needed - need):
            if self.ours and name in are:
                yield f"{_name(f'{at}/{name}')} is not always there any more"
        yield from self._others(
            f"{at}/*", old.get("additionalProperties", True), new.get("additionalProperties", True)
        )

    def _items(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        yield from self._others(f"{at}/-", old.get("items", True), new.get("items", True))

    def _others(self, at: str, old: Schema | bool, new: Schema | bool) -> Iterator[str]:
        """Compare what is said of all keys without a name, or of all items: a schema, all or none."""
        if isinstance(new, bool):
            if not new and old is not False:
                yield f"{_name(at)} is not allowed any more"
        elif old is not False:
            yield from self.of(at, {} if old is True else old, new)


def _resolved(schema: Schema, document: Schema) -> Schema:
    while "$ref" in schema:
        found = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
    return schema


def _options(schema: Schema, document: Schema) -> Sequence[Schema]:
    """What something may be, each alternative of its own; rules beside a type are no alternatives."""
    for keyword in ALTERNATIVES:
        if keyword in schema and "type" not in schema:
            return [
                found
                for option in schema[keyword]
                for found in _options(_resolved(option, document), document)
            ]
    return [schema]


def _kind(schema: Schema) -> str:
    return str(schema.get("type", "anything"))


def _fixed(schema: Schema) -> Sequence[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found = schema.get("enum")
    return found if isinstance(found, list) else None


def _name(at: str) -> str:
    return at or "the whole"
