"""Bots and senders on a real broker, with nothing of ours behind them."""

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.flow.bot_scene import NUMBER, PATIENCE, Scene, offered, serving, withdrawn

from saath import Commander, Done, Reply, Sender
from saath.client.testing import turn
from saath.events import (
    TurnOffered,
)
from saath.topics import (
    COMMANDS,
    OUTBOUND,
    OUTBOUND_BULK,
    partition_for,
)
from saath_local import spawn


async def echo(asked: TurnOffered) -> Reply:
    return Reply(f"You said: {asked.text}")


async def test_a_turn_is_answered_with_its_token_in_its_numbers_partition(scene: Scene) -> None:
    asked = offered("Hello", "t_1", "c_1")

    async with serving(scene.settings, echo):
        await scene.offer(asked)
        [record] = await scene.records(OUTBOUND, 1)

    assert (record.key, record.partition, json.loads(record.value or b"")) == (
        NUMBER.encode(),
        partition_for(NUMBER, 4),
        {
            "turn": asked.turn,
            "messages": [{"type": "text", "text": {"body": "You said: Hello"}}],
        },
    )


async def test_another_bots_turns_are_left_alone(scene: Scene) -> None:
    async with serving(scene.settings, echo):
        await scene.offer(
            offered("for sales", "t_1", "c_1", bot="sales"), offered("for us", "t_2", "c_1")
        )
        requests = await scene.requests(1)

    assert [r["turn"] for r in requests] == ["t1.made-up-t_2"]


async def test_a_conversation_is_answered_in_order_and_others_do_not_wait_for_it(
    scene: Scene,
) -> None:
    others_answered = asyncio.Event()

    async def slow_for_one(asked: TurnOffered) -> Reply:
        if asked.text == "slow":
            await others_answered.wait()
        if asked.conversation == "c_2":
            others_answered.set()
        return Reply(asked.text)

    async with serving(scene.settings, slow_for_one):
        await scene.offer(
            offered("slow", "t_1", "c_1"),
            offered("after slow", "t_2", "c_1"),
            offered("other", "t_3", "c_2"),
        )
        requests = await scene.requests(3)

    assert [r["messages"][0]["text"]["body"] for r in requests] == ["other", "slow", "after slow"]


async def test_a_withdrawn_turn_is_cancelled_and_produces_nothing(scene: Scene) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def stubborn(asked: TurnOffered) -> Reply:
        if asked.text == "long":
            started.set()
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                cancelled.set()
        return Reply(asked.text)

    long = offered("long", "t_1", "c_1")
    async with serving(scene.settings, stubborn):
        await scene.offer(long)
        await started.wait()
        await scene.offer(withdrawn(long), offered("next", "t_2", "c_1"))
        requests = await scene.requests(1)

    assert cancelled.is_set()
    assert [r["turn"] for r in requests] == ["t1.made-up-t_2"]


async def test_a_turn_past_its_deadline_is_not_started(scene: Scene) -> None:
    asked: list[str] = []

    async def noting(turn_: TurnOffered) -> Done:
        asked.append(turn_.id)
        return Done()

    late = turn(
        "late", id="t_1", conversation="c_1", bot="orders", number=NUMBER,
        deadline=datetime.now(UTC) - timedelta(seconds=1),
    )  # fmt: skip
    async with serving(scene.settings, noting):
        await scene.offer(late, offered("in time", "t_2", "c_1"))
        await scene.requests(1)

    assert asked == ["t_2"]


async def test_a_handler_that_raises_is_silent_and_the_next_turn_is_answered(scene: Scene) -> None:
    async def fragile(asked: TurnOffered) -> Reply:
        if asked.text == "bad":
            raise KeyError(asked.text)
        return Reply(asked.text)

    async with serving(scene.settings, fragile):
        await scene.offer(offered("bad", "t_1", "c_1"), offered("good", "t_2", "c_1"))
        first = await scene.requests(1)
    async with serving(scene.settings, echo):  # what was not answered is not offered again either
        await scene.offer(offered("again", "t_3", "c_1"))
        all_of_them = await scene.requests(2)

    assert [r["turn"] for r in first] == ["t1.made-up-t_2"]
    assert [r["turn"] for r in all_of_them] == ["t1.made-up-t_2", "t1.made-up-t_3"]


async def test_stopping_lets_a_running_turn_end_and_commits_it(scene: Scene) -> None:
    started = asyncio.Event()

    async def unhurried(asked: TurnOffered) -> Reply:
        started.set()
        await asyncio.sleep(0.5)
        return Reply(asked.text)

    async with serving(scene.settings, unhurried):
        await scene.offer(offered("one", "t_1", "c_1"))
        await started.wait()
    async with serving(scene.settings, unhurried):
        await scene.offer(offered("two", "t_2", "c_1"))
        requests = await scene.requests(2)

    assert [r["turn"] for r in requests] == ["t1.made-up-t_1", "t1.made-up-t_2"]


