"""Any event there is, with anything in it that its model allows."""

import types
from datetime import UTC, date, datetime
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from saath.events import EVENTS, Content, Event

WORDS = st.text(max_size=12)
LEAVES = st.one_of(WORDS, st.booleans(), st.integers(-(2**53), 2**53))
OBJECTS = st.dictionaries(WORDS, st.one_of(LEAVES, st.lists(LEAVES, max_size=2)), max_size=3)
TIMES = st.datetimes(
    datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip
CONTENTS = st.one_of(
    WORDS.map(Content.of_text),
    st.builds(
        lambda kind, body: Content.model_validate({"type": kind, kind: body}),
        st.sampled_from(["image", "reaction", "nobody_has_heard_of_it"]),
        OBJECTS,
    ),
)


def events() -> st.SearchStrategy[Event]:
    """An event of any type."""
    return st.sampled_from([*EVENTS.values()]).flatmap(of_model)


def of_model(model: type[Any]) -> st.SearchStrategy[Any]:
    """Values of *model*, every field drawn from what its annotation allows."""
    fields = {name: _of_field(info) for name, info in model.model_fields.items()}
    return st.fixed_dictionaries(fields).map(model.model_validate)


def _of_field(info: FieldInfo) -> st.SearchStrategy[Any]:
    if float in get_args(info.annotation) and info.metadata:
        least = next((b.ge for b in info.metadata if isinstance(b, Ge)), 0.0)
        most = next((b.le for b in info.metadata if isinstance(b, Le)), 1e9)
        return st.none() | st.floats(least, most)  # type: ignore[arg-type] # bounds of a float
    if info.annotation is str and any(isinstance(bound, MinLen) for bound in info.metadata):
        return WORDS.filter(bool)
    if info.annotation is not int:
        return _of(info.annotation)
    lowest, highest = -(2**53), 2**53
    for bound in info.metadata:
        match bound:
            case Ge(ge=int() as number):
                lowest = number
            case Gt(gt=int() as number):
                lowest = number + 1
            case Le(le=int() as number):
                highest = number
            case Lt(lt=int() as number):
                highest = number - 1
    return st.integers(lowest, highest)


def _of(annotation: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is AwareDatetime or annotation is datetime:
        return TIMES
    if annotation is Content:
        return CONTENTS
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return of_model(annotation)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*(_of(a) for a in arguments))
    if origin is tuple:
        return st.lists(_of(arguments[0]), max_size=2).map(tuple)
    if annotation == dict[str, int]:
        return st.dictionaries(WORDS, st.integers(0, 2**53), max_size=3)
    if origin is dict:
        return OBJECTS
    if hasattr(annotation, "__metadata__"):
        return _of(arguments[0])
    simple = {
        str: WORDS,
        int: st.integers(-(2**53), 2**53),
        bool: st.booleans(),
        date: st.dates(),
        float: st.floats(allow_nan=False, allow_infinity=False),
        type(None): st.none(),
    }
    return simple[annotation]
