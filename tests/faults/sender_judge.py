"""
What whoever asks the sender to send may rely on, held against what Meta saw and what ``outcomes`` says.
Pure.

Of Meta's side it knows what arrived there and what was taken, by the sandbox's own clock and count; it
asks nothing of the sender.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from tests.faults.judge import Broken

from saath.events import (
    MessageAccepted,
    MessageDropped,
    MessageLeftInDoubt,
    OutcomeEvent,
    Sender,
)
from saath.identity import parse_callback
from saath_sandbox.arrivals import ACCEPTED
from saath_sandbox.limits import SlidingWindow
from saath_sandbox.views import Arrival

# The fence read may be half a second old; then comes the HTTP call, on a machine that is busy.
FENCE_SECONDS = 0.5
CALL_SECONDS = 0.5
CAP = 20

Message = tuple[str, str, int]  # number, request, index


@dataclass(frozen=True, slots=True)
class Written:
    """A request as it stands on its topic: *to* whom, and whether a doubt may be sent once more."""

    number: str
    request: str
    to: str
    by: Sender
    total: int = 1
    resend: bool = False


@dataclass(frozen=True, slots=True)
class Barred:
    """From *at* on (monotonic seconds), it is known that bots of an epoch *below* this must be quiet."""

    conversation: str
    below: int
    at: float


@dataclass(frozen=True)
class Evidence:
    """
    What was asked for, what was answered, and what Meta saw.

    ``written`` is in the order of each number's topics, ``outcomes`` as a ``read_committed`` reader has
    them, ``arrivals`` every POST, also those that were refused or whose answer was spoilt. ``caps`` are
    those of the numbers that have another than 20.
    """

    written: Sequence[Written]
    outcomes: Sequence[OutcomeEvent]
    arrivals: Sequence[Arrival]
    barred: Sequence[Barred] = ()
    caps: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def asked(self) -> dict[Message, Written]:
        """Every message that was asked for, by its name."""
        return {(w.number, w.request, i): w for w in self.written for i in range(w.total)}

    @cached_property
    def posts(self) -> dict[Message, list[Arrival]]:
        """What arrived at Meta, by message."""
        found: dict[Message, list[Arrival]] = defaultdict(list)
        for arrival in self.arrivals:
            callback = parse_callback(arrival.callback)
            name = (callback.request, callback.index) if callback else (f"#{arrival.seq}", 0)
            found[arrival.number, *name].append(arrival)
        return found

    @cached_property
    def taken(self) -> dict[Message, list[Arrival]]:
        """What Meta took of it."""
        return {
            message: [each for each in posts if each.outcome == ACCEPTED]
            for message, posts in self.posts.items()
        }

    @cached_property
    def said(self) -> dict[Message, list[OutcomeEvent]]:
        """The outcomes, by message."""
        found: dict[Message, list[OutcomeEvent]] = defaultdict(list)
        for outcome in self.outcomes:
            found[outcome.number or "", outcome.request, outcome.index].append(outcome)
        return found

    def ends(self, message: Message) -> list[OutcomeEvent]:
        """What became of it in the end; to be in doubt is not an end."""
        return [o for o in self.said.get(message, ()) if not isinstance(o, MessageLeftInDoubt)]

    def doubted(self, message: Message) -> bool:
        """Whether nobody knew for a while."""
        return any(isinstance(o, MessageLeftInDoubt) for o in self.said.get(message, ()))

    def delayed(self, message: Message) -> bool:
        """Whether it, or what stands before it in its request, was in doubt."""
        number, request, index = message
        return any(self.doubted((number, request, n)) for n in range(index + 1))


def judge(it: Evidence) -> list[Broken]:
    """Every promise that was broken, and where."""
    return [Broken(promise, where) for promise, look in LOOKS.items() for where in look(it)]


def _not_one_end(it: Evidence) -> Iterator[str]:
    for message in it.asked:
        kinds = [_kind(outcome) for outcome in it.ends(message)]
        if len(kinds) != 1:
            yield f"{message} ended {kinds}, {len(it.taken.get(message, ()))} taken"


def _made_up(it: Evidence) -> Iterator[str]:
    for message in (it.posts.keys() | it.said.keys()) - it.asked.keys():
        yield f"nobody asked for {message}"


def _said_twice(it: Evidence) -> Iterator[str]:
    for name, times in Counter(outcome.id for outcome in it.outcomes).items():
        if times > 1:
            yield f"{name} stands {times} times"


def _taken_twice(it: Evidence) -> Iterator[str]:
    """Twice is right where its policy says so and nobody knew; three times is never right."""
    for message, taken in it.taken.items():
        written = it.asked.get(message)
        allowed = 2 if written and written.resend and it.doubted(message) else 1
        if len(taken) > allowed:
            yield f"{message} was taken {len(taken)} times"


def _posted_too_often(it: Evidence) -> Iterator[str]:
    """What Meta's answer was lost of goes once more and never again, taken or not."""
    for message, posts in it.posts.items():
        written = it.asked.get(message)
        # Too many requests is a no, also where it comes without Meta's code.
        unknown = [p for p in posts if not (p.outcome.isdecimal() or p.outcome == "http 429")]
        if len(unknown) > (2 if written and written.resend else 1):
            yield f"{message}: {[post.outcome for post in posts]}"


