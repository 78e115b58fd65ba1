"""
What of a number is not sent for the present, by class of message. Pure.

A pause is kept in the sender's changelog, so that the next owner knows of it. When its time is over, or
what ends it has happened, one message goes as a trial while the rest waits: taken, the pause is over;
refused again, it lasts longer.
"""

import json
from collections.abc import Iterable, Set
from dataclasses import asdict, dataclass, field, replace

from saath.events import NumberState, TemplateStatus
from saath_sender.ledger import Name
from saath_sender.results import HOUR, Ends, Pause
from saath_sender.scopes import EVERYTHING, Scope, parse_scope

PAUSE_PREFIX = "pause/"


@dataclass(frozen=True, slots=True)
class Paused:
    """
    One pause; times are unix seconds. ``strikes``: how often Meta has said so in a row.

    ``credential`` is the name of the token it was said to, where a new one ends it.
    """

    reason: str
    code: int | None
    ends: Ends
    since: float
    until: float
    strikes: int = 1
    credential: str | None = None


def pause_key(number: str, scope: Scope) -> str:
    """The key of a pause in the changelog."""
    return f"{PAUSE_PREFIX}{number}/{scope}"


def parse_pause_key(key: str) -> tuple[str, Scope] | None:
    """Number and scope of a pause's key; ``None`` where it is another kind of record."""
    if not key.startswith(PAUSE_PREFIX):
        return None
    number, _, text = key.removeprefix(PAUSE_PREFIX).partition("/")
    scope = parse_scope(text)
    return (number, scope) if scope else None


def encode_pause(paused: Paused) -> bytes:
    """A pause as it stands in the changelog."""
    return json.dumps(asdict(paused), separators=(",", ":")).encode()


def decode_pause(value: bytes) -> Paused:
    """Read a pause back."""
    return Paused(**json.loads(value))


@dataclass(slots=True)
class Pauses:
    """All pauses of one partition."""

    _of: dict[str, dict[Scope, Paused]] = field(default_factory=dict)
    _trials: dict[tuple[str, Scope], Name] = field(default_factory=dict)
    _states: dict[str, NumberState] = field(default_factory=dict)
    # When Meta let a paused template go on, as it was acted upon.
    _approved: dict[tuple[str, Scope], float] = field(default_factory=dict)

    def restore(self, number: str, scope: Scope, value: bytes | None) -> None:
        """Take over one record of the changelog."""
        if value:
            self.put(number, scope, decode_pause(value))
        else:
            self.drop(number, scope)

    def put(self, number: str, scope: Scope, paused: Paused) -> None:
        """Remember *paused*."""
        self._of.setdefault(number, {})[scope] = paused

    def drop(self, number: str, scope: Scope) -> None:
        """It is over."""
        self._trials.pop((number, scope), None)
        self._approved.pop((number, scope), None)
        of = self._of.get(number, {})
        of.pop(scope, None)
        if not of:
            self._of.pop(number, None)

    def any(self, number: str) -> bool:
        """Whether anything of *number* is paused."""
        return number in self._of

    def all(self) -> Iterable[tuple[str, Scope, Paused]]:
        """Every pause there is."""
        return [(n, scope, paused) for n, of in self._of.items() for scope, paused in of.items()]

    def add(
        self,
        number: str,
        scope: Scope,
        cause: Pause,
        now: float,
        *,
        seconds: float,
        credential: str | None = None,
    ) -> Paused | None:
        """
        Meta has said so: the pause that follows, or ``None`` where it was said of this one already.

        What was under way when Meta said so first is refused too; that is the same one time.
        """
        before = self._of.get(number, {}).get(scope)
        if before and now < before.until:
            return None
        strikes = before.strikes + 1 if before else 1
        wait = min(seconds * 2.0 ** min(strikes - 1, 20), max(seconds, HOUR))
        since = before.since if before else now
        paused = Paused(
            cause.reason, cause.code, cause.ends, since, now + wait, strikes, credential
        )
        self._trials.pop((number, scope), None)
        self.put(number, scope, paused)
        return paused

    def holding(
        self, number: str, scopes: frozenset[Scope], name: Name, now: float
    ) -> tuple[Scope, Paused] | None:
        """What keeps the message *name*, of these classes, from leaving; the longest of them."""
        of = self._of.get(number)
        found = [
            (scope, paused)
            for scope, paused in (of or {}).items()
            if scope in scopes
            and (now < paused.until or self._trials.get((number, scope), name) != name)
        ]
        return max(found, key=lambda each: each[1].until, default=None)

    def holds(self, number: str, scope: Scope, now: float) -> bool:
        """Whether messages of this class wait: it is not time yet, or another one tries."""
        paused = self._of.get(number, {}).get(scope)
        return paused is not None and (now < paused.until or (number, scope) in self._trials)

    def leaves(self, number: str, scopes: frozenset[Scope], name: Name) -> None:
        """*name* leaves: it is the trial of every pause of its classes."""
        for scope in self._of.get(number, {}):
            if scope in scopes:
                self._trials[(number, scope)] = name

    def landed(self, number: str, name: Name, *, taken: bool) -> list[tuple[Scope, Paused]]:
        """*name* is back, *taken* by Meta or not: the pauses that are over with it."""
        tried = [key for key, trial in self._trials.items() if trial == name]
        over = []
        for key in tried:
            del self._trials[key]
            paused = self._of.get(number, {}).get(key[1])
            if taken and paused:
                self.drop(number, key[1])
                over.append((key[1], paused))
        return over

    def credential_is(self, number: str, credential: str | None) -> None:
        """The number's token is this one now: a pause that another one met is tried at once."""
        for scope, paused in [*self._of.get(number, {}).items()]:
            if paused.ends == "credential" and paused.credential != credential:
                self.put(number, scope, replace(paused, until=0.0, strikes=0))

    def keep(self, numbers: Set[str]) -> None:
        """Forget what ``numbers`` said of all others; a pause is forgotten when it is over."""
        self._states = {n: state for n, state in self._states.items() if n in numbers}

    def state_is(self, number: str, state: NumberState, since: float) -> None:
        """
        What ``numbers`` says, written at *since*: a number that has become active is tried at once.

        Whoever has just taken over knows of no state before it, only that it was said after the pause.
        """
        before, self._states[number] = self._states.get(number), state
        if state != "active" or before == "active":
            return
        for scope, paused in [*self._of.get(number, {}).items()]:
            if scope == EVERYTHING and paused.ends != "time" and since > paused.since:
                self.put(number, scope, replace(paused, until=0.0, strikes=0))

    def templates_are(self, number: str, templates: Iterable[TemplateStatus]) -> None:
        """
        What ``numbers`` says of its templates: a paused one that Meta has let go on is tried at once.

        Once for each time that Meta says so: refused again, it waits as long as any.
        """
        for scope, paused in [*self._of.get(number, {}).items()]:
            said = _approved_at(scope, templates) if scope.template else None
            if said and said > paused.since and said != self._approved.get((number, scope)):
                self._approved[(number, scope)] = said
                self.put(number, scope, replace(paused, until=0.0, strikes=0))


def _approved_at(scope: Scope, templates: Iterable[TemplateStatus]) -> float | None:
    return next(
        (
            status.at.timestamp()
            for status in templates
            if status.state == "approved"
            and (status.name, status.language) == (scope.template, scope.language)
        ),
        None,
    )
