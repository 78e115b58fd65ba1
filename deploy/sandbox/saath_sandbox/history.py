"""Six months of chats, made up. Pure: the same chance makes the same history."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from saath_sandbox import webhooks
from saath_sandbox.asks import HistorySpec
from saath_sandbox.identifiers import Identifiers
from saath_sandbox.webhooks import Json

DAY_SECONDS = 86_400
MEDIA_FOLLOWS_FOR_DAYS = 14

# Meta's phases by age in days: newest first. The share of messages put in each is ours.
PHASES = ((0, 0.0, 1.0, 0.2), (1, 1.0, 90.0, 0.5), (2, 90.0, 180.0, 0.3))

_ASKS = ("Do you have it in blue?", "¿Hasta qué hora abren?", "क्या डिलीवरी होती है?", "Thanks!")
_ANSWERS = ("Yes, 3 left.", "Hasta las 8.", "हाँ, कल तक।", "See you soon 👋")


@dataclass(frozen=True, slots=True)
class OldMessage:
    """One message of the history: what the sandbox knows to be true about it."""

    wamid: str
    phase: int
    timestamp: int
    customer: str
    sender: str
    kind: str  # text, or media: a placeholder first
    text: str
    media_follows: bool

    def item(self, business: str) -> Json:
        """As a history chunk carries it."""
        item: Json = {"from": self.sender}
        if self.sender == business:
            item["to"] = self.customer
        item |= {"id": self.wamid, "timestamp": str(self.timestamp)}
        if self.kind == "text":
            item |= {"type": "text", "text": {"body": self.text}}
        else:
            item |= {"type": "media_placeholder"}
        return item | {"history_context": {"status": "READ"}}

    def follow_up(self, business: str) -> Json:
        """What follows `metadata` when the media itself arrives: its own POST."""
        digits = f"{self.timestamp}{self.wamid[-6:-2].encode().hex()}"
        image = {"mime_type": "image/jpeg", "sha256": f"{digits:0>64}", "id": digits}
        message = {"type": "image", "image": image}
        person = webhooks.Person(phone=self.customer)
        if self.sender == business:
            return webhooks.echoed(business, person, self.wamid, self.timestamp, message)
        value = webhooks.received(person, self.wamid, self.timestamp, message)
        return {"messages": value["messages"]}


def customers(spec: HistorySpec, business: str) -> list[str]:
    """The phone numbers that appear in the history."""
    # 15556… keeps them apart from the 1555078… of Meta's own examples; the business's
    # last digits keep two numbers' histories apart.
    return [f"15556{business[-3:]}{index:05d}" for index in range(spec.contacts)]


def compose(
    spec: HistorySpec, business: str, now: int, chance: random.Random, ids: Identifiers
) -> list[OldMessage]:
    """Make up the whole history, oldest first."""
    people = customers(spec, business)
    reachable = [phase for phase in PHASES if phase[1] < spec.days]
    phases = chance.choices(reachable, [phase[3] for phase in reachable], k=spec.messages)
    # Every phase that can have a message has one, as far as there are messages.
    for index, phase in enumerate(reachable[: spec.messages]):
        phases[index] = phase
    ages = [(phase, chance.uniform(phase[1], min(phase[2], spec.days))) for phase in phases]
    ages.sort(key=lambda aged: -aged[1])
    media = set(chance.sample(range(spec.messages), min(spec.media, spec.messages)))
    return [
        _message(index, phase[0], age, index in media, people, business, now, chance, ids)
        for index, (phase, age) in enumerate(ages)
    ]


def _message(
    index: int,
    phase: int,
    age_days: float,
    is_media: bool,
    people: list[str],
    business: str,
    now: int,
    chance: random.Random,
    ids: Identifiers,
) -> OldMessage:
    # The first messages go round, so that nobody in the history is silent.
    customer = people[index] if index < len(people) else chance.choice(people)
    from_customer = index < len(people) or chance.random() < 0.5
    return OldMessage(
        wamid=ids.wamid(customer, "customer" if from_customer else "business"),
        phase=phase,
        timestamp=int(now - age_days * DAY_SECONDS),
        customer=customer,
        sender=customer if from_customer else business,
        kind="media" if is_media else "text",
        text=chance.choice(_ASKS if from_customer else _ANSWERS),
        media_follows=is_media and age_days < MEDIA_FOLLOWS_FOR_DAYS,
    )


def deliver(
    messages: list[OldMessage], spec: HistorySpec, business: str, chance: random.Random
) -> list[Json]:
    """The values to send, in the order to send them: chunks shuffled, media somewhere between."""
    chunks = list(_chunks(messages, spec.chunk_messages))
    values = [
        webhooks.history_chunk(
            phase, order, 100 * (index + 1) // len(chunks), _threads(part, business)
        )
        for index, (phase, order, part) in enumerate(chunks)
    ]
    if not values:
        return [webhooks.history_chunk(0, 1, 100, [])]
    if spec.shuffle == "phase":
        values = _shuffled_within_phases(values, chance)
    elif spec.shuffle == "all":
        chance.shuffle(values)
    for message in messages:
        if message.media_follows:
            # Anywhere: a media's own POST may come before the chunk with its placeholder.
            at = chance.randrange(len(values) + 1) if spec.shuffle != "none" else len(values)
            values.insert(at, message.follow_up(business))
    return values


def _chunks(messages: list[OldMessage], size: int) -> Iterator[tuple[int, int, list[OldMessage]]]:
    for phase, *_ in PHASES:
        mine = [message for message in messages if message.phase == phase]
        for order, start in enumerate(range(0, len(mine), size), start=1):
            yield phase, order, mine[start : start + size]


def _threads(messages: list[OldMessage], business: str) -> list[Json]:
    threads: dict[str, list[Json]] = {}
    for message in messages:
        threads.setdefault(message.customer, []).append(message.item(business))
    return [{"id": customer, "messages": items} for customer, items in threads.items()]


def _shuffled_within_phases(values: list[Json], chance: random.Random) -> list[Json]:
    shuffled = list(values)
    chance.shuffle(shuffled)
    return sorted(shuffled, key=lambda value: int(value["history"][0]["metadata"]["phase"]))
