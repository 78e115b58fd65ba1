"""The contract's models: what one of them leaves out, its reader can do without."""

from typing import get_args

from saath.events import EVENTS


def test_what_may_be_absent_from_a_record_is_not_required_by_its_reader() -> None:
    # Values are written without their nulls, so a field that may be null may be absent.
    unreadable = [
        f"{model.__name__}.{name}"
        for model in EVENTS.values()
        for name, field in model.model_fields.items()
        if field.is_required() and type(None) in get_args(field.annotation)
    ]

    assert unreadable == []
