"""What the control API may be asked, field by field. A misspelt field is refused, not ignored."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Ask(BaseModel):
    """Frozen, and closed to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HistorySpec(Ask):
    """How much history the number brings along, and how it arrives."""

    contacts: int = Field(5, ge=1)
    messages: int = Field(60, ge=0)
    days: float = Field(180, gt=0, le=180)
    media: int = Field(0, ge=0)
    chunk_messages: int = Field(100, ge=1)
    interval_seconds: float = Field(0.02, ge=0)
    shuffle: Literal["none", "phase", "all"] = "phase"
    edits: int = Field(0, ge=0)  # texts that were changed a minute later
    revokes: int = Field(0, ge=0)  # texts that were deleted a minute later
    groups: int = Field(0, ge=0)  # messages of a group, which Meta leaves out
    greeting: str | None = None  # the app's own text, 3 s after what each customer wrote first
    duplicates: float = Field(0, ge=0, le=1)  # the share of chunks that come twice
    missing: int = Field(0, ge=0)  # the first chunks of the longest phase that never come
    media_order: Literal["between", "before", "after"] = "between"  # its own POSTs and the chunks


class NumberAsk(Ask):
    """A business number. What is left out is made up or taken from the settings."""

    phone_number_id: str | None = None
    display_phone_number: str | None = None
    waba_id: str | None = None
    verified_name: str = "Lucky Shrub"
    cap: int | None = Field(None, ge=1)
    cap_counts_inbound: bool | None = None
    pair_limit: bool | None = None
    service_window: bool | None = None
    on_biz_app: bool = True
    subscribed: bool = True  # false: nothing is delivered until POST /{WABA}/subscribed_apps
    history: HistorySpec | Literal["declined", "silent"] = HistorySpec()
    greeting: str | None = None  # the app's own automatic text to whoever writes for the first time
    greeting_after_seconds: float = Field(1.0, ge=0)


class CodeAsk(Ask):
    """The business finishes Embedded Signup: a code, and a new 24 hours."""

    waba_id: str


class InboundAsk(Ask):
    """A customer writes."""

    number: str
    phone: str | None = None
    user_id: str | None = None
    name: str | None = "Sheena Nelson"
    username: str | None = None
    text: str | None = None
    message: dict[str, Any] | None = None  # any Meta message object: type, its object, context, …
    wamid: str | None = None
    timestamp: int | None = None
    stub_first_seconds: float | None = None  # a 131060 stub now, the message this much later


class EchoAsk(Ask):
    """A person answers, edits or deletes in the Business app."""

    number: str
    to: str | None = None
    to_user_id: str | None = None
    text: str | None = None
    message: dict[str, Any] | None = None
    wamid: str | None = None
    timestamp: int | None = None
    auto: bool = False  # the app's own greeting or away text; on the wire it looks the same


class AccountAsk(Ask):
    """
    An `account_update`. With *effect*, the number behaves accordingly from now on.

    Without *told* it happens in silence, as it does in life.
    """

    event: str
    number: str | None = None
    waba_id: str | None = None
    objects: dict[str, Any] = {}
    effect: bool = True
    told: bool = True


class ContactAsk(Ask):
    """The business saves a contact on the phone, or removes one."""

    number: str
    phone: str | None = None
    user_id: str | None = None
    name: str | None = None
    action: Literal["add", "remove"] = "add"
    timestamp: int | None = None


class TemplateAsk(Ask):
    """An approved template."""

    name: str
    category: Literal["marketing", "utility", "authentication"]


class RawAsk(Ask):
    """Any body, signed and posted once, now. *text* is sent as it is, *body* is encoded."""

    body: Any = None
    text: str | None = None
    signature: Literal["valid", "wrong", "missing"] = "valid"


# The calls of the Graph API, by what they are for.
Call = Literal["messages", "exchange", "phone_numbers", "facts", "subscribe", "contacts", "history"]


class AnswerFault(Ask):
    """
    How to answer the next sends, or the next calls of another kind: *number* is then any node's id.

    error: refuse with *code* (and *http*) · cut: accept, then cut the connection ·
    hang: accept, then never answer · drop: cut the connection and accept nothing ·
    http: a bare HTTP status, as a proxy in front of Meta would give ·
    stall: accept nothing and never answer; not of sends
    """

    kind: Literal["error", "cut", "hang", "drop", "http", "stall"]
    call: Call = "messages"
    times: int = Field(1, ge=1)
    number: str | None = None
    code: int = 131000
    subcode: int | None = None
    message: str | None = None
    http: int | None = None
    retry_after_seconds: int | None = None

    @model_validator(mode="after")
    def _sends_are_not_stalled(self) -> "AnswerFault":
        if self.kind == "stall" and self.call == "messages":
            raise ValueError("a send is dropped, or hangs")
        return self


class FaultsAsk(Ask):
    """What should go wrong from now on. Only what is given changes."""

    latency_seconds: float | None = Field(None, ge=0)
    jitter_seconds: float | None = Field(None, ge=0)
    way_jitter_seconds: float | None = Field(None, ge=0)  # before it arrives, not before the answer
    answers: list[AnswerFault] | None = None  # appended to those still waiting
    fail_statuses_code: int | None = None
    fail_statuses_times: int | None = Field(None, ge=0)
    statuses: bool | None = None
    sent_after_seconds: float | None = Field(None, ge=0)
    delivered_after_seconds: float | None = Field(None, ge=0)
    read_after_seconds: float | None = None  # below zero: not read
    duplicates: float | None = Field(None, ge=0, le=1)  # the share of POSTs delivered twice
    reorder: bool | None = None
    reorder_within_seconds: float | None = Field(None, ge=0)
    batch_window_seconds: float | None = Field(None, ge=0)
    batch_max: int | None = Field(None, ge=1, le=1000)
    clear: bool = False  # first, back to how the settings had it
