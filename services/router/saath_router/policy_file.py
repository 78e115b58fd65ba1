"""
Policies as a file says them: for all numbers, and for some. Pure: given the text, not the file.

Whatever is wrong is said with its line.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError

from saath.errors import Misconfigured
from saath.events import BY_HAND, Chosen, NumberPolicy
from saath.events.by_hand import checked
from saath_router.plain_yaml import Mistake, Place, WrongAt, path_of, read_yaml

M = TypeVar("M", bound=Chosen)


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """What is said for all numbers, and what for some."""

    defaults: NumberPolicy | None = None
    numbers: Mapping[str, NumberPolicy] = field(default_factory=dict)

    def of(self, number: str) -> tuple[NumberPolicy, ...]:
        """What is said of *number*, the more particular last."""
        said = (self.defaults, self.numbers.get(number))
        return tuple(policy for policy in said if policy is not None)


class PolicyRefused(Misconfigured):
    """A file of policies that cannot be used; says each mistake with its line."""

    def __init__(self, name: str, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        # As compilers say it: editors and terminals find the place by it.
        super().__init__("\n".join(f"{name}:{m.line}: {m.problem}" for m in self.mistakes))


def read_policies(text: str, name: str) -> PolicyBook:
    """
    The policies that *text*, the content of the file *name*, says.

    Raises:
        PolicyRefused: it is no YAML, or says what cannot be meant.
    """
    found = _read(_File, text, name)
    return PolicyBook(found.defaults, found.numbers)


def read_policy(text: str, name: str) -> NumberPolicy:
    """
    One number's policy, as a file of its own says it.

    Raises:
        PolicyRefused: it is no YAML, or says what cannot be meant.
    """
    return _read(NumberPolicy, text, name)


def _read(model: type[M], text: str, name: str) -> M:
    try:
        said, lines = read_yaml(text)
        return model.model_validate(said, context=BY_HAND)
    except WrongAt as wrong:
        mistakes = [wrong.mistake]
    except ValidationError as error:
        mistakes = sorted(_mistakes(error, lines), key=lambda mistake: mistake.line)
    raise PolicyRefused(name, mistakes)


def doubts(book: PolicyBook) -> Iterator[str]:
    """What is right, and yet may not do what whoever wrote it wants."""
    said = {"defaults": book.defaults} if book.defaults else {}
    common = book.defaults.hours if book.defaults else None
    for name, policy in (said | {f"numbers.{n}": p for n, p in book.numbers.items()}).items():
        handoff = ((f"handoff[{n}]", rule.when) for n, rule in enumerate(policy.handoff or ()))
        ask = ((f"ask[{n}]", rule.when) for n, rule in enumerate(policy.ask or ()))
        for where, when in (*handoff, *ask):
            if when.closed is not None and not (policy.hours or common):
                yield (
                    f"{name}.{where} asks whether it is closed, and no hours are said here: it is "
                    "always open, unless they are said elsewhere"
                )


def _number_problem(number: str) -> str | None:
    right = number.isascii() and number.isdigit() and len(number) <= 32
    return None if right else f"{number[:40]} is no phone_number_id: its digits, as Meta shows them"


class _File(Chosen):
    defaults: NumberPolicy | None = None
    numbers: dict[Annotated[str, checked(_number_problem)], NumberPolicy] = Field(
        default_factory=dict
    )


# What pydantic says in words for those who write Python.
_SENTENCES = {
    "bool_parsing": "true or false is wanted",
    "dict_type": "names with something under each are wanted",
    "float_parsing": "a number is wanted; of seconds, where the name says so",
    "missing": "is missing",
    "model_type": "settings are wanted, each with its name",
    "string_type": "a text is wanted",
    "tuple_type": "a list is wanted",
}


def _mistakes(error: ValidationError, lines: Mapping[Place, int]) -> Iterator[Mistake]:
    for item in error.errors(include_input=False, include_url=False):
        place: Place = tuple(part for part in item["loc"] if part != "[key]")
        within: Place = item.get("ctx", {}).get("at", ())
        said = _SENTENCES.get(item["type"], item["msg"])
        where = f"{path_of(place)}: " if place else ""
        yield Mistake(_line(place + within, lines), f"{where}{said[:1].lower()}{said[1:]}")


def _line(place: Place, lines: Mapping[Place, int]) -> int:
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)
