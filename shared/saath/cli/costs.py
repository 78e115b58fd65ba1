"""``saath costs``: what Meta counted, free and paid, by number and day."""

import csv
import json
import sys
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from saath.cli.asking import AsJson, bar, zone_of
from saath.cli.range import From, Number, Range, Span, To, span
from saath.cli.shell import CLIENT_ID, console, run
from saath.codec import decode
from saath.costs import BadRates, Counts, Day, Message, Rates, evolve, heard_in_log, read_rates
from saath.costs import market_of as market_by_code
from saath.costs.bill import Bill, Item, bill, without_markets
from saath.costs.days import moved
from saath.errors import PoisonRecord
from saath.events import EVENTS, MessageEchoed, MessagePriced, StatusEvent
from saath.kafka.layout import read_layout
from saath.kafka.records import Record
from saath.kafka.search import one_by_one, searching
from saath.settings import Settings, load_or_exit, refuse
from saath.slices import Wanted, attribute
from saath.topics import CONVERSATIONS

# The router writes an event down when it has happened; Meta's clock may be ahead of its own.
CLOCKS_APART = timedelta(hours=1)
HEARD = frozenset(
    name.encode()
    for name, model in EVENTS.items()
    if issubclass(model, StatusEvent | MessagePriced | MessageEchoed)
)
ESTIMATE = "an estimate from --rates, and no invoice"


def costs(
    number: Number = None,
    since: From = None,
    until: To = None,
    rates: Annotated[
        Path | None,
        typer.Option(help="A table of rates, CSV: examples/rates.example.csv shows how."),
    ] = None,
    timezone: Annotated[
        str, typer.Option(metavar="Europe/Berlin", help="Whose days these are.")
    ] = "UTC",
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
) -> None:
    """
    Say what Meta counted, free and paid, by number and day.

    A message counts on the day its price was first said, once it has arrived; failed ones cost nothing.
    Meta names no sums: money is reckoned from the rates you give, and what they do not say is unknown.
    """
    if as_json and as_csv:
        refuse("say either --json or --csv")
    zone = zone_of(timezone)
    asked = _Asked(number, span(since, until, zone), zone, _rates(rates) if rates else None)
    told = bill(run(_count(load_or_exit(Settings), asked)), asked.rates)
    currency = asked.rates.currency if asked.rates else None
    if as_json:
        typer.echo(json.dumps(_as_json(told, currency), ensure_ascii=False))
    elif as_csv:
        _write_csv(told, currency)
    else:
        _show(told, currency, timezone)


@dataclass(frozen=True, slots=True)
class _Asked:
    number: str | None
    span: Span
    zone: tzinfo
    rates: Rates | None


async def _count(settings: Settings, asked: _Asked) -> dict[Day, Counts]:
    """
    Read what was put down from the beginning of the range to now: a message may arrive after its end.

    A message's events stand in one partition, so memory holds the messages of one partition at a time.
    """
    kafka, topics = settings.kafka, settings.topics
    layout = await read_layout(kafka, topics, CLIENT_ID)
    begin = asked.span.since - CLOCKS_APART if asked.span.since else None
    wanted, days = Wanted(asked.number), dict[Day, Counts]()
    messages, partition = dict[tuple[str, str], Message](), -1
    with bar("counting", "offsets") as progress:
        async with searching(kafka, CLIENT_ID, topics.prefix) as searcher:
            stretches = await Range(CONVERSATIONS, Span(begin)).stretches(searcher, layout)
            async with aclosing(one_by_one(searcher, stretches, progress)) as records:
                async for record in records:
                    if record.partition != partition:
                        _add(days, messages, asked)
                        messages, partition = {}, record.partition
                    if record.value is not None and wanted(record):
                        _hear(record, messages, asked.rates)
    _add(days, messages, asked)
    return days


