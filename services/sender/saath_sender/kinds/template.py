"""A template that Meta has approved: all that may be said outside of the service window. Pure."""

import re
from collections.abc import Iterable
from typing import Any

from saath_sender.kinds.shape import Name, Shape, Wrong, checked, within

INDEX = re.compile(r"\d{1,2}", re.ASCII)


class Language(Shape):
    """As ``en_US``."""

    code: Name


class Parameter(Shape):
    """What is put into a template's gap. Of the many types only words are looked into."""

    type: Name
    text: Name | None = None
    parameter_name: Name | None = None

    def rules(self) -> Iterable[Wrong]:
        if self.type == "text" and self.text is None:
            yield Wrong(("text",), "text is missing: a parameter of type text needs it")


class Component(Shape):
    """``header``, ``body`` or ``button``, in either case; other types pass."""

    type: Name
    sub_type: Name | None = None
    index: Any = None
    parameters: list[Parameter] | None = None

    def rules(self) -> Iterable[Wrong]:
        if self.type.lower() == "button":
            if self.sub_type is None:
                yield Wrong(("sub_type",), "sub_type is missing: say which kind of button it is")
            if not _is_index(self.index):
                yield Wrong(("index",), "index must say which button it is, counted from 0")
        for place, parameter in enumerate(self.parameters or ()):
            yield from within(parameter, "parameters", place)


class Template(Shape):
    """Whether its parameters fit is known to Meta alone (132000 and the like)."""

    name: Name
    language: Language
    components: list[Component] | None = None

    def rules(self) -> Iterable[Wrong]:
        for place, component in enumerate(self.components or ()):
            yield from within(component, "components", place)


def _is_index(written: Any) -> bool:
    if isinstance(written, str):
        return bool(INDEX.fullmatch(written))
    return isinstance(written, int) and not isinstance(written, bool) and 0 <= written < 100


wrong = checked(Template)
