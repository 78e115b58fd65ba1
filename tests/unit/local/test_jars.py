"""Only the jars we know are used."""

import re
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from saath_local.errors import JarRefused, JarsUnavailable
from saath_local.jars import Fetch, Jar, ensure_jars, known_jars, parse_list

GOOD = b"a jar, more or less"
JAR = Jar("org.example", "thing", "1.0", sha256(GOOD).hexdigest())


def fetches(content: bytes) -> Fetch:
    """Serve every jar with the same content."""

    def fetch(jars: Sequence[Jar], scratch: Path) -> Iterator[Path]:
        for jar in jars:
            path = scratch / f"fetched-{jar.filename}"
            path.write_bytes(content)
            yield path

    return fetch


def no_network(jars: Sequence[Jar], scratch: Path) -> Iterator[Path]:
    raise AssertionError(f"asked the network for {jars}")


def test_the_list_names_kafka_and_all_it_needs_and_no_address() -> None:
    jars = known_jars()

    assert len(jars) == len({jar.filename for jar in jars}) == 46
    assert "org.apache.kafka:kafka_2.13:4.2.2" in map(str, jars)
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in jars)
    assert not [jar for jar in jars if "/" in str(jar)]


def test_a_line_of_the_list_is_a_hash_and_a_coordinate() -> None:
    text = f"# a comment\n\n{JAR.sha256}  org.example:thing:1.0\n"

    assert parse_list(text) == (JAR,)


def test_a_missing_jar_is_fetched_once(tmp_path: Path) -> None:
    ensure_jars(tmp_path, [JAR], fetches(GOOD))
    folder = ensure_jars(tmp_path, [JAR], no_network)

    assert {path.name: path.read_bytes() for path in folder.glob("*")} == {
        "thing-1.0.jar": GOOD,
        ".lock": b"",
    }


def test_a_jar_that_was_changed_in_the_cache_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "thing-1.0.jar"
    path.write_bytes(b"changed")

    with pytest.raises(JarRefused) as refused:
        ensure_jars(tmp_path, [JAR], no_network)

    assert str(refused.value) == (
        "org.example:thing:1.0 is not the jar we know, so Kafka is not started.\n"
        f"  expected SHA-256  {JAR.sha256}\n"
        f"  found             {sha256(b'changed').hexdigest()}\n"
        f"Delete {path} and try again: it will be fetched anew."
    )


def test_a_wrong_jar_from_the_network_never_reaches_the_cache(tmp_path: Path) -> None:
    with pytest.raises(JarRefused, match="just fetched, and is thrown away"):
        ensure_jars(tmp_path, [JAR], fetches(b"something else"))

    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_a_killed_fetch_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".fetching-abandoned").mkdir()

    ensure_jars(tmp_path, [JAR], fetches(GOOD))

    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "thing-1.0.jar"]


def test_progress_is_told_for_every_jar(tmp_path: Path) -> None:
    two = [JAR, Jar("org.example", "other", "2.0", JAR.sha256)]
    told: list[tuple[int, int]] = []

    ensure_jars(tmp_path, two, fetches(GOOD), lambda done, total: told.append((done, total)))

    assert told == [(1, 2), (2, 2)]


def test_without_jgo_an_empty_cache_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jgo.config", None)

    with pytest.raises(JarsUnavailable, match=re.escape("pip install 'saath[dev]'")):
        ensure_jars(tmp_path, [JAR])
