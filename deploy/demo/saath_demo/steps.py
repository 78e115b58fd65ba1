"""The demo's first half: one number, its history, a customer, a bot and a person."""

import asyncio
import time

from saath.client.answers import written
from saath.client.connection import ClientSettings, open_publisher
from saath.events import (
    MessageBackfilled,
    MessageEchoed,
    MessageReceived,
    MessageSuperseded,
    TurnOffered,
    TurnWithdrawn,
)
from saath.topics import OUTBOUND, TURNS
from saath_demo.scene import BOT, BY_HAND, Scene, milliseconds
from saath_demo.stage import Check


async def onboarding(scene: Scene) -> None:
    """A code from Embedded Signup; token, subscription, and the two one-time requests."""
    started = time.monotonic()
    status, body = await scene.connect(answers="everyone", bot=BOT)
    took = time.monotonic() - started
    scene.stage.show(
        Check(
            "the number is connected: code exchanged, app subscribed, contacts and history asked for",
            f"{status} {body.get('state') or body} in {took * 1000:.0f} ms",
            status in {200, 201},
        )
    )
    status, body = await scene.connect(answers="everyone", bot=BOT)
    asked = await scene.meta.history(scene.phone_number_id)
    scene.stage.show(
        Check(
            "connecting it again spends no one-time request twice",
            f"{status}; Meta was asked for history once, {len(asked)} messages of it",
            status in {200, 201, 409} and len(asked) > 0,
        )
    )


async def history(scene: Scene) -> None:
    """180 days of it, in phases and shuffled chunks, into the same log."""
    truth = await scene.meta.history(scene.phone_number_id)
    with scene.stage.progress("history", len(truth)) as advance:
        await scene.history_complete(len(truth), advance)
        seen = await scene.watch.wait_for(MessageBackfilled, count=len(truth))
    right = {message.wamid for message in truth} == {message.message_id for message in seen}
    scene.stage.show(
        Check(
            f"all {len(truth)} history messages are in the log, each once",
            f"{len(seen)} events, {len({m.id for m in seen})} different ones",
            right and len(seen) == len(truth),
        )
    )
    scene.stage.show(
        Check(
            "within a phase, each conversation's are in the order of time",
            "yes" if _in_time_order(seen) else "no",
            _in_time_order(seen),
        )
    )
    sent = await scene.meta.messages(scene.phone_number_id)
    turns = scene.watch.events(TurnOffered, TURNS)
    scene.stage.show(
        Check(
            "nobody answered it",
            f"{len(turns)} turns for bots, {len(sent)} messages to Meta, "
            f"{scene.owner_changes()} owner changes",
            not turns and not sent and not scene.owner_changes(),
        )
    )


def _in_time_order(seen: list[MessageBackfilled]) -> bool:
    last: dict[tuple[str | None, int | None], MessageBackfilled] = {}
    for message in seen:
        place = (message.conversation, message.phase)
        if place in last and last[place].time > message.time:
            return False
        last[place] = message
    return True


async def bot_answers(scene: Scene) -> None:
    """Through all four services: webhook, router, bot, sender."""
    questions = ("Hello?", "In blue?", "How much?", "And in red?", "Thanks!")
    waits = [await asks(scene, question) for question in questions]
    scene.stage.show(
        Check(
            "the customer writes, the bot answers",
            f"answered by the bot in {milliseconds(waits)}",
            True,
        )
    )


async def asks(scene: Scene, words: str) -> float:
    """The customer writes; seconds until the bot's answer has arrived at Meta."""
    before = await scene.meta.messages(scene.phone_number_id, to=scene.customer)
    since = before[-1].seq if before else 0
    started = time.time()
    await scene.meta.customer_writes(scene.phone_number_id, words, phone=scene.customer)
    arrivals = await scene.meta.wait_for_messages(
        scene.phone_number_id, 1, since=since, to=scene.customer, timeout=20
    )
    if arrivals[0].text != f"You said: {words}":
        raise AssertionError(f"another answer came: {arrivals[0].text}")
    return arrivals[0].arrival_unix - started


