"""
Connecting a number: one call after the other, each stored as asked before it is made.

Whatever ends this half way leaves a ledger that says which calls were made and which answers came;
``resume`` goes on from there.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from saath.events import NumberPolicy
from saath.kafka.inbox import NotCommitted, NotOwner
from saath.secrets import Vault
from saath_sync import advice, onboarding, shared_numbers
from saath_sync.connect_failed import ConnectFailed, no_token, not_replaced, working
from saath_sync.description import Description, Place, Places, Profile
from saath_sync.facts import ConnectAsked, Fact, StepAnswered, StepAsked, TokenObtained
from saath_sync.ledger import Ledger, Step
from saath_sync.numbers import Numbers
from saath_sync.onboarding import (
    Done,
    PhoneNumber,
    Refused,
    Result,
    Token,
    Unknown,
)

# An answer is kept through a rebalance of this length; after that the call counts as unanswered.
KEEP_TRIES, KEEP_EVERY_SECONDS = 20, 0.5
READ_TRIES, READ_EVERY_SECONDS = 3, 0.5


class Calls(Protocol):
    """What is asked of Meta."""

    async def exchange(self, code: Token) -> Token | Refused | Unknown:
        """A token for a code."""
        ...

    async def phone_numbers(
        self, account: str, token: Token
    ) -> Sequence[PhoneNumber] | Refused | Unknown:
        """The numbers of an account."""
        ...

    async def read_number(self, number: str, token: Token) -> PhoneNumber | Refused | Unknown:
        """One number."""
        ...

    async def subscribe(self, account: str, token: Token) -> Done | Refused | Unknown:
        """Webhooks from now on."""
        ...

    async def ask_sync(
        self, number: str, token: Token, kind: Literal["contacts", "history"]
    ) -> Done | Refused | Unknown:
        """One of the two one-time requests."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for: this account's number, connected with this code."""

    code: Token
    account: str
    number: str | None
    policy: NumberPolicy
    wants_history: bool
    cap_per_second: int = 20
    place: Place = field(default_factory=Place)


