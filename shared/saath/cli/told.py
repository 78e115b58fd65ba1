"""What was decided, as a person reads it; and what may be chosen, as a file says it."""

import json
import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import typer

from saath.cli.dlq import printable
from saath.cli.heard import Heard
from saath.events import Command, Event, NumberPolicy, short_name

# What of a decided fact says something to who reads a policy; in this order.
SHOWN = (
    "owner", "bot", "rule", "reason", "lease_until", "deadline", "reply_by", "until", "shadow",
    "waiting_since", "missed", "asked", "into", "pointer",
)  # fmt: skip
WIDTH = 100


class Teller:
    """Says each step as it is decided. Neither what people wrote nor who they are is shown."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._customers: dict[str, int] = {}

    def say(self, step: Any, place: str) -> None:
        """One step of a rehearsal, of something that stood at *place*."""
        if self._as_json:
            for fact in step.facts:
                typer.echo(fact.model_dump_json(exclude_none=True))
            return
        typer.echo(f"{_time(step.at)}  {self._what(step)}{f'  {place}' if place else ''}")
        for line in self._decided(step):
            typer.echo(f"    {line}")

    def pass_over(self, item: Heard, why: str) -> None:
        """Something that changes nothing here."""
        typer.echo(f"{item.place}: {why}", err=True)

    def _what(self, step: Any) -> str:
        match step.heard:
            case None:
                return "time passes"
            case Command(command=what):
                return f"command: {what}"
            case heard:
                kind = getattr(getattr(heard, "content", None), "type", None)
                return f"{_name(heard)}{f' ({kind})' if kind else ''}{self._whose(step)}"

    def _whose(self, step: Any) -> str:
        name = next((fact.conversation for fact in step.facts if fact.conversation), None)
        if name is None:
            return ""
        return f", customer {self._customers.setdefault(name, len(self._customers) + 1)}"

    def _decided(self, step: Any) -> Iterator[str]:
        if not step.facts:
            # What is known already, and what is only noted: a contact, a policy.
            yield "nothing follows"
        for fact in step.facts:
            if isinstance(step.heard, Event) and fact.id == step.heard.id:
                yield from _judged(fact)
            else:
                said = _said(fact)
                yield f"{_name(fact)}: {said}" if said else _name(fact)


def _judged(fact: Event) -> Iterator[str]:
    """What was decided of the message itself."""
    routed = getattr(fact, "routed", None)
    if routed is not None:
        whom = f"bot {routed.bot}" if routed.bot else routed.to
        later = f", asked at {_time(routed.ask_at)}" if routed.ask_at else ""
        yield f"→ {_safe(whom)} (rule {routed.rule}){later}"
        return
    rule = getattr(fact, "rule", None)
    yield f"logged{f' (rule {rule})' if rule else ''}"


def _said(fact: Event) -> str:
    shown = ((name, getattr(fact, name, None)) for name in SHOWN)
    return ", ".join(f"{name} {_value(value)}" for name, value in shown if value is not None)


def _name(event: Event) -> str:
    return short_name(event.type).rpartition(".")[0]


def _value(value: object) -> str:
    match value:
        case datetime():
            return _time(value)
        case str() if " " in value:
            return f"“{_safe(value)}”"
        case _:
            return _safe(str(value))


def _safe(text: str) -> str:
    return printable(text.encode())


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def as_yaml(known: NumberPolicy) -> Iterator[str]:
    """A file that says what holds anyhow, each with its sentence; what has no default is a comment."""
    yield "# Every number is answered like this; say below what is different for one."
    yield "defaults:"
    for name, field in NumberPolicy.model_fields.items():
        for line in textwrap.wrap(field.description or "", WIDTH - 4):
            yield f"  # {line}"
        value = getattr(known, name)
        yield f"  {name}: {written(value)}" if value is not None else f"  # {name}:"
    yield ""
    yield "# numbers:"
    yield "#   1055…:                 # a phone_number_id"
    yield "#     answers: everyone"


def written(value: object) -> str:
    """A value as YAML and people write it."""
    match value:
        case None:
            return "none"
        case float() if value.is_integer():
            return str(int(value))
        case tuple():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)
