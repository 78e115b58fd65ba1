"""Sync's own metrics. Labels are few and bounded; never an id."""

from prometheus_client import Counter, Gauge

STEPS = Counter("saath_onboarding_steps_total", "Answers to onboarding calls.", ["step", "outcome"])
GONE_ON = Counter(
    "saath_onboarding_steps_gone_on_total", "Steps asked without a person, after a crash.", ["step"]
)
BACKFILLED = Counter(
    "saath_backfilled_events_total", "History put on backfill: messages, and media that came late."
)
CHUNKS = Counter(
    "saath_history_chunks_total",
    "Chunks of history: new, repeated, or after a later one.",
    ["came"],
)
OF_GROUPS = Counter(
    "saath_history_of_groups_total",
    "Messages of groups in the history: left out, as Meta leaves them out.",
)
REPLAYS = Gauge("saath_replays_running", "Replays of history under way in this pod.")
REPLAYS_FAILED = Counter(
    "saath_replays_failed_total", "Replays that broke off for a reason nobody thought of."
)
LIFE = Counter("saath_number_events_total", "What happened in the lives of numbers.", ["event"])
PROBES = Counter("saath_number_probes_total", "What Meta says of a number when asked.", ["finding"])
UNRESOLVED = Counter(
    "saath_account_updates_unresolved_total", "Words of Meta about an account with no number here."
)
