"""
Values that events carry and people write, read strictly where a person wrote them.

An event is read by older and newer code, so what it does not know is ignored. In a file or a
command the same is a mistake, and whoever made it is told: read those with ``BY_HAND`` as the context.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from saath.events.base import Model
from saath.spelling import did_you_mean

BY_HAND: Final = {"by_hand": True}


class Chosen(Model):
    """What a person chooses. By hand, a key it does not know is refused with the nearest right one."""

    @model_validator(mode="before")
    @classmethod
    def _knows_every_key(cls, said: Any, info: ValidationInfo) -> Any:
        if is_by_hand(info) and isinstance(said, Mapping):
            for key in said:
                if key not in cls.model_fields:
                    problem = (
                        f"{key} is not a setting here{did_you_mean(str(key), cls.model_fields)}"
                    )
                    raise mistake(problem, key)
        return said


def is_by_hand(info: ValidationInfo) -> bool:
    """True where what is read was written by a person just now."""
    return bool(info.context and info.context.get("by_hand"))


def mistake(problem: str, *at: str | int) -> PydanticCustomError:
    """What is wrong and what to do about it; *at*: where, below the value that is being read."""
    # Braces in a sentence would be taken for names of its parts.
    return PydanticCustomError("mistake", "{problem}", {"problem": problem, "at": at})


def checked(problem_of: Callable[[str], str | None]) -> AfterValidator:
    """Refuse by hand the text that *problem_of* says something of."""

    def check(text: str, info: ValidationInfo) -> str:
        problem = problem_of(text) if is_by_hand(info) else None
        if problem:
            raise mistake(problem)
        return text

    return AfterValidator(check)


def _several(said: Any) -> Any:
    """One text is a list of one."""
    return (said,) if isinstance(said, str) else said


def _some(said: Any, info: ValidationInfo) -> Any:
    """So it is here, and a list without anything in it is a mistake."""
    if is_by_hand(info) and isinstance(said, list | tuple) and not said:
        raise mistake("names nothing: name something, or leave it out")
    return _several(said)


SEVERAL: Final = BeforeValidator(_several)
SOME: Final = BeforeValidator(_some)
