"""What the control API answers, typed. The server writes these, the client reads them."""

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """Frozen; a newer sandbox may say more than an older client knows."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class RegisteredNumber(View):
    """A number as registered, with a token that is good for it."""

    phone_number_id: str
    display_phone_number: str
    waba_id: str
    access_token: str


class Arrival(View):
    """One POST to /messages, as it arrived; refused ones too."""

    seq: int
    arrival_monotonic: float
    arrival_unix: float
    number: str
    to: str | None
    type: str  # text, template, …, or read for a read mark
    text: str | None
    wamid: str | None
    callback: str | None
    outcome: str  # accepted, or what it was refused with: an error code, or http 502, dropped
    status: str | None  # the last status that was sent: sent, delivered, read, failed
    pricing: dict[str, str | bool] | None = None
    request: str | None = None  # the body, when asked for


class Report(View):
    """One number's account, by the sandbox's own count."""

    number: str
    accepted: int
    refused_by_code: dict[str, int]
    read_marks: int
    max_in_any_sliding_second: int  # over all that arrived, accepted and refused
    duplicates: dict[str, int]  # callback data accepted more than once, and how often
    first_arrival_monotonic: float | None
    last_arrival_monotonic: float | None
    prices: dict[str, int]  # "regular marketing", "free_customer_service service", …
    free: int
    paid: int
    inbound: int
    echoes_by_people: int
    echoes_by_app: int


class Deliveries(View):
    """What became of the webhooks."""

    posts: int
    updates: int
    delivered: int  # POSTs answered 200
    delivered_updates: int
    redelivered: int  # further attempts at the same bytes
    refused: dict[str, int]  # answers other than 200
    unreachable: int  # no answer at all
    duplicated: int  # sent again although answered, on request
    unsubscribed: int  # updates of a WABA without subscribed_apps: lost, as Meta's are
    forgotten: int  # updates dropped because far too many were waiting
    pending: int  # updates not answered 200 yet
    scheduled: int  # updates still to come: statuses, history, greetings
    answer_seconds_p50: float | None
    answer_seconds_p99: float | None
    answer_seconds_max: float | None


class OldMessage(View):
    """One message of the history, as the sandbox made it up."""

    wamid: str
    phase: int
    timestamp: int
    customer: str
    sender: str
    kind: str
    text: str
    media_follows: bool
    target: str | None = None
    group: str | None = None


class Verified(View):
    """How the webhook answered Meta's challenge."""

    ok: bool
    status: int | None
    body: str
