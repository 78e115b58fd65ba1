"""``saath number``: how a business number stands, and why it is not sending."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from saath.cli.asking import AsJson, Timezone, zone_of
from saath.cli.shell import CLIENT_ID, console, fail, run
from saath.cli.telling import WIDTH, clock, safe
from saath.events import NumberRecorded
from saath.kafka.layout import read_layout
from saath.kafka.search import searching
from saath.kafka.standing import LaneSeen, PauseSeen, Standing, Standings
from saath.settings import Settings, load_or_exit
from saath.story import Speech, span

app = typer.Typer(help="How a number stands; why it is not sending.", no_args_is_help=True)

STATES = {
    "onboarding": "It is being connected: nothing is sent yet.",
    "active": "It is connected.",
    "restricted": "Meta restricts it.",
    "offboarded": "Meta has taken it off the API, and may put it back by itself: nothing is sent.",
    "disconnected": "It is disconnected, and somebody must connect it again: nothing is sent.",
    "removed": "It was removed: what is asked of it is refused.",
}
WHAT = {
    "everything": "Nothing is sent",
    "business_initiated": "Nothing is sent to customers who have not written in 24 hours",
    "customer_initiated": "No answers are sent",
    "replies": "No answers are sent",
    "marketing": "No marketing is sent",
    "paid": "Nothing that costs money is sent",
}
LANES = {
    "outbound.people.v1": "people's",
    "outbound.v1": "bots'",
    "outbound.bulk.v1": "campaigns'",
}


@app.command("show")
def show_number(
    number: Annotated[
        str, typer.Argument(metavar="N", help="The number's id (Meta's phone_number_id).")
    ],
    seconds: Annotated[
        float, typer.Option(min=1, help="Read for so long at most; what is left is said.")
    ] = 20.0,
    as_json: AsJson = False,
    timezone: Timezone = None,
) -> None:
    """
    Show a number's state, why it is not sending, and what waits in each lane.

    Needs to read the sender's own changelog, which the platform team may. Whom a message goes to, and
    what it says, is not shown. Exit status 1 where nobody knows the number.
    """
    speech, settings = Speech(zone_of(timezone), texts=False), load_or_exit(Settings)
    found = run(_read(settings, number.strip(), seconds))
    if found.recorded is None and not any(lane.waiting for lane in found.lanes):
        fail(
            f"nobody knows a number {safe(number)}: it is Meta's phone_number_id, not the phone number; "
            "and it is on numbers once sync has connected it"
        )
    if as_json:
        typer.echo(json.dumps(shown(found), ensure_ascii=False))
        return
    out = console(WIDTH)
    out.print(Text(f"Number {found.number}. {clock(speech.zone, found.at, utc_too=False)}\n"))
    for sentence in (*standing(found, speech), *waiting(found, speech)):
        out.print(Text(safe(sentence)))
    out.print("", lanes(found, speech), "")
    for sentence in certainty(found):
        out.print(Text(safe(sentence), style="dim"))


async def _read(settings: Settings, number: str, seconds: float) -> Standing:
    kafka, topics = settings.kafka, settings.topics
    layout = await read_layout(kafka, topics, CLIENT_ID)
    async with searching(kafka, CLIENT_ID, topics.prefix) as searcher:
        return await Standings(searcher, layout, seconds).of(number, datetime.now(UTC))


def standing(found: Standing, speech: Speech) -> Iterator[str]:
    """What sync says of the number, and what Meta does not let it do."""
    recorded = found.recorded
    if recorded is None:
        yield "It is not on numbers: requests wait a minute for that, and are refused then."
        return
    yield STATES[recorded.state]
    yield from described(recorded)
    yield f"At most {recorded.cap_per_second} messages a second leave, less where Meta has throttled it."
    for restriction in recorded.restrictions:
        what = WHAT.get(restriction.kind)
        if what and (restriction.until is None or found.at < restriction.until):
            until = (
                f" until {speech.time(restriction.until, found.at)}" if restriction.until else ""
            )
            yield f"{what}{until}: Meta restricts the number."
    for status in recorded.templates:
        what = f"The template {status.name} ({status.language})"
        since = speech.time(status.at, found.at)
        if status.paused(found.at):
            yield f"{what} is not sent: Meta has paused it since {since}."
        elif status.state == "disabled":
            yield f"{what} is refused: Meta has disabled it since {since}."
    if recorded.state == "restricted" and not recorded.restrictions:
        yield "Nothing is sent: Meta restricts the number, and numbers does not say in what."


def described(recorded: NumberRecorded) -> Iterator[str]:
    """What it is called, how Meta rates it, and where it is, as far as that is known."""
    if recorded.verified_name:
        yield f"Customers see it as {recorded.verified_name}."
    said = {
        "quality": recorded.quality_rating,
        "throughput": recorded.throughput,
        "messaging limit": recorded.messaging_limit,
    }
    known = [f"{name} {value}" for name, value in said.items() if value]
    if known:
        yield f"Meta says: {', '.join(known)}."
    where = [place for place in (recorded.country, recorded.timezone) if place]
    if where:
        yield f"It is in {', '.join(where)}."


def waiting(found: Standing, speech: Speech) -> Iterator[str]:
    """Why the sender holds back, and what it has sent."""
    for pause in found.pauses:
        yield _paused(pause, found.at, speech)
    for lane in found.lanes:
        if lane.parked:
            yield _parked(lane)
    if found.in_doubt:
        yield f"Of {found.in_doubt} messages nobody knows yet whether they arrived."
    at_least = "" if found.sent_whole else "at least "
    if found.last_sent:
        last = speech.time(found.last_sent, found.at)
        yield f"Messages that Meta took in the last hour: {at_least}{found.sent}, the latest at {last}."
    else:
        yield "Meta has taken no message of it in the last hour."


def _parked(lane: LaneSeen) -> str:
    """What is held for long, and whether anything gets past it."""
    whose, one = LANES[lane.topic], lane.parked == 1
    said = f"{lane.parked} of {whose} requests {'is' if one else 'are'} held and"
    if lane.stopped:
        return (
            f"{said} are more than the sender reads past: what came after them on that topic waits too, "
            "whatever it is, until some of them have ended."
        )
    return f"{said} {'lets' if one else 'let'} past what may be sent."


def lanes(found: Standing, speech: Speech) -> Table:
    """How many requests wait, and since when."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("waiting", "requests", "oldest"):
        table.add_column(name, no_wrap=True)
    for lane in found.lanes:
        count = f"{lane.waiting}" if lane.whole else f"at least {lane.waiting}"
        oldest = ""
        if lane.oldest:
            age = span(found.at - lane.oldest)
            oldest = f"{speech.time(lane.oldest, found.at)}, {age} ago"
        table.add_row(LANES[lane.topic], count, oldest)
    return table


