"""What /metrics says of the numbers of one pod."""

import json

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from tests.unit.sender.facts import NUMBER, TEMPLATE
from tests.unit.sender.test_pauses import PAYMENT, Number
from tests.unit.sender.test_sender import PARTITION, PARTITIONS

from saath.topics import OUTBOUND_BULK, partition_for
from saath_sender.gauges import Gauges
from saath_sender.results import InDoubt


def told(p: Number, *, by_number: bool = True) -> list[str]:
    """The samples that a scrape reads."""
    registry, found = CollectorRegistry(), Gauges(by_number=by_number, clock=lambda: p.seconds)
    found.books.add(p.handler.books)
    registry.register(found)
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def busy() -> Number:
    p = Number()
    p.replied()
    p.send(InDoubt("no answer"))
    p.paid("paid-1")
    p.paid("paid-2", to="16505550003")  # begun, and not in doubt
    p.seconds += 2
    p.send(PAYMENT)
    return p


def test_a_scrape_tells_of_doubts_pauses_headroom_and_what_waits() -> None:
    p = busy()

    number = f'number="{NUMBER}"'
    assert told(p) == [
        "saath_messages_in_doubt 1.0",
        'saath_numbers_paused{scope="paid"} 1.0',
        f"saath_cap_headroom{{{number}}} 0.95",
        f'saath_requests_waiting{{{number},topic="outbound.v1"}} 3.0',
        f'saath_requests_parked{{{number},topic="outbound.v1"}} 0.0',
    ]


def test_numbers_are_not_named_where_the_setting_says_so() -> None:
    assert [line for line in told(busy(), by_number=False) if NUMBER in line] == []


def test_a_customers_number_that_a_request_has_as_its_key_by_mistake_is_no_label() -> None:
    phones = (str(n) for n in range(16505550000, 16505550999))
    phone = next(each for each in phones if partition_for(each, PARTITIONS) == PARTITION)
    wrong = {"id": "r", "number": NUMBER, "to": phone, "class": "utility", "messages": [TEMPLATE]}
    p = Number()
    p.outbound(OUTBOUND_BULK, json.dumps(wrong).encode(), key=phone)
    seen = told(p)
    p.commit()

    assert [line for line in (*seen, *told(p)) if phone in line] == []
