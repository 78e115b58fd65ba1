"""Sync's own metrics. Labels are few and bounded; never an id."""

from prometheus_client import Counter, Gauge

STEPS = Counter("saath_onboarding_steps_total", "Answers to onboarding calls.", ["step", "outcome"])
BACKFILLED = Counter(
    "saath_backfilled_events_total", "History put on backfill: messages, and media that came late."
)
REPLAYS = Gauge("saath_replays_running", "Replays of history under way in this pod.")