@dataclass(frozen=True, slots=True)
class Connector:
    """Walks through an onboarding. ``attended``: the numbers somebody here is walking through it with."""

    numbers: Numbers
    calls: Calls
    vault: Vault
    now: Callable[[], datetime]
    places: Places = field(default_factory=Places)
    attended: Counter[str] = field(default_factory=Counter)

    async def connect(self, wish: Wish) -> Ledger:
        """
        Connect a number with a code.

        Raises:
            ConnectFailed: without a token or a number there is nothing to go on with, or Meta refuses
                what the number does not work without.
            NotOwner: another pod has the number; the code was not spent.
            StepRefused: the number is being connected at this moment; the code was not spent.
        """
        if wish.number is not None:
            return await self._connect_named(wish, wish.number)
        if not self.numbers.owns_all():
            raise NotOwner(
                "say phone_number_id: without it, only a pod that has all numbers can help"
            )
        token = await self.calls.exchange(wish.code)
        if isinstance(token, Refused | Unknown):
            raise no_token(token)
        number = (await self._only_number(wish.account, token)).number
        await self._keep(_asked(wish, number))
        return await self._with_token(_asked(wish, number), token)

    async def resume(self, number: str, token: Token) -> Ledger:
        """
        Ask again for what Meta refused or never answered, and for what was not asked yet.

        A person says so: what Meta takes only once is asked again too, and if it had been taken,
        Meta's refusal tells us.
        """
        with self.attending(number):
            return await self.run(number, token, ask_unknown=True)

    @contextlib.contextmanager
    def attending(self, number: str) -> Iterator[None]:
        """Until the block's end nobody else here goes on with the number."""
        self.attended[number] += 1
        try:
            yield
        finally:
            self.attended[number] -= 1
            if not self.attended[number]:
                del self.attended[number]

    async def _connect_named(self, wish: Wish, number: str) -> Ledger:
        await self.numbers.submit(_asked(wish, number))
        await self.numbers.submit(StepAsked(number, "exchange"))
        token = await self.calls.exchange(wish.code)
        if isinstance(token, Refused | Unknown):
            await self._keep(StepAnswered(number, "exchange", token))
            raise no_token(token)
        await self._look_first(number, token)
        return await self._with_token(_asked(wish, number), token)

    async def _look_first(self, number: str, token: Token) -> None:
        """
        A number that works must not be given a token that does not see it.

        Raises:
            ConnectFailed: the new token does not. Everything is as it was.
        """
        ledger = self.numbers.ledger(number)
        if ledger is None or not ledger.connected or ledger.life.state != "active":
            return
        found = await self.calls.read_number(number, token)
        if not isinstance(found, PhoneNumber):
            await self._keep(StepAnswered(number, "exchange", found))
            raise not_replaced(found)

    async def _with_token(self, asked: ConnectAsked, token: Token) -> Ledger:
        number = asked.number
        with self.attending(number):
            await self._keep(TokenObtained(number, self.vault.encrypt(token), asked))
            return await self.run(number, token, ask_unknown=False)

    async def numbers_of(
        self, account: str, token: Token
    ) -> Sequence[PhoneNumber] | Refused | Unknown:
        """The account's numbers; asking changes nothing, so it is asked again where no answer came."""
        for _ in range(READ_TRIES - 1):
            found = await self.calls.phone_numbers(account, token)
            if not isinstance(found, Unknown):
                return found
            await asyncio.sleep(READ_EVERY_SECONDS)
        return await self.calls.phone_numbers(account, token)

    async def _only_number(self, account: str, token: Token) -> PhoneNumber:
        found = await self.numbers_of(account, token)
        what = "the account's numbers could not be read"
        if isinstance(found, Unknown):
            raise ConnectFailed(f"{what}: {found.reason}", advice.NEW_CODE, by_meta=False)
        if isinstance(found, Refused):
            todo = advice.on_refusal("facts", found)
            raise ConnectFailed(f"{what}: {onboarding.problem(found)}", todo)
        chosen = shared_numbers.only_number(found)
        if isinstance(chosen, Refused):
            raise ConnectFailed(chosen.message, advice.NEW_CODE, choose=True)
        return chosen

    async def run(self, number: str, token: Token, *, ask_unknown: bool) -> Ledger:
        """
        The steps that are left, in their order, each at most once.

        Raises:
            ConnectFailed: one that the number does not work without was refused or not answered.
        """
        tried: list[Step] = []
        while True:
            ledger = self.numbers.ledger(number)
            if ledger is None:
                raise NotOwner(f"the number {number} is not known here")
            step = onboarding.next_step(ledger, self.now(), tried=tried, ask_unknown=ask_unknown)
            if step is None:
                return working(ledger, self.now())
            tried.append(step)
            await self.ask(ledger, step, token, ask_unknown=ask_unknown)

    async def ask(
        self, ledger: Ledger, step: Step, token: Token, *, ask_unknown: bool = False
    ) -> None:
        """
        Ask one step, its intent stored before and its answer after.

        Raises:
            StepRefused: it may not be asked now; nothing was.
        """
        await self.numbers.submit(StepAsked(ledger.number, step, ask_unknown))
        await self._keep(await self._ask(step, ledger, token))

    async def _ask(self, step: Step, ledger: Ledger, token: Token) -> StepAnswered:
        number, account = ledger.number, ledger.account or ""
        result: Result
        match step:
            case "subscribe":
                result = await self.calls.subscribe(account, token)
            case "facts":
                read = await self.calls.read_number(number, token)
                if isinstance(read, PhoneNumber):
                    judged = shared_numbers.coexistence(read)
                    described = described_by(read, ledger, self.places)
                    return StepAnswered(number, step, judged, read.display_phone, described)
                result = read
            case "contacts" | "history":
                result = await self.calls.ask_sync(number, token, step)
            case _:
                raise ValueError(step)
        return StepAnswered(number, step, result)

    async def _keep(self, fact: Fact) -> None:
        """
        Store what cannot be asked for again, also while the partition is being taken over again.

        Raises:
            NotOwner: another pod has the partition by now.
        """
        for _ in range(KEEP_TRIES - 1):
            try:
                return await self.numbers.submit(fact)
            except (NotOwner, NotCommitted):
                # Told twice, these facts change nothing the second time.
                await asyncio.sleep(KEEP_EVERY_SECONDS)
        return await self.numbers.submit(fact)


def _asked(wish: Wish, number: str) -> ConnectAsked:
    return ConnectAsked(
        number, wish.account, wish.policy, wish.wants_history, wish.cap_per_second, wish.place
    )


def described_by(found: PhoneNumber, ledger: Ledger, places: Places) -> Description:
    """The number as Meta shows it; what Meta did not say this time is as it said it last."""
    profile = found.profile or ledger.described or Profile()
    said = Place(ledger.country, ledger.timezone)
    return places.described(profile, found.display_phone or ledger.display_phone, said)