def _end_untrue(it: Evidence) -> Iterator[str]:
    """Accepted says what Meta took; everything else, that it took nothing; dropped says neither."""
    for message, taken in ((m, it.taken.get(m, [])) for m in it.asked):
        for end in it.ends(message):
            match end:
                case MessageAccepted(message_id=name):
                    if name not in [arrival.wamid for arrival in taken]:
                        yield f"{message} is said to be {name}"
                case MessageDropped():
                    if not it.doubted(message):
                        yield f"{message} is dropped and was never in doubt"
                case _ if taken:
                    yield f"{message} is {_kind(end)} and was taken"


def _after_its_end(it: Evidence) -> Iterator[str]:
    for message, posts in it.posts.items():
        ended = [outcome.time.timestamp() for outcome in it.ends(message)]
        late = [post for post in posts if ended and post.arrival_unix > min(ended)]
        if late:
            yield f"{message} arrived {late[0].arrival_unix - min(ended):.3f} s after its end"


def _out_of_order(it: Evidence) -> Iterator[str]:
    """
    What one topic has for one customer arrives in its order, as Meta first sees it.

    What was in doubt lets other requests go ahead, and may be seen for the first time after them.
    """
    places = {message: place for place, message in enumerate(it.asked)}
    last: dict[tuple[str, str, Sender], Message] = {}
    firsts = sorted(
        (min(post.seq for post in posts), message) for message, posts in it.posts.items()
    )
    for _, message in firsts:
        written = it.asked.get(message)
        if written is None or it.delayed(message):
            continue
        whose = written.number, written.to, written.by
        if whose in last and places[message] < places[last[whose]]:
            yield f"{message} after {last[whose]}"
        last[whose] = message


def _request_out_of_order(it: Evidence) -> Iterator[str]:
    """The messages of one request go one after the other, doubt or not."""
    by_request: dict[tuple[str, str], list[int]] = defaultdict(list)
    for post in sorted((p for posts in it.taken.values() for p in posts), key=lambda p: p.seq):
        if callback := parse_callback(post.callback):
            by_request[post.number, callback.request].append(callback.index)
    for request, indexes in by_request.items():
        if any(after < before for before, after in pairwise(indexes)):
            yield f"{request}: {indexes}"


def _over_the_cap(it: Evidence) -> Iterator[str]:
    for number in sorted({arrival.number for arrival in it.arrivals}):
        peak = busiest(it.arrivals, number)
        if peak > it.caps.get(number, CAP):
            yield f"{peak} in one second of {number}"


def _bot_beside_a_person(it: Evidence) -> Iterator[str]:
    barred: dict[str, list[Barred]] = defaultdict(list)
    for bar in it.barred:
        barred[bar.conversation].append(bar)
    for arrival in it.arrivals:
        callback = parse_callback(arrival.callback)
        if callback is None or callback.epoch is None:
            continue
        for bar in barred.get(callback.conversation or "", ()):
            late = arrival.arrival_monotonic - bar.at
            if callback.epoch < bar.below and late > FENCE_SECONDS + CALL_SECONDS:
                yield f"{callback.request} arrived {late:.3f} s after a person had it"


LOOKS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "one end each": _not_one_end,
    "nothing made up": _made_up,
    "an outcome once": _said_twice,
    "taken once": _taken_twice,
    "sent again once": _posted_too_often,
    "an end is true": _end_untrue,
    "nothing after its end": _after_its_end,
    "in the order it was asked": _out_of_order,
    "a request in its order": _request_out_of_order,
    "under the cap": _over_the_cap,
    "no bot beside a person": _bot_beside_a_person,
}


def busiest(arrivals: Sequence[Arrival], number: str) -> int:
    """How many POSTs of *number* arrived in its fullest sliding second."""
    window = SlidingWindow()
    for at in sorted(a.arrival_monotonic for a in arrivals if a.number == number):
        window.add(at)
    return window.peak


def _kind(outcome: OutcomeEvent) -> str:
    return outcome.type.split(".")[-2]
