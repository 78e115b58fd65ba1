"""Ingest's own metrics. ``field`` is one of the known fields, or ``other``: Meta may send any text."""

from prometheus_client import Counter, Gauge, Histogram

from saath.metrics import SECONDS

CHANGES = Counter(
    "saath_webhook_changes_total", "Changes in webhooks whose sender proved to be Meta.",
    ["field", "outcome"],
)  # fmt: skip
# Without a field: a body may hold changes of several, and they wait for the same acknowledgements.
DURATION = Histogram(
    "saath_webhook_duration_seconds", "Time from a webhook's first byte to our answer.",
    ["outcome"], buckets=SECONDS,
)  # fmt: skip
IN_FLIGHT = Gauge(
    "saath_webhook_in_flight_bytes", "Bodies, and records that Kafka has not acknowledged yet."
)