def _hear(record: Record, messages: dict[tuple[str, str], Message], rates: Rates | None) -> None:
    if attribute(record.headers, "ce_type") not in HEARD:
        return
    try:
        event = decode(record.headers, record.value)
    except PoisonRecord:
        return
    heard = heard_in_log(event, rates.market_of if rates else market_by_code)
    if heard:
        at = heard.number, heard.message_id
        messages[at] = evolve(messages.get(at), heard)


def _add(days: dict[Day, Counts], messages: dict[tuple[str, str], Message], asked: _Asked) -> None:
    since, until = asked.span.since, asked.span.until
    for message in messages.values():
        at = message.at
        if at and (since is None or at >= since) and (until is None or at < until):
            moved(days, None, message, asked.zone)


def _rates(path: Path) -> Rates:
    try:
        return read_rates(path.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        refuse(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        refuse(f"{path}: not UTF-8")
    except BadRates as error:
        refuse(f"{path}: {error}")


def _as_json(told: Bill, currency: str | None) -> dict[str, Any]:
    money = {
        "currency": currency,
        "cost": str(told.cost),
        "messages_without_cost": told.without_cost,
    }
    saved = {"saved_estimate": str(told.saved), "saved_for_messages": told.saved_for}
    return {
        "items": [dict(zip(NAMES, _cells(item), strict=True)) for item in told.items],
        "app_messages": told.app_messages,
        "waiting": told.waiting,
        "failed": told.failed,
        "differing": told.differing,
        **(money | (saved if told.saved_for else {}) if currency else {}),
    }


NAMES = ("number", "day", "charge", "type", "category", "market", "messages", "cost")


def _cells(item: Item) -> tuple[Any, ...]:
    cost = None if item.cost is None else str(item.cost)
    number, day = item.day
    return (
        number, day.isoformat(), item.charge, item.kind, item.category, item.market, item.messages,
        cost,
    )  # fmt: skip


def _write_csv(told: Bill, currency: str | None) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*NAMES, "currency"])
    for item in told.items:
        writer.writerow([*_cells(item), currency if item.cost is not None else None])


def _show(told: Bill, currency: str | None, timezone: str) -> None:
    out = console()
    table = Table("number", "day", "", "type", "category", title=None)
    table.add_column("messages", justify="right")
    if currency:
        table.add_column(f"cost, {currency}", justify="right")
    for item in without_markets(told.items):
        row = [
            item.day.number, item.day.day.isoformat(), item.charge, item.kind or "", item.category or "",
            str(item.messages),
        ]  # fmt: skip
        table.add_row(*row, *([_money(item.cost)] if currency else []))
    if told.items:
        out.print(table)
    for sentence in _sentences(told, currency, timezone):
        out.print(sentence)


def _money(cost: Decimal | None) -> str:
    return "unknown" if cost is None else f"{cost:.4f}"


def _sentences(told: Bill, currency: str | None, timezone: str) -> list[str]:
    arrived = sum(item.messages for item in told.items)
    by = {how: sum(i.messages for i in told.items if i.charge == how) for how in ("free", "paid")}
    unknown = arrived - by["free"] - by["paid"]
    first = (
        f"{arrived} messages through the API arrived: {by['free']} free, {by['paid']} paid, {unknown} "
        f"of a kind that is not known. Days are {timezone}'s."
    )
    said = [first, f"{told.app_messages} were written in the app: free."]
    if told.waiting or told.failed:
        said.append(f"Not charged: {told.waiting} have not arrived, {told.failed} failed.")
    if told.differing:
        said.append(f"Of {told.differing} Meta said another price later; the first is counted.")
    if currency:
        more = f", and {told.without_cost} messages of unknown cost" if told.without_cost else ""
        said.append(f"{_money(told.cost)} {currency}{more}: {ESTIMATE}.")
    if currency and told.saved_for:
        said.append(
            f"Estimate: through the API, {told.saved_for} of the {told.app_messages} written in the app "
            f"would have cost {_money(told.saved)} {currency} as service messages."
        )
    return said
