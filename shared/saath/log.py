"""Structured logs: one JSON line an event, on standard output. Bodies, numbers and tokens never."""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TextIO

import structlog

from saath.errors import SaathError

# Errors that speak of us and of machines. The text of any other may repeat what a customer wrote or
# what they are called by: ``int("4915…")`` does, ``{}["4915…"]`` does.
HARMLESS = (SaathError, OSError, RuntimeError)

# The topic, partition and offset of the record at work. To bind them for each record, as structlog would
# have it, takes ten times as long; here they are read by those few that have something to say.
AT_WORK: ContextVar[tuple[str, int, int] | None] = ContextVar("at_work", default=None)

SELDOM_SECONDS = 30.0
SELDOM_KINDS_MAX = 500

# What structlog and ``logging`` call some levels beside their names.
_LEVELS = {"warn": "warning", "exception": "error"}

_stacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


class Seldom(logging.Filter):
    """Lets a line of aiokafka's through once in a while: without a broker it repeats itself all the time."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to say it: another library's line, or one that was not said for a while."""
        if not record.name.startswith("aiokafka"):
            return True
        kind = (record.name, str(record.msg))  # before its arguments are put in
        if record.created - self._said.get(kind, float("-inf")) < SELDOM_SECONDS:
            return False
        if len(self._said) >= SELDOM_KINDS_MAX:
            self._said.clear()
        self._said[kind] = record.created
        return True


def places(exc_info: structlog.typing.ExcInfo) -> list[dict[str, Any]]:
    """A traceback as types and places in the code, with the texts of errors that are ``HARMLESS``."""
    safe = {str(harmless) for harmless in _harmless(exc_info[1])}
    stacks = _stacks(exc_info)
    for stack in _all(stacks):
        if stack["exc_value"] not in safe:
            stack["exc_value"], stack["exc_notes"] = "", []
    return stacks


def _harmless(error: BaseException | None) -> Iterator[BaseException]:
    """Those of an error, its causes and its parts whose text may be said."""
    seen = set[int]()
    left = [error]
    while left:
        found = left.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, HARMLESS):
            yield found
        left += [found.__cause__, found.__context__, *getattr(found, "exceptions", ())]


def _all(stacks: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for stack in stacks:
        yield stack
        for part in stack.get("exceptions", ()):
            yield from _all(part)


def _in_lines(out: TextIO, error: structlog.typing.ExcInfo) -> None:
    """The same for a person at a terminal."""
    for stack in _all(places(error)):
        out.write(f"\n  {stack['exc_type']} {stack['exc_value']}".rstrip())
        out.writelines(
            f"\n    {frame['filename']}:{frame['lineno']} in {frame['name']}"
            for frame in stack["frames"]
        )


@cache
def _encoder(default: Callable[[Any], Any]) -> json.JSONEncoder:
    return json.JSONEncoder(default=default)


def _as_json(said: Any, default: Callable[[Any], Any]) -> str:
    """As ``json.dumps`` writes it, which makes an encoder for every line."""
    return _encoder(default).encode(said)


def where_it_stands(
    _logger: object, _method: str, said: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """A line says of which record it speaks."""
    at_work = AT_WORK.get()
    if at_work is None:
        return said
    return {**dict(zip(("topic", "partition", "offset"), at_work, strict=True)), **said}


def signed(
    service: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> structlog.typing.Processor:
    """A line says whose it is, how much it matters, and when it was said."""

    def sign(
        _logger: object, method: str, said: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        said["service"], said["level"] = service, _LEVELS.get(method, method)
        said["timestamp"] = now().isoformat().replace("+00:00", "Z")
        return said

    return sign


def configure(
    service: str, level: str = "INFO", style: Literal["json", "console"] = "json"
) -> None:
    """Set structlog and the standard library's loggers up to write the same lines."""
    shared: list[structlog.typing.Processor] = [where_it_stands, signed(f"saath-{service}")]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_as_json)
        if style == "json"
        else structlog.dev.ConsoleRenderer(exception_formatter=_in_lines)
    )
    tracebacks = structlog.processors.ExceptionRenderer(places)
    last = [tracebacks, renderer] if style == "json" else [renderer]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(Seldom())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # aiokafka tells of every rebalance and metadata refresh; what matters of it we say ourselves.
    logging.getLogger("aiokafka").setLevel(max(logging.WARNING, logging.getLevelName(level)))
