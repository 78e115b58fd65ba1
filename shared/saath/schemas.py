"""
The contract for those who do not read Python: a JSON Schema an event, and one AsyncAPI document.

``python -m saath.schemas`` writes them to ``shared/schemas``; ``--check`` says what has drifted, and
``--publish`` keeps what they are, in ``published`` beside them, as what nothing after may break.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from saath.channels import CHANNELS, Entry, entry_name
from saath.codec import SCHEMA_BASE
from saath.events import EVENTS, Command, Event, JsonObject, SendRequest
from saath.schema_changes import breaking, shape
from saath.topics import PARTITIONS_DEFAULT, Topic

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI = "asyncapi.json"
PUBLISHED = "published"
ENTRIES: Sequence[Entry] = (*EVENTS.values(), SendRequest, Command)
FROM_OTHERS = frozenset(f"{entry_name(model)}.json" for model in (SendRequest, Command))

REWRITE = "make schemas rewrites them"
NEW_VERSION = (
    "these were published: keep what they promise (add, and take nothing away), or give the event a new "
    "version (….v2) and keep the old one. make publish accepts what only adds."
)
PREFIX = "saath."


Published = Mapping[str, JsonObject]


def documents(published: Published) -> dict[str, JsonObject]:
    """Every document by its file's name."""
    return {**_schemas(published), ASYNCAPI: asyncapi()}


def _schemas(published: Published) -> dict[str, JsonObject]:
    names = {f"{entry_name(model)}.json": model for model in ENTRIES}
    return {name: schema(model, published.get(name)) for name, model in names.items()}


def schema(model: Entry, published: JsonObject | None = None) -> JsonObject:
    """
    The JSON Schema of an event as Saath writes it, or of what others write to Saath.

    *published* is the one that the log's older events were written by.
    """
    generated = model.model_json_schema()
    if issubclass(model, Event):
        _require_what_is_written(generated, published)
        known = (published or {}).get("$defs", {})
        for name, part in generated.get("$defs", {}).items():
            _require_what_is_written(part, known.get(name))
    else:
        generated |= _RULES.get(model, {})
    return {"$schema": DIALECT, "$id": f"{SCHEMA_BASE}{entry_name(model)}.json", **generated}


def _require_what_is_written(part: JsonObject, published: JsonObject | None) -> None:
    """
    What may be null is left out when it is; everything else is always there, defaults too.

    But for what has a default and came later: the log has events without it.
    """
    properties: Mapping[str, JsonObject] = part.get("properties", {})
    written = [name for name, value in properties.items() if not _nullable(value)]
    if published is not None:
        known = {*published.get("required", ()), *part.get("required", ())}
        written = [name for name in written if name in known]
    if written:
        part["required"] = written
    else:
        part.pop("required", None)


def _nullable(value: JsonObject) -> bool:
    return any(option.get("type") == "null" for option in value.get("anyOf", ()))


def _says(*names: str) -> JsonObject:
    return {"properties": {n: {"not": {"type": "null"}} for n in names}, "required": [*names]}


# What the models check in code, said again so that a stranger's validator refuses the same.
_RULES: Mapping[Entry, JsonObject] = {
    SendRequest: {
        "allOf": [
            {"anyOf": [_says("turn"), _says("id", "number", "to", "class")]},
            {
                "anyOf": [
                    {"properties": {"messages": {"minItems": 1}}, "required": ["messages"]},
                    _says("then"),
                    _says("working"),
                ]
            },
            {
                "not": {
                    "properties": {"messages": {"minItems": 1}, **_says("working")["properties"]},
                    "required": ["messages", "working"],
                }
            },
        ]
    },
    Command: {"anyOf": [_says("conversation"), _says("phone"), _says("user_id")]},
}


def asyncapi() -> JsonObject:
    """The AsyncAPI 3.0 document: every channel, what is on it, and whether one may write there."""
    entries = {entry_name(model): model for models in CHANNELS.values() for model in models}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Saath",
            "version": "1",
            "description": "One WhatsApp number, answered by people and by bots. Topics carry the "
            "installation's prefix, here `saath.`; partitions are chosen by Java's murmur2.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {t.name: _channel(t, models) for t, models in CHANNELS.items()},
        "operations": dict(_operation(topic) for topic in CHANNELS),
        "components": {
            "messages": {name: _message(name, entries[name]) for name in sorted(entries)}
        },
    }


