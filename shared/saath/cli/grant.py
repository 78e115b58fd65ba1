"""``saath grant``: let somebody ask for sends without a turn."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, get_args

import typer

from saath.events import MessageClass
from saath.grants import EVERY, Grant, Grants
from saath.settings import SecretList, Settings, load_or_exit, refuse

CLASSES = get_args(MessageClass)
_LASTS = re.compile(r"(\d{1,4})([hd])")


class GrantSettings(Settings):
    """What is needed to sign a grant."""

    grant_keys: SecretList


def grant(
    who: Annotated[str, typer.Option(help="Who may ask: a bot's name, or a tool's.")],
    number: Annotated[
        list[str], typer.Option(help="A phone_number_id, or * for all. Several times.")
    ],
    message_class: Annotated[
        list[str], typer.Option("--class", help=f"{', '.join(CLASSES)}, or *. Several times.")
    ],
    until: Annotated[
        str, typer.Option(metavar="90d|12h|ISO-8601", help="Good for so long, or until then (UTC).")
    ],
) -> None:
    """
    Print a signed grant, for the "grant" of requests without a turn.

    It is signed with the first of SAATH_GRANT_KEYS, which the sender has too.

    It can be taken back only together with its key: let it end, and give everybody their own.
    """
    keys = load_or_exit(GrantSettings).grant_keys.values()
    if not keys:
        refuse("SAATH_GRANT_KEYS has no key in it")
    given = granted(who, number, message_class, until, datetime.now(UTC))
    typer.echo(Grants(keys).sign(given))


def granted(who: str, numbers: list[str], classes: list[str], until: str, now: datetime) -> Grant:
    """The grant that these words ask for; leaves with 2 where one of them is wrong."""
    if not 1 <= len(who.strip()) <= 64:
        refuse("--who: a name has 1 to 64 characters")
    for number in numbers:
        if number != EVERY and not re.fullmatch(r"[0-9]{1,32}", number):
            refuse(f"--number: {number!r} is neither a phone_number_id nor {EVERY}")
    for name in classes:
        if name not in (*CLASSES, EVERY):
            refuse(f"--class: {name!r} is none of {', '.join(CLASSES)}, {EVERY}")
    ends = _moment(until, now)
    if ends <= now:
        refuse(f"--until: {until} is over")
    return Grant(who.strip(), tuple(numbers), tuple(classes), int(ends.timestamp()))


def _moment(written: str, now: datetime) -> datetime:
    if lasts := _LASTS.fullmatch(written.strip()):
        count = int(lasts[1])
        return now + (timedelta(days=count) if lasts[2] == "d" else timedelta(hours=count))
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        refuse(f"--until: {written!r} is neither like 90d, 12h nor like 2026-12-31T00:00:00Z")
    return time if time.tzinfo else time.replace(tzinfo=UTC)
