"""What somebody who watches a number is told: each step and the history, when they change. Pure."""

import json
from collections.abc import Iterator

from saath.events import JsonObject

HEARTBEAT = ": still here\n\n"


def told(before: JsonObject | None, view: JsonObject) -> Iterator[str]:
    """
    The server-sent events that lead from *before* to *view*; the whole view where there was nothing.

    Whoever comes back after a broken connection is told the whole again, so no event is ever missed.
    """
    if before is None:
        yield event("number", view)
        return
    steps = {step["step"]: step for step in before["steps"]}
    for step in view["steps"]:
        if step != steps.get(step["step"]):
            yield event("step", step)
    if _history(view) != _history(before):
        yield event("history", _history(view))
    if _rest(view) != _rest(before):
        yield event("number", view)


def event(name: str, data: JsonObject) -> str:
    """One event as the wire has it. JSON has no bare line ends, which would end the event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _history(view: JsonObject) -> JsonObject:
    return {"history_sync": view["history_sync"], "history": view["history"]}


def _rest(view: JsonObject) -> JsonObject:
    apart = ("steps", "history", "history_sync")
    return {name: value for name, value in view.items() if name not in apart}
