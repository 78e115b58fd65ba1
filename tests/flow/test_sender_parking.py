"""More than a lane of what may not be sent for long, and what may be sent behind it: on a real broker."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

from tests.flow.sender_process import Scene, now, scene, templated, worded
from tests.flow.shell import Desk

from saath.events import MessageAccepted, Restriction
from saath.identity import parse_callback
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import OUTBOUND

# A lane holds 500. To each customer two, so that there is an order to keep.
LANE, CUSTOMERS, EACH = 500, 330, 2
WRITES = "16505550001"
# What the killed sender had begun is sent again where no status tells of it, which comes at once.
SETTINGS = {
    "SAATH_SENDER__IN_DOUBT_FOR_SECONDS": "4",
    "SAATH_SENDER__IN_DOUBT_WITHOUT_WEBHOOKS": "true",
}


async def campaign(s: Scene) -> list[str]:
    """Marketing to customers who have not written, on the bots' topic; whose, in the order of the topic."""
    names = [f"m-{n}-{customer}" for n in range(EACH) for customer in range(CUSTOMERS)]
    for name in names:
        to = f"+1650556{int(name.rpartition('-')[2]):04}"
        about = {"number": s.id, "to": to, "class": "marketing", "in_doubt": "resend"}
        await s.asked(OUTBOUND, id=name, messages=[templated("utility_news")], **about)
    return names


async def service(s: Scene, name: str) -> None:
    """Words to a customer who has written, on the same topic, behind all of it."""
    about = {"number": s.id, "to": f"+{WRITES}", "class": "service"}
    await s.asked(OUTBOUND, id=name, messages=[worded(name)], **about)


async def taken(s: Scene, name: str | None = None, count: int = 0) -> list[str]:
    """The requests that Meta took, once this one is among them, and there are so many."""
    async with asyncio.timeout(90):
        while True:
            found = [e.request for e in await s.outcomes() if isinstance(e, MessageAccepted)]
            if len(found) >= count and (name is None or name in found):
                return found
            await asyncio.sleep(0.1)


async def arrived(s: Scene) -> list[str]:
    """The requests whose messages Meta took, in the order of their arrival."""
    found = await s.meta.control.messages(s.id)
    callbacks = [parse_callback(a.callback) for a in found if a.outcome == "accepted"]
    return [callback.request for callback in callbacks if callback]


async def show(s: Scene) -> dict[str, object]:
    """What ``saath number show`` says of the bots' lane, once the sender has written down where it is."""
    desk = Desk(s.kafka, s.topics)
    async with asyncio.timeout(30):
        while True:
            said = await asyncio.to_thread(desk.saath, "number", "show", s.id, "--json")
            lanes = {lane["topic"]: lane for lane in json.loads(said.stdout)["lanes"]}
            lane = lanes[OUTBOUND.name]
            if lane["waiting"] == CUSTOMERS * EACH:
                return {"parked": lane["parked"] > LANE / 4, "stopped": lane["stopped"]}


async def test_what_may_be_sent_goes_past_a_paused_campaign_which_goes_once_and_in_order_when_that_ends(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with scene(kafka, topics, tmp_path, "--cap", "200", **SETTINGS) as s:
        begins = Restriction(kind="business_initiated", until=now() + timedelta(hours=1))
        await s.number_recorded(cap_per_second=100, state="restricted", restrictions=(begins,))
        await s.owned(WRITES)
        await s.meta.control.customer_writes(s.id, "Hello?", phone=WRITES)
        sender = s.start()
        names = await campaign(s)
        await service(s, "s-1")
        past = await taken(s, "s-1")
        shown = await show(s)

        await s.number_recorded(cap_per_second=100)
        await taken(s, count=len(names) // 3)
        await asyncio.to_thread(sender.kill)
        s.start()
        await taken(s, count=len(names) + 1)
        report, arrivals = await s.meta.control.report(s.id), await arrived(s)

        assert (past, shown) == (["s-1"], {"parked": True, "stopped": False})
        assert (sorted(arrivals), report.duplicates) == (sorted([*names, "s-1"]), {})
        for customer in range(CUSTOMERS):
            theirs = [name for name in names if name.endswith(f"-{customer}")]
            assert [name for name in arrivals if name in theirs] == theirs
