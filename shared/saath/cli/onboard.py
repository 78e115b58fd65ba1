"""
The part of ``saath number`` that asks sync: connect one, adopt those that are connected elsewhere, look.
"""

import csv
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from saath.cli.adoptions import Entry, Wrong, entries, portions
from saath.cli.shell import fail, printable
from saath.cli.sync_api import Answer, NumberSettings, SyncApi
from saath.errors import RetryLater
from saath.settings import load_or_exit, refuse

Number = Annotated[str, typer.Argument(help="The number's phone_number_id.")]
Waba = Annotated[str, typer.Option("--waba", help="The account's id (waba_id).")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: one object a line.")]
MARKS = {"done": "✓", "refused": "✗", "unknown": "?", "asked": "…"}


def hang(app: typer.Typer) -> None:
    """Add the commands to *app*, which is ``saath number``."""
    app.command("connect")(connect)
    app.command("adopt")(adopt)
    app.command("steps")(steps)
    app.command("resume")(resume)
    app.command("replay-history")(replay_history)


def connect(
    waba: Waba,
    number: Annotated[str | None, typer.Option(help="Its phone_number_id, where known.")] = None,
    answers: Annotated[str | None, typer.Option(help="Who answers; the default is sync's.")] = None,
    bot: Annotated[str | None, typer.Option(help="Its bot.")] = None,
    history: Annotated[bool, typer.Option(help="Ask for what was written before.")] = True,
    country: Annotated[str | None, typer.Option(help="The number's country: DE.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Its time zone: Asia/Kolkata.")] = None,
    app_version: Annotated[str | None, typer.Option(help="Of the WhatsApp Business app.")] = None,
    app: Annotated[str | None, typer.Option(help="Which app it is in: business, consumer.")] = None,
    as_json: AsJson = False,
) -> None:
    """
    Connect a number. The code of Embedded Signup is read from standard input: it lives 30 seconds.

    A code is a secret, so it is no argument, which everybody on the machine could read.
    """
    try:
        code = sys.stdin.readline().strip()
    except UnicodeDecodeError:
        code = ""
    if not code:
        refuse("the code of Embedded Signup is expected on standard input")
    said = {"phone_number_id": number, "answers": answers, "bot": bot}
    said |= {"country": country, "timezone": timezone, "app_version": app_version, "app": app}
    body = {name: value for name, value in said.items() if value is not None}
    asked = {**body, "code": code, "waba_id": waba, "history": history}
    _show(_call(lambda api: api.post("/numbers", asked)), as_json=as_json)


def adopt(
    number: Annotated[str | None, typer.Argument(help="Its phone_number_id.")] = None,
    waba: Annotated[str | None, typer.Option("--waba", help="Its account's waba_id.")] = None,
    bot: Annotated[str | None, typer.Option(help="Its bot, once bots answer.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            help="Many: CSV or JSON lines of phone_number_id, waba_id and, if needed, token, bot."
        ),
    ] = None,
    history: Annotated[
        Path | None, typer.Option(help="What was written so far, as JSON lines (sync's README).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Take over numbers that are connected elsewhere. Nobody answers them until you say so.

    The token is the number's own in SAATH_NUMBER_TOKEN, or in the file, or sync's for all numbers. Run
    again, a list goes on: what is adopted is asked nothing. Exit status 1 where one failed.
    """
    if file is not None:
        if number or waba or history:
            refuse("--file is for many numbers: NUMBER, --waba and --history are for one")
        _adopt_all(file, as_json=as_json)
        return
    if not number or not waba:
        refuse("say NUMBER and --waba, or --file")
    token = os.environ.get("SAATH_NUMBER_TOKEN")
    secret = SecretStr(token) if token else None
    entry = _entry(phone_number_id=number, waba_id=waba, token=secret, bot=bot)
    answer = _call(lambda api: api.post("/numbers/adopt", entry.body()))
    _show(answer, as_json=as_json)
    if history is not None:
        _give_history(number, history)


def steps(number: Number, as_json: AsJson = False) -> None:
    """Print where a number's onboarding stands, and what to do about what is not done."""
    path = _path(number)
    _show(_call(lambda api: api.get(path)), as_json=as_json)


def resume(number: Number, as_json: AsJson = False) -> None:
    """Go on with an onboarding, also with a one-time request whose answer never came."""
    path = f"{_path(number)}/resume"
    _show(_call(lambda api: api.post(path)), as_json=as_json)


def replay_history(number: Number, as_json: AsJson = False) -> None:
    """
    Replay what has come of a number's history as it is, whatever is missing; what comes later follows.

    Exit status 1 where nothing of it waits to be replayed.
    """
    path = f"{_path(number)}/history/replay"
    _show(_call(lambda api: api.post(path)), as_json=as_json)


def _path(number: str) -> str:
    if not re.fullmatch(r"[0-9]{1,32}", number):
        refuse("NUMBER is Meta's phone_number_id: digits only")
    return f"/numbers/{number}"


def _entry(**said: Any) -> Entry:
    try:
        return Entry(**said)
    except ValueError:
        refuse("NUMBER and --waba are Meta's ids: digits only")


def _api() -> SyncApi:
    settings = load_or_exit(NumberSettings)
    return SyncApi(settings.cli.sync_url, settings.sync.api_token)


def _call(call: Any) -> Answer:
    try:
        answer: Answer = call(_api())
    except RetryLater as error:
        fail(str(error))
    return answer


def _adopt_all(file: Path, *, as_json: bool) -> None:
    api, done, failed = _api(), 0, 0
    try:
        for item in entries(file):
            well = _adopt_one(api, item, as_json=as_json)
            done, failed = done + well, failed + (not well)
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}")
    except csv.Error as error:
        fail(f"{file}: it is not CSV: {error}; {done + failed} numbers before that were tried")
    if not as_json:
        typer.echo(f"{done} adopted, {failed} not")
    if failed:
        raise typer.Exit(1)


def _adopt_one(api: SyncApi, item: tuple[int, Entry] | Wrong, *, as_json: bool) -> bool:
    """One line of result, whatever happened: the next number is not this one's fault."""
    result: dict[str, Any]
    if isinstance(item, Wrong):
        result = {"line": item.line, "adopted": False, "error": item.reason}
    else:
        line, entry = item
        result = {"line": line, "number": entry.phone_number_id}
        try:
            answer = api.post("/numbers/adopt", entry.body())
        except RetryLater as error:
            result |= {"adopted": False, "error": str(error)}
        else:
            result |= {"adopted": answer.went_well, **_why(answer)}
    typer.echo(_safe(json.dumps(result) if as_json else _result(result)))
    return bool(result["adopted"])


def _result(result: dict[str, Any]) -> str:
    who = f"line {result['line']}: {result.get('number', '')}".rstrip(": ")
    if result["adopted"]:
        return f"{MARKS['done']} {who}"
    todo = f" — {result['what_to_do']}" if result.get("what_to_do") else ""
    return f"{MARKS['refused']} {who}: {result['error']}{todo}"


def _why(answer: Answer) -> dict[str, Any]:
    if answer.went_well:
        return {}
    body = answer.body
    problems = [f"{p.get('pointer')}: {p.get('problem')}" for p in body.get("problems", ())]
    error = "; ".join([str(body.get("error", f"HTTP {answer.status}")), *problems])
    todo = body.get("what_to_do")
    return {"error": error, **({"what_to_do": str(todo)} if todo else {})}


def _give_history(number: str, path: Path) -> None:
    """Hand the file over, portion by portion; run again, what was taken counts once."""
    api, taken, refused = _api(), 0, 0
    try:
        for item in portions(path):
            if isinstance(item, Wrong):
                refused += 1
                typer.echo(f"{path}:{item.line}: {item.reason}", err=True)
                continue
            query = {"chunk": str(item.order), "first_line": str(item.first_line)}
            last = {"last": "true"} if item.last else {}
            answer = api.post_lines(f"/numbers/{number}/history", item.lines, **query, **last)
            if not answer.went_well:
                fail(f"{path}:{item.first_line}: {_why(answer)['error']}; run it again to go on")
            taken += int(answer.body.get("taken", 0))
            for problem in answer.body.get("refused", ()):
                refused += 1
                typer.echo(_safe(f"{path}:{problem['line']}: {problem['problem']}"), err=True)
    except RetryLater as error:
        fail(str(error))
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    typer.echo(f"history: {taken} messages taken, {refused} lines refused")
    if refused:
        raise typer.Exit(1)


def _show(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        typer.echo(_safe(json.dumps(answer.body)))
    else:
        for line in _lines(answer):
            typer.echo(_safe(line))
    if not answer.went_well:
        raise typer.Exit(1)


def _lines(answer: Answer) -> Iterator[str]:
    view = answer.body if answer.went_well else answer.body.get("number") or {}
    if not answer.went_well:
        why = _why(answer)
        yield f"saath: {why['error']}"
        obstacles = [one.get("what_to_do") for one in answer.body.get("obstacles", ())]
        yield from filter(None, [why.get("what_to_do"), *obstacles])
    if view:
        yield f"{view.get('number')}: {view.get('state')}"
    for step in view.get("steps", ()):
        problem = f": {step['problem']}" if step.get("problem") else ""
        yield f"  {MARKS.get(step['state'], '·')} {step['step']} ({step['state']}){problem}"
        if answer.went_well and step.get("what_to_do"):
            yield f"      {step['what_to_do']}"
    if history := view.get("history"):
        lacking = f"; {history['problem']}" if history.get("problem") else ""
        out = f"progress {history.get('progress')}, {history.get('messages_replayed')} messages replayed"
        yield f"  history: {out}{lacking}"


def _safe(text: str) -> str:
    return printable(text.encode(errors="backslashreplace"))
