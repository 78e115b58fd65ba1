"""A story as a terminal shows it: times at the left, sentences at the right, the newest last."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from saath.cli.shell import printable
from saath.story import Speech, State, Step, Written, shortened, span
from saath.story.speech import WHO, bot_named, capital

WIDTH = 100
BY = {"automatic": "the app", "person": "a person", "campaign": "a campaign", "bot": "a bot"}
_DIM = "dim"
_LOUD = {
    "conversation.owner_changed.v1": "bold yellow",
    "message.superseded.v1": "bold red",
    "message.failed.v1": "bold red",
    "message.rejected.v1": "bold red",
    "message.refused.v1": "bold red",
    "message.left_in_doubt.v1": "bold red",
    "conversation.unattended.v1": "bold red",
    "handoff.requested.v1": "bold yellow",
}


def safe(text: str) -> str:
    """*text* without what could move a cursor."""
    return printable(text.encode(errors="backslashreplace"))


def clock(zone: tzinfo, now: datetime, *, utc_too: bool = True) -> str:
    """Whose clock is shown: ``Times are CET (UTC+01:00), with UTC below.``"""
    here = now.astimezone(zone)
    if not here.utcoffset():
        return "Times are UTC."
    offset = f"{here:%z}"
    below = ", with UTC below" if utc_too else ""
    return f"Times are {here.tzname()} (UTC{offset[:3]}:{offset[3:5]}){below}."


def story(
    steps: Sequence[Step],
    zone: tzinfo,
    conversation: str,
    signs: Mapping[str, str] = MappingProxyType({}),
) -> RenderableType:
    """Steps in order, a heading a day; before each the sign of its place, where there are signs."""
    parts: list[RenderableType] = []
    day, table = None, Table.grid()
    for step in steps:
        here = step.at.astimezone(zone)
        if here.date() != day:
            day, table = here.date(), _grid(bool(signs))
            parts += [Text(f"\n{here:%A %-d %B %Y}", style="bold underline"), table]
        sign = [Text(signs.get(step.place, ""), style="bold cyan")] if signs else []
        table.add_row(*sign, _times(step.at, zone), _told(step, conversation))
    return Group(*parts)


def _grid(marked: bool) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2 if marked else 1):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _times(moment: datetime, zone: tzinfo) -> Text:
    here = moment.astimezone(zone)
    text = Text(f"{here:%H:%M:%S}.{here.microsecond // 1000:03}")
    if here.utcoffset():
        text.append(f"\n{moment.astimezone(UTC):%H:%M:%S} UTC", style=_DIM)
    return text


def _told(step: Step, conversation: str) -> Text:
    text = Text(safe(step.what), style=_LOUD.get(step.type, ""))
    text = Text.assemble(text)
    if step.words:
        text.append(f"\n“{safe(step.words)}”", style="italic")
    if step.because:
        text.append(f"\n{safe(step.because)}")
    elsewhere = [f"in {step.conversation}"] if step.conversation not in (None, conversation) else []
    for line in _packed([*_small(step), *elsewhere, step.id]):
        text.append(f"\n{safe(line)}", style=_DIM)
    return text


def _small(step: Step) -> Iterator[str]:
    if step.rule:
        yield f"rule {step.rule}"
    if step.epoch is not None:
        yield f"epoch {step.epoch}"
    if step.after_turn_ms is not None:
        yield f"{_ms(step.after_turn_ms)} after the bot was asked"
    elif step.after_cause_ms is not None:
        yield f"{_ms(step.after_cause_ms)} after its cause"
    if step.logged_after_ms is not None:
        most = "at most " if step.whole_seconds else ""
        yield f"logged {most}{_ms(step.logged_after_ms)} after it happened"


def _packed(parts: Iterable[str], width: int = WIDTH - 20) -> list[str]:
    """*parts* in as few lines as have room for them; none is broken where it need not be."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return lines


def _ms(ms: int) -> str:
    return span(timedelta(milliseconds=ms))


def summary(state: State, speech: Speech, now: datetime) -> list[str]:
    """A conversation now, in a few sentences."""

    def at(moment: datetime) -> str:
        return speech.time(moment, now)

    said = [_owned(state, speech, now), _waits(state, speech, now)]
    if state.person_called:
        said.append("A person has been called, and has not come yet.")
    for asked in state.turns:
        over = "had" if asked.deadline < now else "has"
        until = at(asked.reply_by or asked.deadline)
        said.append(
            f"{capital(bot_named(asked.bot))} was asked at {at(asked.asked_at)} and {over} until {until}."
        )
    if state.window_until is None:
        said.append("The customer has not written: only templates may be sent.")
    elif state.window_open(now):
        said.append(f"Anything may be sent until {at(state.window_until)}.")
    else:
        said.append(f"The service window closed at {at(state.window_until)}: templates only.")
    if state.merged:
        said.append(f"Joined with it: {', '.join(state.merged)}.")
    return said


def _owned(state: State, speech: Speech, now: datetime) -> str:
    if state.owner is None:
        return "Nobody has been asked to answer so far."
    who = bot_named(state.bot) if state.owner == "bot" else WHO[state.owner]
    since = f", since {speech.time(state.since, now)}" if state.since else ""
    why = f" ({safe(state.because)})" if state.because else ""
    until = ""
    if state.lease_until:
        over = "kept until" if now < state.lease_until else "the lease was over at"
        until = f", {over} {speech.time(state.lease_until, now)}"
    rule = f", rule {state.rule}" if state.rule else ""
    return f"{capital(who)} answers{since}{why}{until}; epoch {state.epoch}{rule}."


def _waits(state: State, speech: Speech, now: datetime) -> str:
    if state.waiting_since is None:
        return "Nobody waits for an answer."
    told = ", and it was reported" if state.unattended else ""
    waits = span(now - state.waiting_since)
    return f"The customer has waited since {speech.time(state.waiting_since, now)}: {waits}{told}."


def messages(found: Sequence[Written], speech: Speech, now: datetime) -> Table:
    """The last messages, how far they got and what Meta counts for them."""
    table = Table("when", "by", "type", "how far", "price", "message")
    if speech.texts:
        table.add_column("text", overflow="fold")
    for message in found:
        named = message.message_id if speech.texts else shortened(message.message_id)
        row = [
            speech.time(message.time, now),
            BY.get(message.author, f"the {message.author}"),
            message.type,
            message.status or "",
            message.price or "",
            named,
        ]
        table.add_row(*map(safe, [*row, *([message.text or ""] if speech.texts else [])]))
    return table


def shown(state: State, speech: Speech) -> dict[str, Any]:
    """A state for programs."""
    data = state.model_dump(mode="json", exclude_none=True)
    for message in data["messages"]:
        if not speech.texts:
            message.pop("text", None)
            message["message_id"] = shortened(message["message_id"])
    return data
