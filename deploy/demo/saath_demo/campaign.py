"""The demo's second half: the cap, a campaign, a killed sender, and what it all cost."""

import asyncio
import time
from collections import Counter

from saath.events import (
    MessageAccepted,
    MessageEchoed,
    MessageLeftInDoubt,
    MessageReceived,
    StatusEvent,
)
from saath_demo.scene import Scene
from saath_demo.stage import Advance, Check
from saath_demo.steps import asks

CAMPAIGN = 100
KILLED = 60
CAP = 20


async def _queue(scene: Scene, name: str, count: int, first_customer: int) -> list[str]:
    """Put *count* templates to as many customers on the campaigns' topic; return their ids."""
    template = {"name": f"marketing_{name}", "language": {"code": "en"}}
    requests = [
        scene.sender.send(
            number=scene.phone_number_id,
            to=f"+{first_customer + n}",
            message_class="marketing",
            template=template,
            topic="bulk",
            # Nothing is lost by a second copy of a demo's template; money would say "drop".
            in_doubt="resend",
        )
        for n in range(count)
    ]
    return list(await asyncio.gather(*requests))


async def cap_and_overtaking(scene: Scene) -> None:
    """100 campaign messages at 20 a second; one customer must not wait behind them."""
    with scene.stage.progress("campaign", CAMPAIGN) as advance:
        ids = set(await _queue(scene, "autumn", CAMPAIGN, 15550200000))
        await _accepted(scene, ids, 20, advance)
        wait = await asks(scene, "Is the shop open today?")
        left = CAMPAIGN - len(_campaign_arrivals(await scene.meta.messages(scene.phone_number_id)))
        await _accepted(scene, ids, CAMPAIGN, advance)
    report = await scene.meta.report(scene.phone_number_id)
    scene.stage.show(
        Check(
            f"never more than {CAP} in any sliding second, by Meta's own count",
            f"{report.max_in_any_sliding_second}; refused by Meta: {report.refused_by_code or 'none'}",
            report.max_in_any_sliding_second <= CAP and not report.refused_by_code,
        )
    )
    scene.stage.show(
        Check(
            "a customer's question is answered ahead of the campaign",
            f"in {wait * 1000:.0f} ms, with {left} campaign messages still waiting",
            left > 0,
        )
    )
    arrivals = _campaign_arrivals(await scene.meta.messages(scene.phone_number_id))
    span = arrivals[-1].arrival_monotonic - arrivals[0].arrival_monotonic
    scene.stage.show(
        Check(
            f"{CAMPAIGN} campaign messages and the answer, each sent once",
            f"{len(arrivals)} arrived in {span:.1f} s, duplicates: {report.duplicates or 'none'}",
            len(arrivals) == CAMPAIGN and not report.duplicates,
        )
    )


async def _accepted(scene: Scene, ids: set[str], count: int, advance: Advance) -> None:
    """Wait until Meta has taken *count* of these requests."""
    await scene.watch.wait_for(
        MessageAccepted,
        lambda event: event.request in ids,
        count=count,
        timeout=90,
        on_growth=advance,
    )


def _campaign_arrivals(messages: list) -> list:  # type: ignore[type-arg]
    return [m for m in messages if m.type == "template" and m.outcome == "accepted"]


async def killed_sender(scene: Scene) -> None:
    """``kill -9`` in the middle of a campaign; a new sender takes over."""
    templates = len(_campaign_arrivals(await scene.meta.messages(scene.phone_number_id)))
    doubts = len(scene.watch.events(MessageLeftInDoubt))
    with scene.stage.progress("campaign", KILLED) as advance:
        ids = set(await _queue(scene, "winter", KILLED, 15550300000))
        await _accepted(scene, ids, KILLED // 3, advance)
        scene.stack.kill("sender")
        killed = time.monotonic()
        scene.stack.start("sender")
        await _accepted(scene, ids, KILLED, advance)
    took = time.monotonic() - killed
    messages = _campaign_arrivals(await scene.meta.messages(scene.phone_number_id))
    report = await scene.meta.report(scene.phone_number_id)
    doubted = len(scene.watch.events(MessageLeftInDoubt)) - doubts
    scene.stage.show(
        Check(
            f"kill -9 of the sender in the middle of {KILLED} messages: each sent once, none lost",
            f"{len(messages) - templates} arrived, duplicates: {report.duplicates or 'none'}; "
            f"{doubted} were in doubt and settled; all done {took:.1f} s after the kill",
            len(messages) - templates == KILLED and not report.duplicates,
        )
    )
    scene.stage.show(
        Check(
            "and the cap held across the two senders",
            f"{report.max_in_any_sliding_second} in any sliding second",
            report.max_in_any_sliding_second <= CAP,
        )
    )


async def money(scene: Scene) -> None:
    """What was free and what was paid, as the statuses said it; and that the log is sound."""
    await scene.meta.wait_until_settled(20)
    report = await scene.meta.report(scene.phone_number_id)
    priced = {
        event.message_id: f"{event.pricing.type} {event.pricing.category}"
        for event in scene.watch.events(StatusEvent)
        if event.pricing
    }
    prices = dict(Counter(priced.values()))
    echoes = len(scene.watch.events(MessageEchoed))
    scene.stage.show(
        Check(
            "the log says what was free and what was paid, as Meta counts it",
            f"{prices}; {echoes} answered from the phone, free",
            prices == report.prices and report.paid > 0 and report.free > 0,
        )
    )
    ids = [event.id for event in scene.watch.events(StatusEvent)]
    ids += [event.id for event in scene.watch.events(MessageReceived)]
    scene.stage.show(
        Check(
            "a subscriber saw every fact once",
            f"{len(ids)} messages and statuses, {len(ids) - len(set(ids))} of them twice",
            len(ids) == len(set(ids)),
        )
    )
