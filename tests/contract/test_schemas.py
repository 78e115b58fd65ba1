"""The schemas others build on are what the models say, and mean what the models mean."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel, ValidationError
from tests.unit.saath.events_made_up import events

from saath.channels import CHANNELS, entry_name
from saath.codec import encode
from saath.events import EVENTS, Command, Event, MessageAccepted, SendRequest
from saath.schemas import NEW_VERSION, asyncapi, broken, drift, kept, main, schema, write
from saath.topics import SERVICES, STATEFUL, TOPICS, dlq_topic, state_topic

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SCHEMAS = Path(__file__).parents[2] / "shared" / "schemas"

OTHERS: tuple[type[BaseModel], ...] = (SendRequest, Command)
MODELS: tuple[type[BaseModel], ...] = (*EVENTS.values(), *OTHERS)
PUBLISHED = kept(SCHEMAS)
DOCUMENTS = {model: schema(model, PUBLISHED.get(f"{entry_name(model)}.json")) for model in MODELS}
VALIDATORS = {model: Draft202012Validator(document) for model, document in DOCUMENTS.items()}


def test_the_schemas_checked_in_are_what_the_models_say() -> None:
    assert [*drift(SCHEMAS)] == [], "make schemas rewrites them"


def test_nothing_that_was_published_is_broken() -> None:
    present = {f"{entry_name(model)}.json": document for model, document in DOCUMENTS.items()}

    assert PUBLISHED
    assert [*broken(PUBLISHED, present)] == [], NEW_VERSION


def published_before(directory: Path, name: str, **properties: Any) -> Path:
    """All is published as it is, but for one schema, which had these keys besides or not (``None``)."""
    assert main(["--publish", "--directory", str(directory)]) == 0
    path = directory / "published" / name
    document = json.loads(path.read_text())
    for key, value in properties.items():
        document["properties"].pop(key, None)
        document["required"] = [r for r in document["required"] if r != key]
        if value is not None:
            document["properties"][key] = value
    path.write_text(json.dumps(document))
    return path


def test_what_breaks_a_published_schema_is_neither_published_nor_passed_by_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = published_before(tmp_path, "turn.withdrawn.v1.json", old={"type": "string"})
    (tmp_path / "published" / "turn.lost.v1.json").write_text("{}")
    before = path.read_text()

    statuses = [main([what, "--directory", str(tmp_path)]) for what in ("--check", "--publish")]

    said = ["turn.lost.v1.json is gone", "turn.withdrawn.v1.json: /old is gone", NEW_VERSION]
    assert (statuses, capsys.readouterr().err.splitlines()) == ([1, 1], said * 2)
    assert path.read_text() == before


def test_what_came_later_is_not_required_because_the_log_has_events_without_it(
    tmp_path: Path,
) -> None:
    path = published_before(tmp_path, "message.accepted.v1.json", index=None)
    old = MessageAccepted(id="1", time=NOW, request="r", by="bot", message_id="m")
    value = json.loads(encode(old)[1])
    del value["index"]
    today = Draft202012Validator(schema(MessageAccepted, kept(tmp_path)[path.name]))

    assert (VALIDATORS[MessageAccepted].is_valid(value), today.is_valid(value)) == (False, True)
    assert main(["--publish", "--directory", str(tmp_path)]) == 0
    again = json.loads(path.read_text())
    assert ("index" in again["properties"], "index" in again["required"]) == (True, False)
    assert "total" in again["required"]


def test_a_missing_a_foreign_and_a_changed_schema_are_each_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    (tmp_path / "command.json").write_text("{}")
    (tmp_path / "foreign.json").write_text("{}")
    (tmp_path / "turn.offered.v1.json").unlink()

    status = main(["--check", "--directory", str(tmp_path)])

    assert (status, capsys.readouterr().err.splitlines()) == (
        1,
        [
            "command.json is not what the models say",
            "foreign.json belongs to no event",
            "turn.offered.v1.json is missing",
            "make schemas rewrites them",
        ],
    )


def test_every_event_has_a_channel_and_every_public_topic_is_one() -> None:
    on_channels = {model for models in CHANNELS.values() for model in models}
    private = {*map(state_topic, STATEFUL), *map(dlq_topic, SERVICES)}

    assert on_channels == {*MODELS}
    assert {*CHANNELS} == {*TOPICS} - private


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()

    broken = [ref for ref in references(document) if not leads_somewhere(ref, document)]

    assert broken == []


def test_others_may_write_to_the_topics_that_are_public_to_write_and_to_no_other() -> None:
    operations = asyncapi()["operations"].values()

    receiving = {o["channel"]["$ref"] for o in operations if o["action"] == "receive"}

    assert receiving == {f"#/channels/{t.name}" for t in TOPICS if t.public == "write"}


@pytest.mark.parametrize("model", MODELS, ids=entry_name)
def test_a_schema_is_a_valid_schema_named_as_headers_name_it(model: type[BaseModel]) -> None:
    document = schema(model)

    Draft202012Validator.check_schema(document)

    assert document["$id"] == f"https://saath.dev/schemas/{entry_name(model)}.json"


@given(events())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_saath_writes_fits_the_schema_its_headers_name(event: Event) -> None:
    headers, value = encode(event)

    VALIDATORS[type(event)].validate(json.loads(value))

    assert dict(headers)["ce_dataschema"].decode() == schema(type(event))["$id"]


NAMES: dict[type[BaseModel], dict[str, Any]] = {
    SendRequest: {
        "id": "r_1", "turn": "t1.x", "number": "100000000000001", "to": "4915112345",
        "class": "utility", "messages": [{"type": "text"}], "then": "done", "working": 30,
    },
    Command: {
        "id": "x_1", "number": "100000000000001", "command": "release", "conversation": "c_1",
        "phone": "4915112345", "user_id": "US.1",
    },
}  # fmt: skip


@pytest.mark.parametrize("model", OTHERS, ids=entry_name)
@pytest.mark.parametrize("number", ["١٢٣", "１２３", "12३"])
def test_a_number_in_the_digits_of_another_script_is_refused_by_us_and_by_validators(
    model: type[BaseModel], number: str
) -> None:
    body = NAMES[model] | {"number": number}
    if model is SendRequest:
        del body["working"]
    well = body | {"number": "123"}

    assert [(VALIDATORS[model].is_valid(b), model_takes(model, b)) for b in (well, body)] == [
        (True, True),
        (False, False),
    ]


@st.composite
def written_by_others(draw: st.DrawFn) -> tuple[type[BaseModel], dict[str, Any]]:
    """A request or command with any of its keys, some of them null or of no words."""
    model = draw(st.sampled_from(OTHERS))
    chosen = draw(st.sets(st.sampled_from([*NAMES[model], "misspelt"])))
    body = {name: NAMES[model].get(name, 1) for name in sorted(chosen)}
    nulls = draw(st.sets(st.sampled_from(sorted(chosen)))) if chosen else set()
    return model, body | {n: [] if n == "messages" else None for n in nulls}


@given(written_by_others())
@settings(max_examples=500, deadline=None)
def test_a_validator_refuses_the_requests_and_commands_that_we_refuse(
    written: tuple[type[BaseModel], dict[str, Any]],
) -> None:
    model, body = written

    assert VALIDATORS[model].is_valid(body) == model_takes(model, body), body


def model_takes(model: type[BaseModel], body: dict[str, Any]) -> bool:
    try:
        model.model_validate(body)
    except ValidationError:
        return False
    return True


def references(value: Any) -> list[str]:
    match value:
        case {"$ref": str() as ref}:
            return [ref]
        case dict():
            return [ref for part in value.values() for ref in references(part)]
        case list():
            return [ref for part in value for ref in references(part)]
        case _:
            return []


def leads_somewhere(ref: str, document: dict[str, Any]) -> bool:
    if ref.startswith("./"):
        return (SCHEMAS / ref).exists()
    here: Any = document
    for part in ref.removeprefix("#/").split("/"):
        here = here.get(part) if isinstance(here, dict) else None
    return here is not None
