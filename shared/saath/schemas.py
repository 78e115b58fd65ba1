"""
The contract for those who do not read Python: a JSON Schema an event, and one AsyncAPI document.

``python -m saath.schemas`` writes them to ``shared/schemas``; ``--check`` says what has drifted.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from saath.channels import CHANNELS, Entry, entry_name
from saath.codec import SCHEMA_BASE
from saath.events import EVENTS, Command, Event, JsonObject, SendRequest
from saath.topics import PARTITIONS_DEFAULT, Topic

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI = "asyncapi.json"
PREFIX = "saath."


def documents() -> dict[str, JsonObject]:
    """Every document by its file's name."""
    entries: list[Entry] = [*EVENTS.values(), SendRequest, Command]
    schemas = {f"{entry_name(model)}.json": schema(model) for model in entries}
    return {**schemas, ASYNCAPI: asyncapi()}


def schema(model: Entry) -> JsonObject:
    """The JSON Schema of an event as Saath writes it, or of what others write to Saath."""
    generated = model.model_json_schema()
    if issubclass(model, Event):
        for part in (generated, *generated.get("$defs", {}).values()):
            _require_what_is_written(part)
    else:
        generated |= _RULES.get(model, {})
    return {"$schema": DIALECT, "$id": f"{SCHEMA_BASE}{entry_name(model)}.json", **generated}


def _require_what_is_written(part: JsonObject) -> None:
    """What may be null is left out when it is; everything else is always there, defaults too."""
    properties: Mapping[str, JsonObject] = part.get("properties", {})
    required = [name for name, value in properties.items() if not _nullable(value)]
    if required:
        part["required"] = required


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


def drift(directory: Path) -> Iterator[str]:
    """What differs between *directory* and the models, a sentence each."""
    wanted = {name: rendered(document) for name, document in documents().items()}
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
    wanted = documents()
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, document in wanted.items():
        (directory / name).write_text(rendered(document), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the documents, or check them; exit status 1 where they have drifted."""
    parser = argparse.ArgumentParser(prog="python -m saath.schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; say what differs")
    beside_the_package = Path(__file__).parents[1] / "schemas"
    parser.add_argument("--directory", type=Path, default=beside_the_package)
    chosen = parser.parse_args(arguments)
    if not chosen.check:
        write(chosen.directory)
        return 0
    differences = [*drift(chosen.directory)]
    for difference in differences:
        print(difference, file=sys.stderr)
    if differences:
        print("make schemas rewrites them", file=sys.stderr)
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
