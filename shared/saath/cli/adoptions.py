"""Lists of numbers to adopt, and files of history: read line by line, whatever their size."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

# Less than sync takes at once.
CHUNK_LINES, CHUNK_BYTES, LINE_BYTES_MAX = 500, 512 * 1024, 256 * 1024


class Entry(BaseModel):
    """One number of a list."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    phone_number_id: str = Field(pattern=r"^[0-9]{1,32}$")
    waba_id: str = Field(pattern=r"^[0-9]{1,32}$")
    token: SecretStr | None = None
    bot: str | None = None
    cap_per_second: int | None = Field(default=None, ge=1, le=1000)
    country: str | None = None
    timezone: str | None = None

    def body(self) -> dict[str, Any]:
        """As sync reads it."""
        said = self.model_dump(exclude_none=True)
        return said | ({"token": self.token.get_secret_value()} if self.token else {})


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line of a list that says no number, and why; never what is in it."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Portion:
    """Some lines of a history, with the number of the first, and where the chunk stands."""

    order: int
    first_line: int
    last: bool
    lines: bytes = field(repr=False)


def entries(path: Path) -> Iterator[tuple[int, Entry] | Wrong]:
    """
    The numbers of a list: CSV with a heading where the name ends in ``.csv``, else JSON lines.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        read = _csv if path.suffix.lower() == ".csv" else _json_lines
        yield from read(file)


def _csv(file: IO[str]) -> Iterator[tuple[int, Entry] | Wrong]:
    reader = csv.DictReader(file, restkey="more")
    for row in reader:
        said = {name: value for name, value in row.items() if value}
        yield _entry(reader.line_num, said)


def _json_lines(file: IO[str]) -> Iterator[tuple[int, Entry] | Wrong]:
    for at, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            yield _entry(at, json.loads(line))
        except (ValueError, RecursionError):
            yield Wrong(at, "it is not JSON")


def _entry(line: int, said: Mapping[str, Any]) -> tuple[int, Entry] | Wrong:
    try:
        return line, Entry.model_validate(said)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        return Wrong(line, "; ".join(problems))


def portions(path: Path) -> Iterator[Portion | Wrong]:
    """
    A history in portions that sync takes at once, the last one marked; a line too long is left out.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        order, first, at = 1, 1, 0
        lines: list[bytes] = []
        size = 0
        while line := file.readline(LINE_BYTES_MAX + 1):
            at += 1
            if len(line) > LINE_BYTES_MAX:
                while not line.endswith(b"\n") and (line := file.readline(LINE_BYTES_MAX)):
                    pass
                yield Wrong(at, f"it is longer than {LINE_BYTES_MAX} bytes")
                line = b"\n"
            if lines and (len(lines) >= CHUNK_LINES or size + len(line) > CHUNK_BYTES):
                yield Portion(order, first, last=False, lines=b"".join(lines))
                order, first, lines, size = order + 1, at, [], 0
            lines.append(line)
            size += len(line)
        yield Portion(order, first, last=True, lines=b"".join(lines))
