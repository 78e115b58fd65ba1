"""``saath number connect | adopt | steps``, against an HTTP server that answers as sync does."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from saath.cli.adoptions import CHUNK_LINES, LINE_BYTES_MAX, Portion, Wrong, portions
from saath.cli.app import app
from saath.cli.sync_api import SyncApi

TOKEN = "the-token-of-the-onboarding-page"
VIEW = {"number": "1", "state": "active", "steps": [{"step": "facts", "state": "done"}]}
REFUSED = {"error": "the account has no number 2", "what_to_do": "Look at waba_id."}


@dataclass
class Sync:
    """What is asked, and what is answered: by path, the last answer again and again."""

    url: str = ""
    answers: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    retry_after: str = "0"

    def answer(self, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        self.asked.append((path, body))
        name = body.get("phone_number_id", "") if isinstance(body, dict) else ""
        found = self.answers.get(f"{path}#{name}") or self.answers.get(path.partition("?")[0])
        if not found:
            return 200, VIEW
        return found.pop(0) if len(found) > 1 else found[0]


@pytest.fixture
def sync(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sync]:
    state = Sync()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            lines = "/history" in self.path
            state.tokens.add(self.headers.get("Authorization", ""))
            said = raw if lines else json.loads(raw or b"{}")
            status, body = state.answer(self.path, said)
            if not status:  # it hangs up
                return
            self.send_response(status)
            if status == 503:
                self.send_header("Retry-After", state.retry_after)
            if status == 302:
                self.send_header("Location", f"{state.url}/elsewhere")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("SAATH_CLI__SYNC_URL", state.url)
    monkeypatch.setenv("SAATH_SYNC__API_TOKEN", TOKEN)
    yield state
    server.shutdown()
    server.server_close()


def run(*arguments: str, stdin: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, ["number", *arguments], input=stdin)
    return result.exit_code, result.output


def test_a_code_is_read_from_standard_input_and_never_shown(sync: Sync) -> None:
    status, said = run("connect", "--waba", "7", "--bot", "orders", stdin="a-secret-code\n")

    asked = {"bot": "orders", "code": "a-secret-code", "waba_id": "7", "history": True}
    assert (status, sync.asked, sync.tokens) == (0, [("/numbers", asked)], {f"Bearer {TOKEN}"})
    assert said == "1: active\n  ✓ facts (done)\n"


def test_what_is_said_of_a_number_is_asked_with_it(sync: Sync) -> None:
    said = {"country": "IN", "timezone": "Asia/Kolkata", "app_version": "2.24.1", "app": "consumer"}
    options = [
        part for name, value in said.items() for part in (f"--{name.replace('_', '-')}", value)
    ]

    run("connect", "--waba", "7", "--number", "1", "--no-history", *options, stdin="c")

    asked = {"code": "c", "waba_id": "7", "phone_number_id": "1", "history": False}
    assert sync.asked == [("/numbers", asked | said)]


def test_without_a_code_nothing_is_asked(sync: Sync) -> None:
    status, said = run("connect", "--waba", "7", stdin="\n")

    assert (status, sync.asked, "expected on standard input" in said) == (2, [], True)


def test_each_obstacle_is_said_with_what_to_do_about_it(sync: Sync) -> None:
    obstacles = [{"problem": "p", "what_to_do": f"Do {n}."} for n in (1, 2)]
    sync.answers["/numbers"] = [(400, {"error": "p; p", "obstacles": obstacles})]

    assert run("connect", "--waba", "7", stdin="c") == (1, "saath: p; p\nDo 1.\nDo 2.\n")


def test_a_step_that_is_not_done_is_shown_with_what_to_do_and_cannot_steer_a_terminal(
    sync: Sync,
) -> None:
    step = {
        "step": "history",
        "state": "unknown",
        "problem": "\x1b]0;no\x07",
        "what_to_do": "Resume.",
    }
    sync.answers["/numbers/1"] = [(200, {"number": "1", "state": "active", "steps": [step]})]

    status, said = run("steps", "1")

    assert (status, "\x1b" in said) == (0, False)
    assert said.splitlines()[1].startswith("  ? history (unknown): ")
    assert said.splitlines()[2] == "      Resume."


def test_what_went_wrong_is_said_with_what_to_do(sync: Sync) -> None:
    sync.answers["/numbers/adopt"] = [(400, REFUSED)]

    status, said = run("adopt", "2", "--waba", "7")

    assert (status, said) == (1, "saath: the account has no number 2\nLook at waba_id.\n")


LISTS = {
    # As a spreadsheet writes it, with a mark at its beginning that nobody sees.
    "list.csv": "\ufeffphone_number_id,waba_id,token\n1,7,t1\n2,7,\nx,7,\n3,7,\n",
    "list.jsonl": '{"phone_number_id":"1","waba_id":"7","token":"t1"}\n\n'
    '{"phone_number_id":"2","waba_id":"7"}\n{\n{"phone_number_id":"3","waba_id":"7"}\n',
}


@pytest.mark.parametrize("name", sorted(LISTS))
def test_each_number_of_a_list_has_its_line_and_one_that_fails_stops_no_other(
    sync: Sync, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_text(LISTS[name])
    sync.answers["/numbers/adopt#2"] = [(400, REFUSED)]

    status, said = run("adopt", "--file", str(path), "--json")

    results = [json.loads(line) for line in said.splitlines()]
    assert (status, [r["adopted"] for r in results]) == (1, [True, False, False, True])
    assert (results[1]["error"], results[2]["line"]) == (REFUSED["error"], 4)
    assert [body for _, body in sync.asked] == [
        {"phone_number_id": "1", "waba_id": "7", "token": "t1"},
        {"phone_number_id": "2", "waba_id": "7"},
        {"phone_number_id": "3", "waba_id": "7"},
    ]
    assert "t1" not in said


def test_a_pod_that_does_not_own_the_number_is_no_failure(sync: Sync) -> None:
    sync.answers["/numbers/1"] = [(503, {"error": "not here"}), (200, VIEW)]

    status, _ = run("steps", "1")

    assert (status, len(sync.asked)) == (0, 2)


def test_a_number_whose_sync_hangs_up_stops_no_other(sync: Sync, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("phone_number_id,waba_id\n1,7\n2,7\n")
    sync.answers["/numbers/adopt#1"] = [(0, {})]

    status, said = run("adopt", "--file", str(path))

    lines = said.splitlines()
    assert (status, lines[1:]) == (1, ["✓ line 3: 2", "1 adopted, 1 not"])
    assert lines[0].startswith("✗ line 2: 1: sync does not answer at ")


def test_a_pod_may_not_have_us_wait_for_long_nor_send_the_token_elsewhere(sync: Sync) -> None:
    waits: list[float] = []
    sync.retry_after = "3600"
    sync.answers["/numbers/1"] = [(503, {}), (302, {}), (200, VIEW)]
    sync.answers["/elsewhere"] = [(200, VIEW)]

    answer = SyncApi(sync.url, SecretStr(TOKEN), waits.append).get("/numbers/1")

    assert (answer.status, waits) == (302, [10.0])
    assert [path for path, _ in sync.asked] == ["/numbers/1", "/numbers/1"]


def test_a_portion_that_is_not_taken_ends_it_and_says_where_to_go_on(
    sync: Sync, tmp_path: Path
) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b'{"a":1}\n' * (CHUNK_LINES + 1))
    sync.answers["/numbers/1/history"] = [(409, {"error": "it was not adopted"})]

    status, said = run("adopt", "1", "--waba", "7", "--history", str(path))

    assert (status, len(sync.asked)) == (1, 2)
    assert f"{path}:1: it was not adopted; run it again to go on" in said


def test_history_goes_portion_by_portion_and_refused_lines_are_named(
    sync: Sync, tmp_path: Path
) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b'{"a":1}\n' * (CHUNK_LINES + 1))
    problem = {"line": 501, "problem": "time: Field required"}
    sync.answers["/numbers/1/history"] = [
        (200, {"taken": 500, "refused": []}),
        (200, {"taken": 0, "refused": [problem]}),
    ]

    status, said = run("adopt", "1", "--waba", "7", "--history", str(path))

    paths = [asked for asked, _ in sync.asked]
    assert paths == [
        "/numbers/adopt",
        "/numbers/1/history?chunk=1&first_line=1",
        "/numbers/1/history?chunk=2&first_line=501&last=true",
    ]
    assert status == 1
    assert f"{path}:501: time: Field required" in said
    assert "500 messages taken, 1 lines refused" in said


def test_a_line_that_is_too_long_is_left_out_and_does_not_fill_memory(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"{}\n" + b"x" * (3 * LINE_BYTES_MAX) + b"\n{}")

    found = list(portions(path))

    assert found == [
        Wrong(2, f"it is longer than {LINE_BYTES_MAX} bytes"),
        Portion(1, 1, last=True, lines=b"{}\n\n{}"),
    ]


def test_nobody_there_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAATH_CLI__SYNC_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SAATH_SYNC__API_TOKEN", TOKEN)

    status, said = run("steps", "1")

    assert (status, "sync does not answer at http://127.0.0.1:9" in said) == (1, True)


def test_the_token_is_not_in_what_the_api_is_printed_as() -> None:
    assert TOKEN not in repr(SyncApi("http://127.0.0.1:9", SecretStr(TOKEN)))


def test_a_history_that_is_held_is_replayed_as_it_is_and_shown(sync: Sync) -> None:
    history = {"progress": 55, "messages_replayed": 120, "problem": "chunks never came"}
    sync.answers["/numbers/1/history/replay"] = [(200, VIEW | {"history": history})]

    said = "  history: progress 55, 120 messages replayed; chunks never came\n"
    assert run("replay-history", "1") == (0, f"1: active\n  ✓ facts (done)\n{said}")
    assert [path for path, _ in sync.asked] == ["/numbers/1/history/replay"]


def test_where_no_history_waits_it_is_said_and_the_exit_status_is_1(sync: Sync) -> None:
    nothing = {"error": "nothing of its history waits to be replayed"}
    sync.answers["/numbers/1/history/replay"] = [(409, nothing)]

    assert run("replay-history", "1") == (1, f"saath: {nothing['error']}\n")
