"""
What the app writes by itself: greetings and away texts, told from a person's words. Pure.

Meta marks neither. A text that follows customers' messages within seconds, to one contact after the
other, is the app's; until three have got it, it is taken for a person's, and what it took over until
then is given back.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import chain, islice

from pydantic import Field

from saath.events import (
    Event,
    MessageBackfilled,
    MessageEchoed,
    Model,
    OwnerChanged,
)
from saath_router.answering import Around, ask_whoever_waits
from saath_router.conversation import REMEMBERED_FOR, Conversation
from saath_router.facts import to_bot
from saath_router.policy import Policy
from saath_router.texts import is_said_to_one, normalised, text_key

CONTACTS_MIN = 3
# "Yes, of course" is what three customers hear from any person.
CHARACTERS_MIN = 20
# A number has a greeting, an away text and what they were before; the rest is what people type.
TEXTS_MAX = 128
REASON = "that was the app's greeting"


class Heard(Model):
    """To whom a text went at once, and the conversations it took over because nobody knew yet."""

    conversations: tuple[str, ...] = ()
    took_over: tuple[str, ...] = ()

    @property
    def learned(self) -> bool:
        """True once enough contacts have got it."""
        return len(self.conversations) >= CONTACTS_MIN


class Greetings(Model):
    """A number's texts that followed a customer's message at once, the latest last, by their hash."""

    number: str
    texts: dict[str, Heard] = Field(default_factory=dict)


def judged(
    event: MessageEchoed, state: Conversation, greetings: Greetings, policy: Policy
) -> MessageEchoed:
    """*event*, saying whether the app wrote it by itself."""
    automatic = normalised(event.content.text or "") in policy.automatic_texts or (
        (key := _key_at_once(event, state, policy)) is not None
        and _with(greetings.texts.get(key, Heard()), state.id).learned
    )
    return event.model_copy(update={"automatic": automatic})


def heard(
    greetings: Greetings, decision: tuple[Event, ...], before: Conversation, policy: Policy
) -> Greetings:
    """The greetings after a message of the business was decided, in the conversation *before* it."""
    if not decision or not isinstance(decision[0], MessageEchoed | MessageBackfilled):
        return greetings
    key = _key_at_once(decision[0], before, policy)
    known = greetings.texts.get(key, Heard()) if key else None
    if key is None or known is None or known.learned:
        return greetings

    now_known = _with(known, before.id)
    if any(isinstance(fact, OwnerChanged) for fact in decision):
        taken = tuple(dict.fromkeys((*known.took_over, before.id)))
        now_known = now_known.model_copy(update={"took_over": taken})
    texts = {other: greetings.texts[other] for other in greetings.texts if other != key}
    return greetings.model_copy(update={"texts": _fewer(texts) | {key: now_known}})


def mistaken(greetings: Greetings, event: MessageEchoed, now: datetime) -> tuple[str, ...]:
    """
    The conversations which the text of *event*, an automatic one, took over before.

    None for what acts on nothing: history, and what is older than is remembered.
    """
    if event.origin == "history" or now - event.time > REMEMBERED_FOR:
        return ()
    known = greetings.texts.get(text_key(event.content.text) or "")
    return known.took_over if known else ()


def settled(greetings: Greetings, event: MessageEchoed) -> Greetings:
    """The greetings when what the text of *event* took over has been given back."""
    key = text_key(event.content.text) or ""
    known = greetings.texts[key].model_copy(update={"took_over": ()})
    return greetings.model_copy(update={"texts": {**greetings.texts, key: known}})


def give_back(
    state: Conversation, greeting: MessageEchoed, policy: Policy, now: datetime, around: Around
) -> tuple[Event, ...]:
    """
    The bot has a conversation again that the app's *greeting* took over.

    Only where nobody has written anything else since. The ownership counts from when the greeting
    took it: what a person wrote since and is read later takes over as ever. Whoever waits is answered.
    """
    if state.owner != "human" or state.held_with != text_key(greeting.content.text):
        return ()
    bot, since = state.bot or policy.bot, state.owner_since or now
    taken = to_bot(state, bot, "greeting_known", REASON, greeting.id, since, now)
    asked = ask_whoever_waits(
        state, policy, now, greeting.id, around,
        epoch=taken.epoch, bot=bot, rule="greeting_known", but_for=state.held_with,
    )  # fmt: skip
    return (taken, *asked)


def _key_at_once(
    event: MessageEchoed | MessageBackfilled, state: Conversation, policy: Policy
) -> str | None:
    """The hash of a text that is long enough to tell, and followed the customer's message at once."""
    if isinstance(event, MessageBackfilled):
        asked = [state.history_asked_at] if event.author == "business" else []
    else:
        asked = [message.time for message in state.recent if message.author == "customer"]
    long_enough = len(normalised(event.content.text or "")) >= CHARACTERS_MIN
    at_once = any(
        at and timedelta(0) <= event.time - at <= policy.auto_reply_window for at in asked
    )
    if long_enough and at_once and is_said_to_one(event.content):
        return text_key(event.content.text)
    return None


def _with(known: Heard, conversation: str) -> Heard:
    if conversation in known.conversations:
        return known
    return known.model_copy(update={"conversations": (*known.conversations, conversation)})


def _fewer(texts: Mapping[str, Heard]) -> dict[str, Heard]:
    """Room for one more: what was learned stays longest."""
    too_many = max(0, len(texts) - TEXTS_MAX + 1)
    learned = (key for key, heard in texts.items() if heard.learned)
    others = (key for key, heard in texts.items() if not heard.learned)
    gone = set(islice(chain(others, learned), too_many))
    return {key: heard for key, heard in texts.items() if key not in gone}