def _channel(topic: Topic, models: Sequence[Entry]) -> JsonObject:
    allowed = {"read": "public, to read", "write": "public, to write", "": "internal"}
    configuration: JsonObject = {"cleanup.policy": topic.cleanup.split(",")}
    if topic.retention is not None:
        configuration["retention.ms"] = int(topic.retention.total_seconds() * 1000)
    key = "event id" if topic.key == "event" else topic.key
    name = topic.full_name(PREFIX)
    return {
        "address": name,
        "title": topic.name,
        "description": f"Written by {topic.written_by}, read by {topic.read_by}; "
        f"{allowed[topic.public]}. Partitioned by {topic.partition_by}, keyed by {key}.",
        "messages": {
            entry_name(m): {"$ref": f"#/components/messages/{entry_name(m)}"} for m in models
        },
        "bindings": {
            "kafka": {
                "topic": name,
                "partitions": PARTITIONS_DEFAULT,
                "topicConfiguration": configuration,
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation(topic: Topic) -> tuple[str, JsonObject]:
    """AsyncAPI speaks from the application's side: what others may write, Saath receives."""
    action = "receive" if topic.public == "write" else "send"
    return f"{action}.{topic.name}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
    }


def _message(name: str, model: Entry) -> JsonObject:
    message: JsonObject = {
        "name": name,
        "summary": (model.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "payload": {"$ref": f"./{name}.json"},
    }
    if issubclass(model, Event):
        attributes = ("specversion", "id", "source", "time", "dataschema", "partitionkey")
        properties = {f"ce_{attribute}": {"type": "string"} for attribute in attributes}
        properties["ce_type"] = {"const": f"io.saath.{name}"}
        message["headers"] = {"type": "object", "properties": properties, "required": ["ce_type"]}
    return message


def rendered(document: JsonObject) -> str:
    """A document as it stands in its file: the same every time."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def kept(directory: Path) -> Published:
    """The schemas as they were published, by their files' names."""
    found = sorted((directory / PUBLISHED).glob("*.json"))
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in found}


def broken(published: Published, present: Published) -> Iterator[str]:
    """What of the *present* schemas breaks whoever relies on the *published*, a sentence each."""
    for name, before in published.items():
        if name not in present:
            yield f"{name} is gone"
            continue
        ours = name not in FROM_OTHERS
        yield from (f"{name}: {said}" for said in breaking(before, present[name], ours=ours))


def publish(directory: Path) -> list[str]:
    """Keep the schemas as they are now; where they break what was kept, say it and change nothing."""
    published = kept(directory)
    present = _schemas(published)
    if wrong := [*broken(published, present)]:
        return wrong
    (directory / PUBLISHED).mkdir(parents=True, exist_ok=True)
    for name, document in present.items():
        (directory / PUBLISHED / name).write_text(rendered(shape(document)), encoding="utf-8")
    return []


def drift(directory: Path) -> Iterator[str]:
    """What differs between *directory* and the models, a sentence each."""
    wanted = {name: rendered(document) for name, document in documents(kept(directory)).items()}
    found = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.json")}
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield f"{name} is missing"
        elif name not in wanted:
            yield f"{name} belongs to no event"
        elif found[name] != wanted[name]:
            yield f"{name} is not what the models say"


def write(directory: Path) -> None:
    """Write every document, and remove those that belong to no event any more."""
    wanted = documents(kept(directory))
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, document in wanted.items():
        (directory / name).write_text(rendered(document), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the documents, check or publish them; exit status 1 where something is wrong with them."""
    parser = argparse.ArgumentParser(prog="python -m saath.schemas", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="change nothing; say what differs")
    what.add_argument("--publish", action="store_true", help="what they are now may not be broken")
    beside_the_package = Path(__file__).parents[1] / "schemas"
    parser.add_argument("--directory", type=Path, default=beside_the_package)
    chosen = parser.parse_args(arguments)
    if chosen.check:
        published = kept(chosen.directory)
        wrong = [*broken(published, _schemas(published))]
        return _said([*drift(chosen.directory)], REWRITE) or _said(wrong, NEW_VERSION)
    if chosen.publish and _said(publish(chosen.directory), NEW_VERSION):
        return 1
    write(chosen.directory)
    return 0


def _said(wrong: Sequence[str], what_to_do: str) -> int:
    for line in [*wrong, *([what_to_do] if wrong else ())]:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
