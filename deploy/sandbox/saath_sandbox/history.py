"""Six months of chats, made up. Pure: the same chance makes the same history."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from saath_sandbox import webhooks
from saath_sandbox.asks import HistorySpec
from saath_sandbox.identifiers import Identifiers
from saath_sandbox.webhooks import Json

DAY_SECONDS = 86_400
MEDIA_FOLLOWS_FOR_DAYS = 14
GROUP = "120363041234567890@g.us"

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
    kind: str  # text, media: a placeholder first, edit or revoke
    text: str
    media_follows: bool
    target: str | None = None  # the message that was edited or deleted
    group: str | None = None

    def item(self, business: str) -> Json:
        """As a history chunk carries it."""
        item: Json = {"from": self.sender}
        if self.sender == business:
            item["to"] = self.customer
        item |= {"id": self.wamid, "timestamp": str(self.timestamp)}
        if self.group:
            item |= {"group_id": self.group}
        return item | self._said() | {"history_context": {"status": "READ"}}

    def _said(self) -> Json:
        text: Json = {"type": "text", "text": {"body": self.text}}
        match self.kind:
            case "text":
                return text
            case "edit":
                message = {"context": {"id": "M0"}, **text}
                edit = {"original_message_id": self.target, "message": message}
                return {"type": "edit", "edit": edit}
            case "revoke":
                return {"type": "revoke", "revoke": {"original_message_id": self.target}}
            case _:
                return {"type": "media_placeholder"}

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
    messages = [
        _message(index, phase[0], age, index in media, people, business, now, chance, ids)
        for index, (phase, age) in enumerate(ages)
    ]
    more = beside(spec, messages, people, business, ids)
    return sorted([*messages, *more], key=lambda message: message.timestamp) if more else messages


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


def beside(
    spec: HistorySpec,
    messages: list[OldMessage],
    people: list[str],
    business: str,
    ids: Identifiers,
) -> list[OldMessage]:
    """What is in a past besides messages: greetings, edits, deletions, and a group's talk."""
    texts = [message for message in messages if message.kind == "text"]
    edited, revoked = texts[: spec.edits], texts[spec.edits :][: spec.revokes]
    first = {message.customer: message for message in reversed(messages[: len(people)])}
    greeted = first.values() if spec.greeting else ()

    def after(message: OldMessage, seconds: int, by_us: bool, **changed: Any) -> OldMessage:
        name = ids.wamid(message.customer, "business" if by_us else "customer")
        at = message.timestamp + seconds
        return replace(message, wamid=name, timestamp=at, media_follows=False, **changed)

    def change(kind: str, message: OldMessage) -> OldMessage:
        by_us, text = message.sender == business, f"{message.text} (edited)"
        return after(message, 60, by_us, kind=kind, text=text, target=message.wamid)

    return [
        *(after(m, 3, True, kind="text", text=spec.greeting, sender=business) for m in greeted),
        *(change("edit", message) for message in edited),
        *(change("revoke", message) for message in revoked),
        *(after(m, 30, False, sender=m.customer, group=GROUP) for m in texts[: spec.groups]),
    ]


def deliver(
    messages: list[OldMessage], spec: HistorySpec, business: str, chance: random.Random
) -> list[Json]:
    """The values to send, in the order to send them: chunks shuffled, media somewhere between."""
    chunks = list(_chunks(messages, spec.chunk_messages))
    lost = _lost([(phase, order) for phase, order, _ in chunks], spec.missing)
    values = [
        webhooks.history_chunk(
            phase, order, 100 * (index + 1) // len(chunks), _threads(part, business)
        )
        for index, (phase, order, part) in enumerate(chunks)
        if (phase, order) not in lost
    ]
    if not values:
        return [webhooks.history_chunk(0, 1, 100, [])]
    if spec.duplicates:
        values += [value for value in values if chance.random() < spec.duplicates]
    if spec.shuffle == "phase":
        values = _shuffled_within_phases(values, chance)
    elif spec.shuffle == "all":
        chance.shuffle(values)
    follow_ups = [message.follow_up(business) for message in messages if message.media_follows]
    if spec.media_order == "before":
        return [*follow_ups, *values]
    if spec.media_order == "after" or spec.shuffle == "none":
        return [*values, *follow_ups]
    for follow_up in follow_ups:
        # Anywhere: a media's own POST may come before the chunk with its placeholder.
        values.insert(chance.randrange(len(values) + 1), follow_up)
    return values


def _lost(places: list[tuple[int, int]], count: int) -> set[tuple[int, int]]:
    """The first *count* chunks of the phase that has the most."""
    phases = [phase for phase, _ in places]
    longest = max(set(phases), key=phases.count, default=None)
    return {(phase, order) for phase, order in places if phase == longest and order <= count}


def _chunks(messages: list[OldMessage], size: int) -> Iterator[tuple[int, int, list[OldMessage]]]:
    for phase, *_ in PHASES:
        mine = [message for message in messages if message.phase == phase]
        for order, start in enumerate(range(0, len(mine), size), start=1):
            yield phase, order, mine[start : start + size]


def _threads(messages: list[OldMessage], business: str) -> list[Json]:
    threads: dict[str, list[Json]] = {}
    for message in messages:
        whose = message.group or message.customer
        threads.setdefault(whose, []).append(message.item(business))
    return [{"id": whose, "messages": items} for whose, items in threads.items()]


def _shuffled_within_phases(values: list[Json], chance: random.Random) -> list[Json]:
    shuffled = list(values)
    chance.shuffle(shuffled)
    return sorted(shuffled, key=lambda value: int(value["history"][0]["metadata"]["phase"]))
