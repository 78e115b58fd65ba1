"""
YAML without its surprises, and the line of everything in it. Pure.

Every scalar is the text that was written: ``no`` is a word, ``1055…`` an id, ``2026-12-25`` what it looks
like. Nothing is pointed at, nothing is named twice, nothing is left empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

# A ConfigMap holds no more.
CHARACTERS_MAX = 1_048_576
# Deeper than a policy is, and far from what would exhaust the stack.
DEPTH_MAX = 16

# Twenty times as fast where there is the library that PyYAML brings along for most platforms.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a line, and what to do about it."""

    line: int
    problem: str


def path_of(place: Place) -> str:
    """``("handoff", 0, "when")`` -> ``handoff[0].when``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


class WrongAt(Exception):
    """A text that is not read; says where and why."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.mistake = Mistake(line, problem)


def read_yaml(text: str) -> tuple[Any, dict[Place, int]]:
    """What a file of YAML says, every scalar as it was written; and the line of each part of it."""
    if len(text) > CHARACTERS_MAX:
        raise WrongAt(1, f"the file is longer than {CHARACTERS_MAX} characters")
    lines: dict[Place, int] = {}
    try:
        events = iter(yaml.parse(text, Loader=_LOADER))
        return _document(events, lines), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise WrongAt(line, f"is no YAML: {error.problem or error.context}") from None
    except (yaml.reader.ReaderError, UnicodeEncodeError) as error:
        at = error.start if isinstance(error, UnicodeEncodeError) else error.position
        line = text.count("\n", 0, at) + 1
        raise WrongAt(line, "is no YAML: a character that no text has") from None


def _document(events: Iterator[yaml.Event], lines: dict[Place, int]) -> Any:
    said: Any = None
    for event in events:
        match event:
            case yaml.DocumentStartEvent() if said is not None:
                raise WrongAt(_at(event), "a second document begins: one file says one thing")
            case yaml.ScalarEvent(value=""):
                break
            case yaml.NodeEvent():
                said = _node(event, events, (), lines)
    if said is None:
        # What is half written must not take every number's policy away.
        raise WrongAt(1, "says nothing")
    return said


def _node(
    event: yaml.Event, events: Iterator[yaml.Event], place: Place, lines: dict[Place, int]
) -> Any:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise WrongAt(_at(event), "& and * are not read here: write it out, or say it in defaults")
    if getattr(event, "tag", None):
        raise WrongAt(
            _at(event), "! is not read here: put quotes around a text that begins with it"
        )
    if len(place) > DEPTH_MAX:
        raise WrongAt(_at(event), "is nested deeper than any policy")
    match event:
        case yaml.MappingStartEvent():
            return _mapping(events, place, lines)
        case yaml.SequenceStartEvent():
            return _sequence(events, place, lines)
        case yaml.ScalarEvent(value=str() as value, style=style):
            if not style and value in ("", "~", "null"):
                raise WrongAt(
                    _at(event), f"{path_of(place)} says nothing: say something, or leave it out"
                )
            return value
        case _:
            raise WrongAt(_at(event), f"{type(event).__name__} is not read here")


def _mapping(events: Iterator[yaml.Event], place: Place, lines: dict[Place, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        if not isinstance(event, yaml.ScalarEvent):
            raise WrongAt(_at(event), "a name is wanted here, not a list or a group")
        key: str = event.value
        if key in found:
            before = lines[(*place, key)]
            raise WrongAt(_at(event), f"{path_of((*place, key))} is said in line {before} already")
        lines[(*place, key)] = _at(event)
        found[key] = _node(next(events), events, (*place, key), lines)
    return found


def _sequence(events: Iterator[yaml.Event], place: Place, lines: dict[Place, int]) -> list[Any]:
    found: list[Any] = []
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            break
        lines[(*place, len(found))] = _at(event)
        found.append(_node(event, events, (*place, len(found)), lines))
    return found


def _at(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
