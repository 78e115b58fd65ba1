"""What the sender counts and measures."""

from prometheus_client import Counter, Histogram

from saath.metrics import SECONDS

SENT = Counter("saath_messages_sent_total", "Messages, by what became of them.", ["outcome"])
SEND_DURATION = Histogram(
    "saath_send_duration_seconds", "From a message's leaving to Meta's answer.", buckets=SECONDS
)
PACE_WAIT = Histogram(
    "saath_pace_wait_seconds",
    "From reading a request to its first message's slot.",
    buckets=SECONDS,
)
REPEATED = Counter("saath_requests_repeated_total", "Requests whose id was known; not sent again.")
LOST = Counter(
    "saath_requests_lost_total",
    "Offsets that retention took before they were read, by topic: requests, at the most.",
    ["topic"],
)
FORWARDED = Counter(
    "saath_requests_forwarded_total", "Requests found outside their number's partition, and moved."
)
