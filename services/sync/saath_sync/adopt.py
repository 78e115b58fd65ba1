"""
Adopting a number that was connected elsewhere: it is looked at, kept, and its webhooks sent to us.

Nothing is stored before Meta has shown that the token, the account and the number belong together,
and nothing that Meta takes only once is ever asked: ``onboarding`` refuses it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from saath.events import NumberPolicy
from saath_sync import advice, onboarding, shared_numbers
from saath_sync.connect import Connector
from saath_sync.connect_failed import ConnectFailed
from saath_sync.description import Place
from saath_sync.facts import AdoptAsked, HistoryGiven
from saath_sync.ledger import Ledger
from saath_sync.onboarding import Refused, StepRefused, Token, Unknown
from saath_sync.own_history import Chunk

BRING_ONE = (
    "Send the number's own token in token, or set SAATH_GRAPH__ACCESS_TOKEN to the system user's that "
    "serves all numbers."
)


@dataclass(frozen=True, slots=True)
class Adoption:
    """What somebody asks for: this account's number, with the token it has, or the one for all."""

    number: str
    account: str
    token: Token | None = None
    bot: str | None = None
    cap_per_second: int = 20
    place: Place = field(default_factory=Place)


@dataclass(frozen=True, slots=True)
class Adopter:
    """Takes over numbers that work already."""

    connector: Connector
    token_of: Callable[[str], Token | None]

    async def adopt(self, wish: Adoption) -> Ledger:
        """
        Adopt a number. Asked again, it asks Meta only for what is missing.

        Raises:
            ConnectFailed: there is no token, or Meta shows that it cannot work; nothing was kept.
            NotOwner: another pod has the number; nothing was asked.
            StepRefused: the number was connected here with a code.
        """
        connector = self.connector
        ledger = connector.numbers.ledger(wish.number)
        if why := onboarding.adoption_refused(ledger, connector.now()):
            raise StepRefused(why)
        known = self.token_of(wish.number)
        token = wish.token or known
        if token is None:
            raise ConnectFailed("there is no token to adopt it with", BRING_ONE, choose=True)
        if ledger and _is_adopted(ledger, wish) and token == known:
            return ledger
        await self._look(wish, token)
        kept = connector.vault.encrypt(wish.token) if wish.token else None
        # Whoever answers it today goes on doing so, until a person says otherwise.
        policy = NumberPolicy(answers="nobody", bot=wish.bot)
        fact = AdoptAsked(wish.number, wish.account, policy, kept, wish.cap_per_second, wish.place)
        with connector.attending(wish.number):
            await connector.numbers.submit(fact)
            return await connector.run(wish.number, token, ask_unknown=False)

    async def give_history(self, number: str, chunk: Chunk) -> None:
        """
        Put some of an adopted number's own history where Meta's would arrive.

        Raises:
            StepRefused: the number was not adopted: Meta has its history.
        """
        await self.connector.numbers.submit(HistoryGiven(number, chunk))

    async def _look(self, wish: Adoption, token: Token) -> None:
        found = await self.connector.numbers_of(wish.account, token)
        if isinstance(found, Unknown):
            raise ConnectFailed(
                f"the account's numbers could not be read: {found.reason}",
                f"Nothing was kept. Wait some minutes, then {advice.AGAIN}",
                by_meta=False,
            )
        judged = (
            found if isinstance(found, Refused) else shared_numbers.adoptable(found, wish.number)
        )
        if isinstance(judged, Refused):
            said = onboarding.problem(judged)
            todo = advice.on_refusal("facts", judged, adopting=True)
            raise ConnectFailed(f"the number cannot be adopted: {said}", todo)


def _is_adopted(ledger: Ledger, wish: Adoption) -> bool:
    works = ledger.connected and onboarding.first_failed(ledger) is None
    alive = ledger.life.state == "active"
    return ledger.adopted and works and alive and ledger.account == wish.account