def certainty(found: Standing) -> Iterator[str]:
    """How far all of this can be relied on."""
    if not found.sender_known:
        yield "No sender has written anything for this partition yet: is one running?"
    yield (
        "The sender writes down what it has finished up to 5 s late; how far Meta has slowed it is known to "
        "its /metrics alone."
    )
    if any(not lane.whole for lane in found.lanes) or not found.sent_whole:
        yield "Not all was read in the time given (--seconds)."
    unsure = sum(lane.unsure for lane in found.lanes)
    if unsure:
        yield f"{unsure} records beside these have a key that names no number, and were not counted."


def shown(found: Standing) -> dict[str, Any]:
    """For programs."""
    data: dict[str, Any] = json.loads(json.dumps(asdict(found), default=_plain))
    data["problems"] = [name for name, there in _problems(found).items() if there]
    return data


def _problems(found: Standing) -> dict[str, bool]:
    recorded = found.recorded
    return {
        "unknown": recorded is None,
        "not_active": recorded is not None and recorded.state != "active",
        "paused": bool(found.pauses),
        "template_stopped": recorded is not None
        and any(t.paused(found.at) or t.state == "disabled" for t in recorded.templates),
        "in_doubt": found.in_doubt > 0,
    }


def _plain(value: Any) -> Any:
    """A record without what is private in it, and a time as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.model_dump(mode="json", exclude_none=True, exclude={"display_phone", "policy"})


def _paused(pause: PauseSeen, now: datetime, speech: Speech) -> str:
    kind, _, template = pause.scope.partition(":")
    what = f"The template {template} is not sent" if template else WHAT.get(kind, kind)
    code = f" (Meta's {pause.code})" if pause.code is not None else ""
    again = (
        f"one message tries again at {speech.time(pause.until, now)}"
        if now < pause.until
        else "the next message tries again"
    )
    return f"{what} since {speech.time(pause.since, now)}: {pause.reason}{code}; {again}."
