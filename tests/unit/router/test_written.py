"""The state in the changelog: read by the release before, and by the one after."""

import base64
import zlib
from datetime import datetime
from pathlib import Path

import pytest
from tests.unit.router.build import Story, accepted, at, backfilled, echoed, received, status
from tests.unit.router.state import reader_0_1

from saath.errors import Misconfigured
from saath_router.conversation import Conversation
from saath_router.memory import short_hash
from saath_router.written import (
    checked,
    due_bytes,
    messages,
    moment_of,
    read,
    release_of,
    second,
    write,
)

STATE = Path(__file__).parent / "state"
FORMAT_1 = (STATE / "format_1.json").read_bytes()
FORMAT_2 = base64.b64decode((STATE / "format_2.base64").read_bytes())
# Of the compressor's dictionary, which is a part of the format.
COMMON = base64.b64decode((STATE / "common_0_1.base64").read_bytes())
RELEASE = (0, 1, 0)


def told(story: Story) -> Conversation:
    """A conversation in which much is remembered."""
    story.hears(backfilled("h1", -1000))
    turn = story.is_asked("m1", 0)
    story.hears(accepted("w1", 3, turn))
    for kind in ("sent", "delivered"):
        story.hears(status(kind, "w1", 4))
    story.hears(status("read", "w0", 5, ours=False))
    story.hears(echoed("e1", 60))
    story.hears(received("m2", 90))
    return story.state


def due(value: bytes) -> datetime | None:
    return moment_of(due_bytes(value))


def test_what_was_written_is_read_again() -> None:
    state = told(Story())

    value = write(state, at(960.000001), at(90), RELEASE)

    head = (due(value), second(value), messages(value))
    assert head == (at(960.000001), int(at(90).timestamp()), (short_hash("w0"),))
    assert (checked(value, RELEASE), read(state.id, value)) == (value, state)


def test_what_is_never_due_says_so() -> None:
    assert due(write(told(Story()), None, at(90), RELEASE)) is None


@pytest.mark.parametrize("sample", [FORMAT_1, FORMAT_2], ids=["format 1", "format 2"])
def test_state_of_another_release_is_read_and_what_it_added_is_ignored(sample: bytes) -> None:
    value = checked(sample, RELEASE)

    state = read("c_1", value)

    assert b"added_later" in (sample if sample == FORMAT_1 else body(sample))
    lacks = {"statuses": state.statuses, "started_at": None, "owner_rule": None, "window": None}
    assert state == told(Story()).model_copy(update=lacks)
    assert [state.rank(message) for message in ("w1", "w0", "w2")] == [2, 3, -1]


def body(value: bytes) -> bytes:
    start = reader_0_1.HEAD.size + 8 * len(messages(value))
    return zlib.decompressobj(-15, COMMON).decompress(value[start:])


def test_state_of_the_first_format_is_looked_at_at_once() -> None:
    """It did not say when it is due."""
    value = checked(FORMAT_1, RELEASE)

    assert (due(value), second(value)) == (
        datetime.fromisoformat("1970-01-01T00:00:00.000001Z"),
        int(at(90).timestamp()),
    )


def test_after_a_rollback_the_release_before_reads_what_this_one_wrote() -> None:
    state = told(Story())
    value = write(state, at(960), at(90), RELEASE)

    known, due_then, found = reader_0_1.read(value, COMMON)

    said = known.model_dump(mode="json", exclude_none=True)
    ours = state.model_dump(mode="json", exclude_none=True)
    assert said == {
        name: ours[name] for name in reader_0_1.Conversation.model_fields if name in ours
    }
    assert (known.statuses, known.seen) == (state.statuses, state.seen)
    assert (due_then, found) == (at(960), [short_hash("w0")])


def test_a_format_of_the_future_is_refused_and_who_wrote_it_named() -> None:
    value = bytes([3, 0, 4, 2]) + b"whatever stands there then"

    with pytest.raises(Misconfigured, match=r"by Saath 0\.4\.2 in format 3.* run Saath 0\.4\.2"):
        checked(value, RELEASE)


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("0.1.0", (0, 1, 0)),
        ("1.12.3rc1", (1, 12, 3)),
        ("2.0", (2, 0, 0)),
        ("0+unknown", (0, 0, 0)),
        ("1.2.999", (1, 2, 255)),
    ],
)
def test_a_release_is_three_numbers(version: str, release: tuple[int, int, int]) -> None:
    assert release_of(version) == release
