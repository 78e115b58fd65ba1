"""The metrics every service shares (Prometheus rules). Labels are few and bounded; never an id."""

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

RECORDS_CONSUMED = Counter("saath_records_consumed_total", "Records read.", ["topic"])
RECORDS_PRODUCED = Counter("saath_records_produced_total", "Records written.", ["topic"])
RECORDS_RETRIED = Counter(
    "saath_records_retried_total", "Batches tried again.", ["topic", "error_type"]
)
RECORDS_DEAD_LETTERED = Counter(
    "saath_records_dead_lettered_total", "Records given up on.", ["topic", "error_type"]
)
RECORD_AGE = Histogram(
    "saath_record_age_seconds", "Age of a record when handling begins.", ["topic"], buckets=SECONDS
)
PROCESS_DURATION = Histogram(
    "saath_record_process_duration_seconds",
    "Time from reading a batch to its commit.",
    ["topic", "outcome"],
    buckets=SECONDS,
)
RESTORE_RECORDS = Counter(
    "saath_restore_records_total", "Records of changelogs read when partitions were taken over."
)
PARTITIONS_ASSIGNED = Gauge("saath_partitions_assigned", "Partitions this pod owns.")
REBALANCES = Counter("saath_rebalances_total", "Assignments received.")
BUILD_INFO = Gauge("saath_build_info", "Always 1.", ["version", "revision"])
