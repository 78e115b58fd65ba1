"""What the stand-in knows: numbers, their customers, codes, tokens, templates."""

import datetime as dt
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Literal

from saath_sandbox.asks import HistorySpec, NumberAsk
from saath_sandbox.clock import Clock
from saath_sandbox.history import OldMessage
from saath_sandbox.identifiers import Identifiers
from saath_sandbox.limits import PairBudget, SlidingWindow
from saath_sandbox.settings import Settings
from saath_sandbox.webhooks import Person

WINDOW_SECONDS = 24 * 3600
ENTRY_POINT_SECONDS = 72 * 3600

# A full budget says nothing that a new one would not; beyond this many they are swept.
PAIRS_KEPT = 50_000
CALLS_KEPT = 100_000


@dataclass(slots=True)
class Contact:
    """A customer of one number, under every address it was seen with."""

    person: Person
    last_inbound_at: float = float("-inf")
    came_by_ad_at: float = float("-inf")
    free_until: float = float("-inf")
    greeted: bool = False


@dataclass(slots=True)
class Number:
    """One business number, and what it may still do."""

    phone_number_id: str
    display_phone_number: str
    waba_id: str
    verified_name: str
    cap: int
    cap_counts_inbound: bool
    pair_limit: bool
    service_window: bool
    on_biz_app: bool
    subscribed: bool
    history: HistorySpec | Literal["declined", "silent"]
    greeting: str | None
    greeting_after_seconds: float
    onboarded_at: float
    chance: random.Random
    state: Literal["connected", "offboarded", "removed"] = "connected"
    asked: set[str] = field(default_factory=set)
    old_messages: list[OldMessage] = field(default_factory=list)
    contacts: dict[str, Contact] = field(default_factory=dict)
    saved: dict[str, Person] = field(default_factory=dict)  # the phone's address book
    pairs: dict[str, PairBudget] = field(default_factory=dict)
    admitted: SlidingWindow = field(default_factory=SlidingWindow)
    service_messages: Counter[str] = field(default_factory=Counter)  # by month

    def contact(self, phone: str | None, user_id: str | None) -> Contact:
        """The customer with either address; both together are learned to be one."""
        found = self.contacts.get(phone or "") or self.contacts.get(user_id or "")
        contact = found or Contact(Person(phone, user_id))
        known = contact.person
        if (phone and not known.phone) or (user_id and not known.user_id):
            contact.person = Person(
                known.phone or phone, known.user_id or user_id, known.name, known.username
            )
        for address in (phone, user_id):
            if address:
                self.contacts[address] = contact
        return contact

    def window_open(self, contact: Contact, now: float) -> bool:
        """The customer wrote within 24 hours, and since the number was onboarded."""
        since = max(self.onboarded_at, now - WINDOW_SECONDS)
        return contact.last_inbound_at >= int(since)

    def admit(self, at: float, *, refused_count: bool) -> bool:
        """Whether the cap leaves room for a message that arrived at *at*; our own count."""
        over = self.admitted.busiest_with(at) > self.cap
        if not over or refused_count:
            self.admitted.add(at)
        return not over

    def pair(self, address: str, at: float) -> PairBudget:
        """What may still be sent to this customer."""
        if address not in self.pairs and len(self.pairs) >= PAIRS_KEPT:
            self.pairs = {
                key: pair for key, pair in self.pairs.items() if pair.left(at) < pair.burst
            }
        return self.pairs.setdefault(address, PairBudget())


@dataclass(slots=True)
class Code:
    """A code of Embedded Signup."""

    waba_id: str
    issued_at: float
    used: bool = False


class World:
    """Everything the stand-in knows, in memory."""

    def __init__(self, settings: Settings, clock: Clock, seed: int) -> None:
        self.settings = settings
        self.clock = clock
        self.seed = seed
        # Not reset: an id that was used before a reset may still be known to a broker.
        self.ids = Identifiers(random.Random(f"{seed}:ids"))  # noqa: S311 - seeded on purpose
        self.forget()

    def forget(self) -> None:
        """Forget every number, code, token and template; the wall clock is right again."""
        self.clock.ahead_seconds = 0.0
        self.numbers: dict[str, Number] = {}
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, str | None] = {}  # token → its WABA, or every one
        self.templates: dict[str, str] = {}
        # What was asked besides sends, in its order: the call, and the number or account it was for.
        self.calls: deque[tuple[str, str]] = deque(maxlen=CALLS_KEPT)
        if self.settings.system_token:
            self.tokens[self.settings.system_token] = None

    def register(self, ask: NumberAsk) -> tuple[Number, str]:
        """Add a number, or replace it by a new one; with it a token that is good for it."""
        phone_number_id = ask.phone_number_id or self.ids.number()
        number = Number(
            phone_number_id=phone_number_id,
            display_phone_number=ask.display_phone_number or f"1555{phone_number_id[-7:]}",
            waba_id=ask.waba_id or self.ids.number(),
            verified_name=ask.verified_name,
            cap=ask.cap or self.settings.cap,
            cap_counts_inbound=_either(ask.cap_counts_inbound, self.settings.cap_counts_inbound),
            pair_limit=_either(ask.pair_limit, self.settings.pair_limit),
            service_window=_either(ask.service_window, self.settings.service_window),
            on_biz_app=ask.on_biz_app,
            subscribed=ask.subscribed,
            history=ask.history,
            greeting=ask.greeting,
            greeting_after_seconds=ask.greeting_after_seconds,
            onboarded_at=self.clock.unix(),
            chance=random.Random(f"{self.seed}:{phone_number_id}"),  # noqa: S311
        )
        self.numbers[phone_number_id] = number
        return number, self.issue_token(number.waba_id)

    def issue_token(self, waba_id: str) -> str:
        """A new token for a WABA. The earlier ones stay good."""
        token = self.ids.token()
        self.tokens[token] = waba_id
        return token

    def issue_code(self, waba_id: str) -> str:
        """The business finished Embedded Signup: a code, a new day for the sync calls."""
        now = self.clock.unix()
        for number in self.of_waba(waba_id):
            number.onboarded_at = now
            number.asked.clear()
            number.state = "connected"
        code = self.ids.code()
        self.codes[code] = Code(waba_id, now)
        return code

    def of_waba(self, waba_id: str) -> list[Number]:
        """The numbers of a WABA."""
        return [number for number in self.numbers.values() if number.waba_id == waba_id]

    def may(self, token: str | None, waba_id: str) -> bool:
        """Whether the token is good for this WABA."""
        return token in self.tokens and self.tokens[token] in (None, waba_id)


def month(unix: float) -> str:
    """The calendar month, which the free service messages are counted by."""
    return dt.datetime.fromtimestamp(unix, dt.UTC).strftime("%Y-%m")


def _either(asked: bool | None, otherwise: bool) -> bool:
    return otherwise if asked is None else asked
