"""``saath conversation``: who has a conversation now, and which of a number's wait."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from saath.cli.asking import AsJson, Since, Texts, Timezone, ask, moment, zone_of
from saath.cli.shell import console, fail
from saath.cli.telling import WIDTH, clock, messages, safe, shown, summary
from saath.kafka.archive import Archive, Told
from saath.story import Speech, State, in_order, state_after, with_record

LIST_SINCE = "2d"

app = typer.Typer(
    help="Who has a conversation now; which of a number's wait.", no_args_is_help=True
)


class Whose(StrEnum):
    """Who answers."""

    bot = "bot"
    human = "human"
    meta = "meta"


def state_of(told: Told) -> State:
    """A conversation now: from its log, and from what ``owners`` says where that is newer."""
    state = state_after(told.conversation, told.log)
    return with_record(state, told.record) if told.record else state


@app.command("show")
def show_conversation(
    name: Annotated[str, typer.Argument(metavar="ID", help="A conversation's id: c_…")],
    since: Since = None,
    texts: Texts = False,
    as_json: AsJson = False,
    timezone: Timezone = None,
) -> None:
    """
    Show one conversation as it stands.

    What people wrote, and their numbers, are not shown. `saath why ID` tells how it came to that.
    """
    now, speech = datetime.now(UTC), Speech(zone_of(timezone), texts)
    begin = moment(since, now) if since else None
    told = ask(lambda archive: archive.conversation(name, begin))
    if told is None:
        fail(
            f"there is no conversation {safe(name)} on conversations, turns, handoffs and owners; "
            "`saath conversation list --number N` lists a number's, `saath why ID` looks for other ids"
        )
    state = state_of(told)
    if as_json:
        typer.echo(json.dumps(shown(state, speech), ensure_ascii=False))
        return
    out = console(WIDTH)
    joined = f"{told.asked} was joined with it. " if told.asked != told.conversation else ""
    of = f"Conversation {state.conversation} of number {state.number}. "
    out.print(Text(f"{of}{joined}{clock(speech.zone, now, utc_too=False)}\n"))
    for sentence in summary(state, speech, now):
        out.print(Text(safe(sentence)))
    if state.messages:
        out.print(Text("\nThe last messages", style="bold underline"))
        out.print(messages(state.messages, speech, now))
    if state.prices:
        counted = ", ".join(f"{price} {count}" for price, count in state.prices.items())
        out.print(Text(safe(f"Counted by Meta: {counted}.")))


@app.command("list")
def list_conversations(
    number: Annotated[str, typer.Option(help="The business number's id (phone_number_id).")],
    owner: Annotated[Whose | None, typer.Option(help="Only those this one answers.")] = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only where a customer waits.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    since: Since = LIST_SINCE,
    as_json: AsJson = False,
    timezone: Timezone = None,
) -> None:
    """
    List a number's conversations, the latest activity last.

    Owners are as the router says; who waits since when is read from the log of the last two days
    (--since), so a customer who has waited for longer shows only where that was reported since.
    """
    now, speech = datetime.now(UTC), Speech(zone_of(timezone))
    begin = moment(since or LIST_SINCE, now)
    found = ask(lambda archive: _states(archive, number, begin))
    if not found:
        fail(
            f"owners has no conversation of number {safe(number)}: it is Meta's phone_number_id, not the "
            "phone number; or nobody has written to it since it was connected"
        )
    wanted = _Wanted(owner and owner.value, waiting)
    fitting = sorted(filter(wanted, found), key=_activity)
    chosen = fitting[-limit:]
    if as_json:
        for state in chosen:
            typer.echo(json.dumps(shown(state, speech), ensure_ascii=False))
        return
    out = console(WIDTH)
    out.print(_table(chosen, speech, now))
    older = (
        f", {len(fitting) - limit} older ones not shown (--limit)" if len(fitting) > limit else ""
    )
    out.print(
        Text(
            f"{len(fitting)} of {len(found)} conversations{older}. {clock(speech.zone, now, utc_too=False)}"
        )
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    owner: str | None
    waiting: bool

    def __call__(self, state: State) -> bool:
        return self.owner in (None, state.owner) and not (
            self.waiting and state.waiting_since is None
        )


async def _states(archive: Archive, number: str, since: datetime) -> list[State]:
    owned = await archive.owned(number)
    log = await archive.lately(number, since) if owned else {}
    return [
        with_record(state_after(name, in_order(log.get(name, ()))), record)
        for name, record in owned.items()
        if record.redirect is None
    ]


def _activity(state: State) -> datetime:
    return state.last_activity or datetime.min.replace(tzinfo=UTC)


def _table(states: list[State], speech: Speech, now: datetime) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("conversation", no_wrap=True)
    table.add_column("owner", overflow="fold", min_width=9)
    table.add_column("epoch", no_wrap=True)
    for name in ("since", "lease\nuntil", "window\nuntil", "waits\nsince", "last"):
        table.add_column(name, no_wrap=True)

    def at(time: datetime | None) -> str:
        return _short(time, now, speech.zone) if time else ""

    for state in states:
        owner = f"bot {state.bot}" if state.owner == "bot" and state.bot else state.owner or ""
        waits = Text(at(state.waiting_since), style="bold red" if state.unattended else "")
        table.add_row(
            state.conversation, safe(owner), str(state.epoch), at(state.since),
            at(state.lease_until), at(state.window_until), waits, at(state.last_activity),
        )  # fmt: skip
    return table


def _short(time: datetime, now: datetime, zone: tzinfo) -> str:
    """A time in a cell: of another day than today the day above it."""
    here = time.astimezone(zone)
    same_day = here.date() == now.astimezone(zone).date()
    return here.strftime("%H:%M" if same_day else "%-d %b\n%H:%M")
