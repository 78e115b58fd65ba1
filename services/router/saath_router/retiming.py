"""
A policy that times otherwise than before: whoever waits already, waits by the new one.

What was said holds as it was said: until when a bot is to reply stands in its turn, until when a person
has a conversation in the log. Timed anew is what nobody was told yet.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice

from saath_router.names import Name
from saath_router.policy import Policy
from saath_router.shelf import Timed
from saath_router.store import DueOf, Store
from saath_router.timers import timing_of

# Not a conversation: the alarm at which those are looked at that may be due at another time.
RETIME, AT_ONCE = "~retime", datetime.fromtimestamp(0, UTC)
# In one transaction; to read a conversation takes some 30 microseconds.
LOOKED_AT_MAX = 200
# The numbers whose policy is looked at between two batches; the next ones after the next batch.
NUMBERS_MAX = 32

# Timed by more than one policy: no policy times so.
SEVERAL = ""

PolicyOf = Callable[[str], Policy]


class Retiming:
    """
    By which policies a partition's conversations were timed, and those that are yet to be timed anew.

    By what they were timed is written once all of them are: after a restart in between it begins again.
    """

    def __init__(self, store: Store, policy_of: PolicyOf) -> None:
        self._store, self._policy_of = store, policy_of
        self._known: dict[str, tuple[Policy, str]] = {}
        self._to_ask: Iterator[str] = iter(())
        self._left: list[Name] = []
        # By what those are timed that are looked at now; ``None`` while nobody is.
        self._by: dict[str, str] | None = None
        self._begun = False

    def wanted(self) -> bool:
        """Whether some are to be looked at. It asks for a few numbers' policies, then for others'."""
        self._begin()
        if self._by is None and any(map(self._differs, self._next_numbers())):
            self._start()
        return self._by is not None

    def sees(self, number: str) -> None:
        """A conversation of this *number* is timed by the policy of now."""
        self._begin()
        timing, timed = self._timing(number), self._store.shelf.timed(number)
        if self._by is not None and self._by.setdefault(number, timing) != timing:
            self._by[number] = SEVERAL
        if timed is not None and timed.timing != timing:
            # That policy may be gone again before anybody asks for it.
            self._store.shelf.put_timed(Timed(number=number, timing=SEVERAL))
        elif timed is None and self._by is None:
            self._store.shelf.put_timed(Timed(number=number, timing=timing))

    def timed_anew(self, due_of: DueOf) -> Iterator[str]:
        """The next few conversations, those of them that are due at another time than was written."""
        looked_at, self._left = self._left[-LOOKED_AT_MAX:], self._left[:-LOOKED_AT_MAX]
        for name in looked_at:
            found = self._store.as_written(name)
            if found is None:
                continue
            state, due = found
            self.sees(state.number)
            if due_of(state) != due:
                yield state.id
        if not self._left:
            by, self._by = self._by or {}, None
            for number, timing in by.items():
                self._store.shelf.put_timed(Timed(number=number, timing=timing))

    def _begin(self) -> None:
        """An earlier release did not write by what it timed its conversations."""
        if not self._begun:
            self._begun = True
            if len(self._store) and not self._store.shelf.timed_numbers():
                self._start()

    def _start(self) -> None:
        numbers = self._store.shelf.timed_numbers()
        self._by = {number: self._timing(number) for number in numbers}
        self._left = self._store.names()

    def _next_numbers(self) -> list[str]:
        some = [*islice(self._to_ask, NUMBERS_MAX)]
        if not some:
            self._to_ask = iter(self._store.shelf.timed_numbers())
            some = [*islice(self._to_ask, NUMBERS_MAX)]
        return some

    def _differs(self, number: str) -> bool:
        timed = self._store.shelf.timed(number)
        return timed is not None and timed.timing != self._timing(number)

    def _timing(self, number: str) -> str:
        policy, known = self._policy_of(number), self._known.get(number)
        if known is None or known[0] is not policy:
            known = self._known[number] = (policy, timing_of(policy))
        return known[1]
