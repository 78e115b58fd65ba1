"""``saath decode``: what it prints, and what it says of what cannot be decoded. No broker is near."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.contract.expectation import PAYLOADS, bodies, expectation
from tests.unit.ingest.bodies import body, change, text
from typer.testing import CliRunner, Result

from saath.cli.app import app

TEXT = PAYLOADS / "messages__text__1.json"
GOLDEN = Path(__file__).with_name("decode.golden.jsonl")


def decode(*arguments: str | Path, given: bytes | None = None, **environ: str) -> Result:
    clean: dict[str, str | None] = {
        "SAATH_TOPICS__PREFIX": None,
        "SAATH_TOPICS__PARTITIONS": None,
        "SAATH_INGEST__RECORD_BYTES_MAX": None,
    }
    command = ["decode", *map(str, arguments)]
    return CliRunner().invoke(app, command, input=given, env=clean | environ)


def records(result: Result) -> list[dict[str, Any]]:
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout_bytes.splitlines()]


def test_the_output_is_what_it_always_was() -> None:
    """A line may be diffed and stored by others: keys, their order and the way they are written."""
    names = (
        "messages__batch_mixed__1",
        "history__chunk_phase0__1",
        "account_update__PARTNER_ADDED__1",
    )

    result = decode(*(PAYLOADS / f"{name}.json" for name in names))

    assert result.stdout_bytes == GOLDEN.read_bytes()


@pytest.mark.parametrize("payload", bodies(), ids=lambda path: path.stem)
def test_it_prints_what_ingest_publishes(payload: Path) -> None:
    expected = json.loads(expectation(payload).read_text(encoding="utf-8"))
    for record in expected:
        record["topic"] = f"saath.{record['topic']}"
        del record["headers"]["ce_traceparent"]

    assert records(decode(payload, "--received-at", "2026-10-01T12:00:00Z")) == expected


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_without_a_file_it_reads_standard_input(arguments: tuple[str, ...]) -> None:
    assert records(decode(*arguments, given=TEXT.read_bytes())) == records(decode(TEXT))


def test_partitions_and_prefix_are_those_it_is_given() -> None:
    options = ("--partitions", "3", "--prefix", "shop.")

    by_option = records(decode(TEXT, *options))
    by_setting = records(decode(TEXT, SAATH_TOPICS__PARTITIONS="3", SAATH_TOPICS__PREFIX="shop."))

    assert [(r["topic"], r["partition"]) for r in by_option] == [("shop.inbound.v1", 0)]
    assert by_setting == by_option


def test_emoji_and_other_scripts_are_written_as_they_are() -> None:
    words = "साथ 👍"

    result = decode(given=json.dumps(body(change("messages", messages=[said(words)]))).encode())

    assert words.encode() in result.stdout_bytes


@pytest.mark.parametrize(
    ("given", "where"),
    [
        (b'{"object": \n "what', "<stdin>:2:2: Unterminated string starting at: the body is not"),
        (b"", "<stdin>:1:1: Expecting value: the body is not JSON"),
        (b'{"a":\n "\xff"}', "<stdin>:2:3: not UTF-8: the body is not JSON"),
        (b"[" * 200_000, "<stdin>: the body is nested deeper than can be read"),
        (b"9" * 5000, "<stdin>: the body is not JSON"),
    ],
)
def test_what_is_not_json_is_named_with_its_place_and_exit_status_1(
    given: bytes, where: str
) -> None:
    result = decode(given=given)

    assert (result.exit_code, result.stdout, result.stderr[: len(where)]) == (1, "", where)


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(b"no")

    result = decode(bad, TEXT)

    assert (result.exit_code, result.stderr) == (
        1,
        f"{bad}:1:1: Expecting value: the body is not JSON\n",
    )
    assert result.stdout_bytes == decode(TEXT).stdout_bytes


def test_what_fits_no_record_is_printed_as_it_would_be_set_aside_with_exit_status_1() -> None:
    large = json.dumps(body(change("messages", messages=[said("x" * 20_000)]))).encode()

    result = decode("--record-bytes-max", "15000", given=large)

    printed = [json.loads(line) for line in result.stdout.splitlines()]
    parts = [r for r in printed if r["topic"] == "saath.ingest.dlq.v1"]
    assert result.exit_code == 1
    assert result.stderr.startswith("<stdin>: a part is set aside: its record would be 2")
    assert "".join(part["value"] for part in parts).encode() == large


def test_json_that_is_no_webhook_is_what_ingest_takes_it_for() -> None:
    [record] = records(decode(given=b"[1]"))

    assert (record["topic"], record["value"]["reason"]) == ("saath.accounts.v1", "not a webhook")


def test_a_file_that_is_not_there_and_a_time_that_is_none_are_exit_status_2(tmp_path: Path) -> None:
    missing, odd = decode(tmp_path / "nowhere"), decode(TEXT, "--received-at", "noon")

    assert (missing.exit_code, missing.stderr) == (
        2,
        f"saath: {tmp_path / 'nowhere'}: No such file or directory\n",
    )
    assert (odd.exit_code, odd.stderr) == (
        2,
        "saath: --received-at: 'noon' is not a time such as 2026-10-01T12:00:00Z\n",
    )


def said(words: str) -> dict[str, Any]:
    return text(text={"body": words})
