"""Meta's real bodies, made odd: parts dropped, doubled, retyped, huge, deep; bytes that are no JSON."""

import copy
import json
import re
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from tests.contract.expectation import bodies

REAL = [json.loads(path.read_bytes()) for path in bodies()]
RAW = [path.read_bytes() for path in bodies()]

ODD_TEXTS = (
    "", " ", "0", "-1", "null", "wamid.A", "16505551234", "+16505551234", "US.134", "1749416383",
    "99999999999999999999", "\x00", "\x1b[2J", "a\r\nb", "\u200d\u202e\ufeff", "\uffff", "\U0010ffff",
    "e\u0301" * 50, "👩‍👩‍👧‍👦" * 20, "\ud83d", "\udc00\ud800", "साथ", "../../etc", "%s%n", "{{7*7}}",
)  # fmt: skip
ODD_NUMBERS = (0, -1, 1, 2**31, 2**53 + 1, 2**63, 10**400, -0.0, 1e308, float("nan"), float("inf"))


@dataclass(frozen=True)
class Body:
    """What is delivered. Of a large one, a failing test prints the beginning."""

    raw: bytes = field(repr=False)
    silent: bool = False

    def __repr__(self) -> str:
        return f"Body({len(self.raw)} bytes, {self.raw[:500]!r})"


scalars = st.none() | st.booleans() | st.sampled_from(ODD_NUMBERS) | st.sampled_from(ODD_TEXTS)
anything = st.one_of(
    scalars,
    st.text(st.characters(exclude_categories=()), max_size=20),
    st.lists(scalars, max_size=3),
    st.dictionaries(st.sampled_from(ODD_TEXTS) | st.text(max_size=6), scalars, max_size=3),
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every part of *value* stands."""
    parts: Any = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    return [path] + [found for key, part in parts for found in paths(part, (*path, key))]


def deep(levels: int, inside: Any) -> Any:
    """*inside*, in so many lists and objects."""
    for level in range(levels):
        inside = [inside] if level % 2 else {"x": inside}
    return inside


@st.composite
def odd_data(draw: st.DrawFn) -> Body:
    """A real body with up to five of its parts made odd."""
    data: Any = [copy.deepcopy(draw(st.sampled_from(REAL)))]
    # One large part a body, and last: five hundred times five hundred of them would be gigabytes.
    large = draw(st.sampled_from([False, False, False, True]))
    for turn in reversed(range(draw(st.integers(1, 5)))):
        places = [path for path in paths(data) if path]
        *way, last = places[draw(st.integers(0, len(places) - 1))]
        parent = data
        for key in way:
            parent = parent[key]
        (_make_large if large and turn == 0 else _make_odd)(draw, parent, last)
        if not data:
            return Body(b"null")
    return Body(written(data[0]), silent=_says_nothing(data[0]))


def _says_nothing(data: Any) -> bool:
    """Whether a body is an envelope with nothing in it, of which no event could tell."""
    if not isinstance(data, dict) or not isinstance(data.get("entry"), list):
        return False
    return all(isinstance(entry, dict) and entry.get("changes") == [] for entry in data["entry"])


def _make_odd(draw: st.DrawFn, parent: Any, last: Any) -> None:
    part = parent[last]
    match draw(st.sampled_from(["retype", "drop", "double", "deep", "key", "move"])):
        case "retype":
            parent[last] = draw(anything)
        case "drop":
            del parent[last]
        case "double":
            parent[last] = [part, copy.deepcopy(part)]
        case "deep":
            parent[last] = deep(draw(st.sampled_from([5, 60, 150, 250])), part)
        case "key" if isinstance(parent, dict):
            parent[draw(st.sampled_from(ODD_TEXTS))] = parent.pop(last)
        case _:
            parent[last] = copy.deepcopy(draw(st.sampled_from(REAL)))


def _make_large(draw: st.DrawFn, parent: Any, last: Any) -> None:
    if draw(st.booleans()):
        parent[last] = [parent[last]] * draw(st.sampled_from([30, 200, 500]))
    else:
        letter = draw(st.sampled_from("x🙂\u0000\ud800"))
        parent[last] = letter * draw(st.sampled_from([300, 5_000, 70_000, 300_000]))


def written(data: Any) -> bytes:
    """*data* as JSON; half an emoji and NaN are written as Python's readers take them."""
    return json.dumps(data).encode()


@st.composite
def odd_bytes(draw: st.DrawFn) -> Body:
    """A real body whose bytes were cut, changed or wrapped: seldom JSON, and then rarely a webhook."""
    return Body(_odd_bytes(draw))


def _odd_bytes(draw: st.DrawFn) -> bytes:
    raw = draw(st.sampled_from(RAW))
    at = draw(st.integers(0, len(raw)))
    kinds = ["cut", "flip", "put", "deep", "utf-16", "bom", "twice", "digits", "noise", "same key"]
    match draw(st.sampled_from(kinds)):
        case "cut":
            return raw[:at]
        case "flip":
            return raw[:at] + bytes([draw(st.integers(0, 255))]) + raw[at + 1 :]
        case "put":
            return raw[:at] + draw(st.binary(min_size=1, max_size=6)) + raw[at:]
        case "deep":
            # Near a thousand it depends on who is asked: Python's limit counts callers too.
            levels = draw(st.sampled_from([100, 500, 20_000, 60_000]))
            return b"[" * levels + raw + b"]" * levels
        case "utf-16":
            half = draw(st.sampled_from(["", "\\ud83d", "\ud83d"]))
            at = draw(st.sampled_from([m.end() for m in re.finditer(rb'[:\[,] ?"', raw)]))
            text = raw[:at].decode() + half + raw[at:].decode()
            return text.encode("utf-16", "surrogatepass")
        case "bom":
            return b"\xef\xbb\xbf" + raw
        case "twice":
            return raw + raw
        case "digits":
            return b'{"object": ' + b"9" * draw(st.sampled_from([20, 4_000, 5_000])) + b"}"
        case "same key":
            return raw.rstrip()[:-1] + b', "entry": ' + written(draw(anything)) + b"}"
        case _:
            return draw(st.binary(max_size=300))
