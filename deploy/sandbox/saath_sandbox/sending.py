"""What becomes of a POST to /messages: refused, or accepted and followed by statuses."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from saath_sandbox import errors, validation, webhooks
from saath_sandbox.arrivals import ACCEPTED, Arrivals, Record
from saath_sandbox.asks import AnswerFault
from saath_sandbox.clock import Moment
from saath_sandbox.errors import GraphError
from saath_sandbox.faults import Faults
from saath_sandbox.later import Later
from saath_sandbox.numbers import ENTRY_POINT_SECONDS, WINDOW_SECONDS, Contact, Number, World, month
from saath_sandbox.people import People
from saath_sandbox.pricing import category_of, price
from saath_sandbox.webhooks import Json

# From this Graph version on, statuses name a conversation only inside a free entry point window.
CONVERSATION_ONLY_WHEN_FREE_FROM = 24

# The code of what never comes from Meta itself but from the wire between.
NOT_METAS = -1


@dataclass(frozen=True, slots=True)
class Post:
    """A request, as it came."""

    number: str
    version: int
    token: str | None
    body: bytes
    arrived: Moment


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer, and the fault the answer has to suffer."""

    http: int
    body: Json
    fault: AnswerFault | None = None


class Sending:
    """Decides on each POST at once, so that the order of arrival is the order of judgement."""

    def __init__(
        self, world: World, people: People, later: Later, arrivals: Arrivals, faults: Faults
    ) -> None:
        self._world = world
        self._people = people
        self._later = later
        self._arrivals = arrivals
        self._faults = faults

    def receive(self, post: Post) -> Reply:
        """Judge the POST, write it down, let its statuses follow."""
        number = self._world.numbers.get(post.number)
        if number is None:
            error = errors.not_visible(post.number)
            return Reply(error.http, error.body(self._world.ids.trace()))

        record = Record(0, post.arrived, post.number, post.body, ACCEPTED)
        fault = self._faults.take_answer(post.number)
        counts = True
        try:
            self._check_access(number, post.token)
            content = validation.parse(post.body)
            counts = self._counts(content)
            _describe(record, content)
            answer = self._admit(number, post, content, record, fault, counts)
        except GraphError as error:
            record.outcome = error.message if error.code == NOT_METAS else str(error.code)
            answer = error.body(self._world.ids.trace())
            self._arrivals.add(record, counts=counts)
            return Reply(error.http, answer, _on_the_wire(fault))
        self._arrivals.add(record, counts=counts)
        return Reply(200, answer, _on_the_wire(fault))

    def _counts(self, content: Json) -> bool:
        return not validation.is_read_mark(content) or self._world.settings.cap_counts_read_marks

    def _check_access(self, number: Number, token: str | None) -> None:
        if token is None:
            raise errors.NO_TOKEN
        if not self._world.may(token, number.waba_id):
            raise errors.BAD_TOKEN
        if number.state == "removed":
            raise errors.not_visible(number.phone_number_id)
        if number.state == "offboarded":
            raise errors.NOT_REGISTERED

    def _admit(
        self,
        number: Number,
        post: Post,
        content: Json,
        record: Record,
        fault: AnswerFault | None,
        counts: bool,
    ) -> Json:
        """The order in which Meta is taken to check. Raises the first refusal."""
        if fault and fault.kind == "error":
            raise errors.by_code(fault.code, fault.http, fault.subcode)
        if fault and fault.kind == "http":
            raise GraphError(fault.http or 502, NOT_METAS, f"http {fault.http or 502}")
        if fault and fault.kind == "drop":
            raise GraphError(400, NOT_METAS, "dropped")
        if counts:
            refused_count = self._world.settings.cap_counts_refused
            if not number.admit(post.arrived.monotonic, refused_count=refused_count):
                raise errors.THROUGHPUT
        if validation.is_read_mark(content):
            validation.check_read_mark(content)
            return {"success": True}

        validation.check_message(content, number.display_phone_number)
        contact, address = self._recipient(number, content)
        self._check_pair(number, address, post.arrived.monotonic)
        category = self._category(content)
        if category is None:
            self._check_window(number, contact)
        return self._accept(number, post, content, record, contact, category)

    def _recipient(self, number: Number, content: Json) -> tuple[Contact, str]:
        address = validation.recipient(content)
        if content.get("to"):
            address = validation.digits(address)
            return number.contact(address, None), address
        return number.contact(None, address), address

    def _check_pair(self, number: Number, address: str, at: float) -> None:
        if number.pair_limit and not number.pair(address, at).take(at):
            raise errors.PAIR_LIMIT

    def _check_window(self, number: Number, contact: Contact) -> None:
        if number.service_window and not number.window_open(contact, self._world.clock.unix()):
            raise errors.WINDOW_CLOSED

    def _category(self, content: Json) -> str | None:
        if content.get("type") != "template":
            return None
        return category_of(content["template"]["name"], self._world.templates)

    def _accept(
        self,
        number: Number,
        post: Post,
        content: Json,
        record: Record,
        contact: Contact,
        category: str | None,
    ) -> Json:
        by_phone = bool(content.get("to"))
        address = validation.recipient(content)
        known = validation.digits(address) if by_phone else address
        record.wamid = self._world.ids.wamid(known, "business")
        pricing = self._price(number, contact, category)
        self._follow(number, record, contact, pricing, post.version)

        message = {"id": record.wamid}
        if category is not None:
            message["message_status"] = "accepted"
        who = {"input": address, "wa_id" if by_phone else "user_id": known}
        return {"messaging_product": "whatsapp", "contacts": [who], "messages": [message]}

    def _price(self, number: Number, contact: Contact, category: str | None) -> Json:
        now = self._world.clock.unix()
        if now - contact.came_by_ad_at < WINDOW_SECONDS and contact.free_until <= now:
            contact.free_until = now + ENTRY_POINT_SECONDS
        this_month = month(now)
        free_entry_point = contact.free_until > now
        pricing = price(
            dt.datetime.fromtimestamp(now, dt.UTC).date(),
            category,
            window_open=number.window_open(contact, now),
            free_entry_point=free_entry_point,
            service_messages_before=number.service_messages[this_month],
        )
        if pricing["category"] == "service":
            number.service_messages[this_month] += 1
        return pricing

    def _follow(
        self, number: Number, record: Record, contact: Contact, pricing: Json, version: int
    ) -> None:
        """Plan the statuses. A short delay and a slow answer make `sent` overtake our answer."""
        faults = self._faults
        if not faults.statuses:
            return
        conversation = self._conversation(contact, pricing, version)
        failure = faults.take_failure()
        if failure:
            extras = {"errors": [failure.in_status()]}
            self._plan(faults.sent_after_seconds, number, record, contact, "failed", extras)
            return

        sent = {"conversation": conversation, "pricing": pricing}
        self._plan(faults.sent_after_seconds, number, record, contact, "sent", sent)
        if record.type == "reaction":  # reactions get only this one
            return
        lasting = conversation and {k: v for k, v in conversation.items() if "exp" not in k}
        seen = {"conversation": lasting, "pricing": pricing}
        self._plan(faults.delivered_after_seconds, number, record, contact, "delivered", seen)
        if faults.read_after_seconds is not None:
            unpriced = {"conversation": lasting}
            self._plan(faults.read_after_seconds, number, record, contact, "read", unpriced)

    def _conversation(self, contact: Contact, pricing: Json, version: int) -> Json | None:
        free = pricing.get("type") == "free_entry_point"
        if not free and version >= CONVERSATION_ONLY_WHEN_FREE_FROM:
            return None
        ends = contact.free_until if free else self._world.clock.unix() + WINDOW_SECONDS
        return {
            "id": self._world.ids.request(),
            "expiration_timestamp": str(int(ends)),
            "origin": {"type": pricing["category"]},
        }

    def _plan(
        self,
        delay_seconds: float,
        number: Number,
        record: Record,
        contact: Contact,
        kind: str,
        extras: Json,
    ) -> None:
        def tell() -> None:
            record.status = kind
            if kind == "sent":
                self._arrivals.priced(record, extras["pricing"])
            self._arrivals.changed()
            at = int(self._world.clock.unix())
            told = {"biz_opaque_callback_data": record.callback, **extras}
            value = webhooks.status(kind, contact.person, record.wamid or "", at, told)
            self._people.announce(number, "messages", value)

        self._later.call(delay_seconds, tell)


def _describe(record: Record, content: dict[str, Any]) -> None:
    """Put what people look for first where they can see it."""
    if validation.is_read_mark(content):
        record.type = "read"
        return
    record.type = str(content.get("type", "text"))
    to = content.get("to") or content.get("recipient")
    record.to = validation.digits(to) if content.get("to") and isinstance(to, str) else to
    text = content.get("text")
    record.text = text.get("body") if isinstance(text, dict) else None
    callback = content.get("biz_opaque_callback_data")
    record.callback = callback if isinstance(callback, str) else None


def _on_the_wire(fault: AnswerFault | None) -> AnswerFault | None:
    """The faults that are not over once the answer is known."""
    return fault if fault and fault.kind != "error" else None
