"""``saath why``: what happened in a conversation, or to one message, and what lay behind it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from saath.cli.asking import AsJson, Since, Texts, Timezone, ask, moment, zone_of
from saath.cli.conversation import state_of
from saath.cli.shell import console, fail
from saath.cli.telling import WIDTH, clock, safe, shown, story, summary
from saath.events import short_name
from saath.kafka.archive import SEARCHED, Archive, Told
from saath.story import Logged, Speech, State, Step, Story, answer, folded, shortened, tell

SEARCH_SINCE = "8d"
CONVERSATION = "c_"

Last = Annotated[int, typer.Option(min=1, help="Of a conversation, the newest so many steps.")]


def why(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A conversation, an event, a turn, a request, or Meta's message id."
        ),
    ],
    last: Last = 50,
    since: Since = None,
    texts: Texts = False,
    as_json: AsJson = False,
    timezone: Timezone = None,
) -> None:
    """
    Tell what happened, which rule decided it, and how long it took.

    Of a conversation the story; of one message, turn or request what led to it and what came of it. What
    people wrote, and their numbers, are not shown. Exit status 1 where the ID is not found.
    """
    now = datetime.now(UTC)
    speech = Speech(zone_of(timezone), texts)
    asked = name.strip()
    begin = moment(since, now) if since else None
    told, lone = ask(lambda archive: _look(archive, asked, begin, now))
    if told is None and lone is None:
        fail(_unknown(asked, since))
    if told is None and lone is not None:
        told = Told("", "", (lone,))
    if told is not None:
        answered = _Answer(told, asked, speech, now, last)
        if as_json:
            typer.echo(json.dumps(answered.as_json(), ensure_ascii=False))
        else:
            answered.show()


async def _look(
    archive: Archive, asked: str, begin: datetime | None, now: datetime
) -> tuple[Told | None, Logged | None]:
    if asked.startswith(CONVERSATION):
        return await archive.conversation(asked, begin), None
    found = await archive.find(asked, begin or moment(SEARCH_SINCE, now), now)
    if found is None or found.event.conversation is None:
        return None, found
    # All of it: what lay behind may be older than what was asked for.
    return await archive.conversation(found.event.conversation), found


class _Answer:
    """What is to be said of *asked*."""

    def __init__(self, told: Told, asked: str, speech: Speech, now: datetime, last: int) -> None:
        self.told, self.asked, self.speech, self.now = told, asked, speech, now
        self.story = Story(told.log)
        self.state: State = state_of(told)
        steps = tell(self.story, told.conversation, speech)
        self.focus: Sequence[Logged] = ()
        self.signs: dict[str, str] = {}
        if asked.startswith(CONVERSATION):
            everything = folded(steps)
            self.steps: Sequence[Step] = everything[-last:]
            self.older = len(everything) - len(self.steps)
        else:
            self.focus, self.older = self.story.named(asked), 0
            for found in self.focus:
                self.signs = self.story.around(found) | self.signs
            self.signs |= {found.place: "▶" for found in self.focus}
            self.steps = [step for step in steps if step.place in self.signs]

    def answers(self) -> list[str]:
        """What became of it, in a sentence or two each."""
        said = [answer(found, self.story, self.speech, self.now) for found in self.focus]
        return list(dict.fromkeys(sentence for sentence in said if sentence))

    def as_json(self) -> dict[str, Any]:
        """For programs. Ids are short unless words are asked for, as everywhere."""
        return {
            "asked": self.asked,
            "conversation": self.told.conversation or None,
            "state": shown(self.state, self.speech),
            "focus": [self._id(found) for found in self.focus],
            "answers": self.answers(),
            "older_steps": self.older,
            "steps": [s.model_dump(mode="json", exclude_none=True) for s in self.steps],
        }

    def show(self) -> None:
        """For people: the story, the newest last, and below it how things stand."""
        out = console(WIDTH)
        out.print(Text(self._heading()))
        if self.older:
            out.print(Text(f"{self.older} older steps are not shown (--last).", style="dim"))
        out.print(story(self.steps, self.speech.zone, self.told.conversation, self.signs))
        for sentence in self.answers():
            out.print(Text(f"\n{safe(sentence)}", style="bold"))
        if self.told.conversation:
            out.print(
                Text(f"\nNow ({self.speech.time(self.now, self.now)})", style="bold underline")
            )
            for sentence in summary(self.state, self.speech, self.now):
                out.print(Text(safe(sentence)))

    def _heading(self) -> str:
        number = f" of number {self.state.number}" if self.state.number else ""
        of = f"Conversation {self.told.conversation}{number}. " if self.told.conversation else ""
        joined = ""
        if self.told.asked != self.told.conversation:
            joined = f"{self.told.asked} was joined with it. "
        if self.focus:
            kinds = " and ".join(dict.fromkeys(short_name(f.event.type) for f in self.focus))
            joined += f"▶ is what was asked for ({kinds}). "
        return f"{of}{joined}{clock(self.speech.zone, self.now)}"

    def _id(self, logged: Logged) -> str:
        return logged.event.id if self.speech.texts else shortened(logged.event.id)


def _unknown(asked: str, since: str | None) -> str:
    name = shortened(asked)
    if asked.startswith(CONVERSATION):
        back = f"back to {since}" if since else "to their beginning"
        return (
            f"there is no conversation {name}: its partition of conversations, turns and handoffs was "
            f"read {back}, and owners. Is it of another installation (SAATH_TOPICS__PREFIX)?"
        )
    topics = ", ".join(topic.name for topic in SEARCHED)
    return (
        f"{name} is not in {topics} of the last {since or SEARCH_SINCE}. Look further back with --since 30d; "
        "or the router has not decided it yet (its lag), or gave it up: saath dlq list --service router"
    )
