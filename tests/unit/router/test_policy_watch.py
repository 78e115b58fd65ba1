"""The file of policies as it changes: read again, and the last good one kept."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from saath.events import NumberPolicy
from saath_router.policy_file import PolicyRefused
from saath_router.policy_watch import CURRENT, REFUSED, PolicyFile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policies.yaml"
    write(path, "first")
    return path


def write(path: Path, bot: str, text: str = "defaults: {{bot: {bot}}}") -> None:
    """Replace the file, as an editor does."""
    new = path.with_name("new")
    new.write_text(text.format(bot=bot), encoding="utf-8")
    new.replace(path)


def bot_of(file: PolicyFile) -> str | None:
    """The bot that the file names for all numbers."""
    return file.book.of("1")[0].bot


async def test_another_version_is_read_once_it_stays(file: Path) -> None:
    watched = PolicyFile(file)

    write(file, "second")
    await watched.look()
    seen_once = bot_of(watched)
    await watched.look()

    assert (seen_once, bot_of(watched)) == ("first", "second")


async def test_what_is_still_being_written_is_not_read(file: Path) -> None:
    watched = PolicyFile(file)

    for size in range(3):
        write(file, "second", "#" * size)
        await watched.look()

    assert (bot_of(watched), CURRENT._value.get()) == ("first", 1)


async def test_a_link_that_is_turned_is_another_version(tmp_path: Path) -> None:
    # As Kubernetes changes a mounted ConfigMap: policies.yaml -> ..data/policies.yaml, ..data -> a folder.
    # Nothing else tells these two from each other: neither their size nor their time.
    for version in ("first", "other"):
        (tmp_path / version).mkdir()
        write(tmp_path / version / "policies.yaml", version)
        os.utime(tmp_path / version / "policies.yaml", (1, 1))
    (tmp_path / "..data").symlink_to("first")
    (tmp_path / "policies.yaml").symlink_to("..data/policies.yaml")
    watched = PolicyFile(tmp_path / "policies.yaml")

    (tmp_path / "turned").symlink_to("other")
    (tmp_path / "turned").replace(tmp_path / "..data")
    await watched.look()
    await watched.look()

    assert bot_of(watched) == "other"


async def test_the_last_good_version_stays_and_the_mistake_is_said_once(file: Path) -> None:
    watched, refused = PolicyFile(file), REFUSED._value.get()

    write(file, "second", "defaults:\n  bott: {bot}")
    with capture_logs() as logs:
        for _ in range(4):
            await watched.look()

    assert logs == [
        {
            "event": "policy.refused",
            "log_level": "warning",
            "file": str(file),
            "line": 2,
            "reason": "defaults: bott is not a setting here; did you mean bot?",
        }
    ]
    assert (bot_of(watched), REFUSED._value.get() - refused, CURRENT._value.get()) == (
        "first",
        1,
        0,
    )


async def test_a_mended_file_is_in_use_again(file: Path) -> None:
    watched = PolicyFile(file)

    for text in ("bott: {bot}", "defaults: {{bot: {bot}}}"):
        write(file, "second", text)
        await watched.look()
        await watched.look()

    assert (bot_of(watched), CURRENT._value.get()) == ("second", 1)


async def test_a_file_that_went_away_changes_nothing(file: Path) -> None:
    watched = PolicyFile(file)

    os.unlink(file)
    with capture_logs() as logs:
        for _ in range(3):
            await watched.look()

    assert (watched.book.of("1"), [entry["reason"] for entry in logs]) == (
        (NumberPolicy(bot="first"),),
        ["cannot be read (No such file or directory)"],
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "1: cannot be read (No such file or directory)"),
        (b"defaults:\n  bot: \xff", "2: is not UTF-8"),
        (b"defaults:\n  bott: a", "2: defaults: bott is not a setting here; did you mean bot?"),
    ],
)
def test_the_router_does_not_start_on_a_bad_file(
    tmp_path: Path, content: bytes | None, expected: str
) -> None:
    path = tmp_path / "p.yaml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(PolicyRefused) as refused:
        PolicyFile(path)

    assert str(refused.value) == f"{path}:{expected}"
