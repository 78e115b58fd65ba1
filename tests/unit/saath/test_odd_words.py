"""Commands that are given what they cannot use: a sentence, never a traceback, and never a secret."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from saath.cli.app import app
from saath.cli.asking import moment

TOKEN = "the-token-of-the-onboarding-page"


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(app, [*arguments], input=stdin)


def ends(result: Result) -> tuple[int, bool]:
    """How it ended, and whether it was told in one of our sentences."""
    return result.exit_code, result.output.startswith("saath: ")


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAATH_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("SAATH_SYNC__API_TOKEN", TOKEN)
    monkeypatch.setenv("SAATH_CLI__SYNC_URL", "http://127.0.0.1:1")


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Something listens there that does not speak HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        threading.Thread(target=answer, daemon=True).start()
        monkeypatch.setenv("SAATH_CLI__SYNC_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("command", [["costs"], ["export", "x.jsonl"], ["why", "c_1"]])
def test_a_time_before_all_times_is_refused(command: list[str], tmp_path: Path) -> None:
    option = "--since" if command[0] == "why" else "--from"

    assert ends(run(*command, option, "999999d")) == (2, True)


def test_from_the_year_one_is_from_the_beginning() -> None:
    found = moment("0001-01-01T00:00:00+14:00", datetime(2026, 11, 23, tzinfo=UTC))

    assert found == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("number", ["1 2", "é", "../metrics", "1?x", ""])
@pytest.mark.parametrize("command", ["steps", "resume"])
def test_a_number_that_is_none_is_refused_and_asked_of_nobody(command: str, number: str) -> None:
    assert ends(run("number", command, number)) == (2, True)


@pytest.mark.parametrize("url", ["http://[", "http://a:b", "http://é", "http://:80"])
def test_an_address_that_is_none_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAATH_CLI__SYNC_URL", url)

    assert ends(run("number", "steps", "1")) == (2, True)


@pytest.mark.parametrize("odd", ["{}\nX", "{}€"])
def test_a_token_that_no_header_takes_is_refused_and_not_shown(
    odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAATH_SYNC__API_TOKEN", odd.format(TOKEN))

    result = run("number", "steps", "1")

    assert (ends(result), TOKEN in f"{result.output}{result.exception!r}") == ((2, True), False)


def test_a_token_from_a_file_may_end_with_a_line_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAATH_SYNC__API_TOKEN", f"{TOKEN}\n")

    result = run("number", "steps", "1")

    assert (result.exit_code, "does not answer" in result.output) == (1, True)


def test_a_missing_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAATH_SYNC__API_TOKEN")

    assert "SAATH_SYNC__API_TOKEN" in run("number", "steps", "1").output


@pytest.mark.usefixtures("stranger")
def test_whoever_does_not_speak_http_does_not_answer() -> None:
    result = run("number", "steps", "1")

    assert (ends(result), "SAATH_CLI__SYNC_URL" in result.output) == ((1, True), True)


def test_a_code_that_is_no_text_is_refused() -> None:
    assert ends(run("number", "connect", "--waba", "7", stdin=b"\xff\xfe\n")) == (2, True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("numbers.csv", f"phone_number_id,waba_id\n{'1' * 200_000},2\n"),
        ("numbers.jsonl", "[" * 100_000 + "\n"),
    ],
)
def test_a_list_that_is_none_is_told_where(name: str, content: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(content)

    result = run("number", "adopt", "--file", str(file))

    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True)


def test_rates_in_a_cell_without_an_end_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(f'valid_from,market,recipients,category,rate,currency\n"{"1" * 200_000}\n')

    assert ends(run("costs", "--rates", str(file))) == (2, True)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_an_event_of_an_absurd_time_is_passed_over_in_a_trial(time: str, tmp_path: Path) -> None:
    event, policy = tmp_path / "event.json", tmp_path / "policy.yaml"
    policy.write_text("defaults:\n  answers: everyone\n")
    said: dict[str, Any] = {
        "type": "io.saath.message.received.v1",
        "id": "a",
        "number": "1",
        "time": time,
    }
    said |= {"message_id": "w", "contact": {"phone": "491"}, "content": {"type": "text"}}
    event.write_text(json.dumps(said))

    result = run("policy", "try", str(policy), "--number", "1", "--event", str(event))

    assert (result.exit_code, result.exception, "out of range" in result.output) == (0, None, True)