async def test_withdrawals_are_heard_while_every_place_is_taken(scene: Scene) -> None:
    started = asyncio.Event()

    async def for_ever(asked: TurnOffered) -> Reply:
        if asked.text == "long":
            started.set()
            await asyncio.sleep(3600)
        return Reply(asked.text)

    long = offered("long", "t_1", "c_1")
    async with serving(scene.settings, for_ever, concurrency=1):
        await scene.offer(long)
        await started.wait()
        await scene.offer(*(offered("waits", f"w_{i}", f"c_{i}") for i in range(2, 30)))
        await scene.offer(withdrawn(long))
        requests = await scene.requests(28)

    assert len({r["turn"] for r in requests}) == 28


BOT_THAT_DIES = """
import asyncio, os, pathlib
from saath import Bot, Reply
bot = Bot("orders")
@bot.on_turn()
async def answer(turn):
    print("asked", turn.id, flush=True)
    if turn.text == "long":
        await asyncio.sleep(3600)
    return Reply(turn.text)
bot.run()
"""


async def test_a_killed_bot_answers_again_what_it_had_not_answered(
    scene: Scene, tmp_path: Path
) -> None:
    script, log = tmp_path / "bot.py", tmp_path / "bot.log"
    script.write_text(BOT_THAT_DIES)
    kafka, topics = scene.settings.kafka, scene.settings.topics
    environment = {
        **os.environ,
        "SAATH_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "SAATH_KAFKA__SESSION_TIMEOUT_MS": "6000",
        "SAATH_TOPICS__PREFIX": topics.prefix,
    }
    await scene.offer(offered("long", "t_1", "c_1"), offered("quick", "t_2", "c_2"))
    with spawn([sys.executable, str(script)], env=environment, log_path=log) as bot:
        await scene.requests(1)
        async with asyncio.timeout(PATIENCE):
            while "asked t_1" not in log.read_text():  # noqa: ASYNC110 # it is another process
                await asyncio.sleep(0.05)
        bot.send_signal(signal.SIGKILL)

    async with serving(scene.settings, echo):
        async with asyncio.timeout(PATIENCE):
            turns: set[str] = set()
            while len(turns) < 2:
                turns = {r["turn"] for r in await scene.requests(2)}

    assert turns == {"t1.made-up-t_1", "t1.made-up-t_2"}


async def test_a_request_without_a_turn_stands_on_the_topic_of_its_kind(scene: Scene) -> None:
    async with Sender(settings=scene.settings) as sender:
        request = await sender.send(
            number=NUMBER, to="4915112345", text="Hello", message_class="marketing", topic="bulk"
        )
    [record] = await scene.records(OUTBOUND_BULK, 1)

    assert (record.key, record.partition, json.loads(record.value or b"")) == (
        NUMBER.encode(),
        partition_for(NUMBER, 4),
        {
            "id": request,
            "number": NUMBER,
            "to": "4915112345",
            "class": "marketing",
            "messages": [{"type": "text", "text": {"body": "Hello"}}],
        },
    )


async def test_each_command_is_written_with_what_it_names_and_nothing_else(scene: Scene) -> None:
    async with Commander(settings=scene.settings) as commander:
        await commander.take_over(NUMBER, conversation="c_1", epoch=7, id="x_1")
        await commander.release(NUMBER, user_id="US.1", bot="sales", epoch=8, id="x_2")
        await commander.set_policy(NUMBER, {"answers": "everyone"}, by="anna", id="x_3")
        await commander.clear_policy(NUMBER, id="x_4")
    records = await scene.records(COMMANDS, 4)

    said = [json.loads(record.value or b"") for record in records]
    assert [{k: v for k, v in s.items() if k != "number"} for s in said] == [
        {"id": "x_1", "command": "take over", "conversation": "c_1", "epoch": 7},
        {"id": "x_2", "command": "release", "user_id": "US.1", "bot": "sales", "epoch": 8},
        {"id": "x_3", "command": "policy", "policy": {"answers": "everyone"}, "by": "anna"},
        {"id": "x_4", "command": "policy", "policy": None},
    ]


async def test_a_command_stands_in_its_numbers_partition(scene: Scene) -> None:
    async with Commander(settings=scene.settings) as commander:
        command = await commander.take_over(NUMBER, phone="4915112345", by="anna")
    [record] = await scene.records(COMMANDS, 1)

    assert (record.partition, json.loads(record.value or b"")) == (
        partition_for(NUMBER, 4),
        {
            "id": command,
            "number": NUMBER,
            "command": "take over",
            "phone": "4915112345",
            "by": "anna",
        },
    )