async def person_steps_in(scene: Scene) -> None:
    """The bot is still thinking when a person answers from the phone; its words come too late."""
    changes, withdrawals = scene.owner_changes(), len(scene.watch.events(TurnWithdrawn, TURNS))
    turns = len(scene.watch.events(TurnOffered, TURNS))
    await scene.meta.customer_writes(scene.phone_number_id, BY_HAND, phone=scene.customer)
    turn = (await scene.watch.wait_for(TurnOffered, topic=TURNS, count=turns + 1))[-1]

    started = time.monotonic()
    await scene.meta.person_answers(scene.phone_number_id, scene.customer, "I'll take this one.")
    changed = await scene.owner_becomes("human", changes)
    took = time.monotonic() - started
    scene.stage.show(
        Check(
            "a person answers on the phone: the conversation is theirs, the bot's turn withdrawn",
            f"{changed.reason}; {took * 1000:.0f} ms after the echo",
            bool(await scene.watch.wait_for(TurnWithdrawn, topic=TURNS, count=withdrawals + 1)),
        )
    )

    sent = len(await scene.meta.messages(scene.phone_number_id))
    await _stubborn_answer(scene, turn)
    [superseded] = await scene.watch.wait_for(
        MessageSuperseded, lambda event: event.turn_id == turn.id
    )
    arrived = len(await scene.meta.messages(scene.phone_number_id)) - sent
    scene.stage.show(
        Check(
            "a bot that answers all the same is not sent",
            f"superseded ({superseded.reason}); {arrived} messages arrived at Meta",
            arrived == 0,
        )
    )


async def _stubborn_answer(scene: Scene, turn: TurnOffered) -> None:
    """Write as a bot would that never heard of the withdrawal."""
    settings = ClientSettings(kafka=scene.stack.kafka, topics=scene.stack.topics)
    value = written({"turn": turn.turn, "messages": [{"type": "text", "text": {"body": "Late!"}}]})
    async with open_publisher(settings, "stubborn-bot") as publisher:
        await publisher.publish_json(OUTBOUND, turn.number or "", value)


async def bot_stays_silent(scene: Scene) -> None:
    """While a person has the conversation, the customer's messages are theirs."""
    received = len(scene.watch.events(MessageReceived))
    turns = len(scene.watch.events(TurnOffered, TURNS))
    sent = len(await scene.meta.messages(scene.phone_number_id))
    await scene.meta.customer_writes(scene.phone_number_id, "Still there?", phone=scene.customer)
    await scene.watch.wait_for(MessageReceived, count=received + 1)
    await asyncio.sleep(1)
    new_turns = len(scene.watch.events(TurnOffered, TURNS)) - turns
    arrived = len(await scene.meta.messages(scene.phone_number_id)) - sent
    scene.stage.show(
        Check(
            "the customer writes, the bot stays silent",
            f"{new_turns} turns, {arrived} messages in the second after it",
            not new_turns and not arrived,
        )
    )


async def released(scene: Scene) -> None:
    """The person gives the conversation back, with a question that nobody has answered yet."""
    changes = scene.owner_changes()
    before = await scene.meta.messages(scene.phone_number_id, to=scene.customer)
    await scene.commander.release(scene.phone_number_id, phone=scene.customer, by="Asha")
    changed = await scene.owner_becomes("bot", changes)
    [answer] = await scene.meta.wait_for_messages(
        scene.phone_number_id, 1, since=before[-1].seq, to=scene.customer, timeout=20
    )
    wait = await asks(scene, "Do you deliver?")
    echoes = len(scene.watch.events(MessageEchoed))
    scene.stage.show(
        Check(
            "released, the bot answers what was waiting",
            f"{changed.reason}; {answer.text!r}; the next question answered in "
            f"{wait * 1000:.0f} ms; {echoes} echo in the log",
            answer.text == "You said: Still there?",
        )
    )
