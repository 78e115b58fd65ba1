"""
What a number's messages cost, as Meta counts them. Pure.

Meta says of each message what kind it is; it publishes no price with it. So messages are counted as Meta
named them, and money is an estimate from rates that somebody wrote down (``rates``).
"""

from saath.costs.counting import (
    Bucket,
    Charge,
    Hearing,
    Message,
    buckets,
    charge,
    evolve,
    heard_in_log,
    heard_on_wire,
)
from saath.costs.days import Counts, Day, day_of, moved, recorded
from saath.costs.markets import market_of
from saath.costs.rates import BadRates, Rates, read_rates

__all__ = [
    "BadRates",
    "Bucket",
    "Charge",
    "Counts",
    "Day",
    "Hearing",
    "Message",
    "Rates",
    "buckets",
    "charge",
    "day_of",
    "evolve",
    "heard_in_log",
    "heard_on_wire",
    "market_of",
    "moved",
    "read_rates",
    "recorded",
]
