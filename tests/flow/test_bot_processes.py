"""Bots as their operators meet them: several of one name, started, stopped, misconfigured."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.flow.bot_scene import PATIENCE, Scene, offered, serving

from saath import Bot, ClientSettings, Reply, TurnOffered
from saath.client.session import Handler
from saath.errors import Misconfigured
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import partition_for
from saath_local import spawn

ECHO_BOT = Path(__file__).parents[2] / "examples" / "echo_bot.py"


async def test_a_second_bot_takes_over_what_the_first_loses_and_nothing_is_answered_twice(
    scene: Scene,
) -> None:
    release = asyncio.Event()
    started: dict[str, list[str]] = {"first": [], "second": []}

    def patient(who: str) -> Handler:
        async def answer(turn: TurnOffered) -> Reply:
            started[who].append(turn.id)
            await release.wait()
            return Reply(who)

        return answer

    turns = [offered(f"{i}", f"t_{i}", f"c_{i}") for i in range(20)]
    async with serving(scene.settings, patient("first"), concurrency=50):
        await scene.offer(*turns)
        async with asyncio.timeout(PATIENCE):
            while len(started["first"]) < 20:  # noqa: ASYNC110 # the handlers say it one by one
                await asyncio.sleep(0.05)
        async with serving(scene.settings, patient("second"), concurrency=50):
            async with asyncio.timeout(PATIENCE):
                while not started["second"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await asyncio.sleep(1.0)  # the first one notices what it lost
            release.set()
            requests = await scene.requests(20)

    moved = {*started["second"]}
    partitions = {partition_for(t.conversation or "", 4) for t in turns if t.id in moved}
    by_turn = {r["turn"]: r["messages"][0]["text"]["body"] for r in requests}
    assert (len(partitions), len(by_turn), len(started["first"])) == (2, 20, 20)
    assert {t for t, who in by_turn.items() if who == "second"} == {
        f"t1.made-up-{turn}" for turn in moved
    }


def environment(settings: ClientSettings, **others: str) -> dict[str, str]:
    return {
        **os.environ,
        "SAATH_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "SAATH_TOPICS__PREFIX": settings.topics.prefix,
        **others,
    }


async def test_the_example_bot_answers_and_stops_when_told_to(scene: Scene, tmp_path: Path) -> None:
    await scene.offer(offered("Hi", "t_1", "c_1", bot="echo"))
    log = tmp_path / "bot.log"

    with spawn(
        [sys.executable, str(ECHO_BOT)], env=environment(scene.settings), log_path=log
    ) as bot:
        [request] = await scene.requests(1)
        bot.terminate()
        status = await asyncio.to_thread(bot.wait, PATIENCE)

    assert (status, request["messages"][0]["text"]["body"]) == (0, "You said: Hi")
    assert "You said" not in log.read_text()
    assert "t1.made-up" not in log.read_text()


def test_a_bot_with_a_misspelt_setting_exits_with_2_and_names_it(kafka: KafkaSettings) -> None:
    settings = ClientSettings(kafka=kafka)

    ended = subprocess.run(
        [sys.executable, str(ECHO_BOT)],
        env=environment(settings, SAATH_KAFKA__BOOTSTRAP_SERVER="x"),
        capture_output=True,
        text=True,
        check=False,
    )

    sentence = "is not a setting; did you mean SAATH_KAFKA__BOOTSTRAP_SERVERS?"
    assert (ended.returncode, ended.stderr) == (
        2,
        f"saath: SAATH_KAFKA__BOOTSTRAP_SERVER {sentence}\n",
    )


async def test_a_bot_whose_topics_are_not_there_says_what_to_run(kafka: KafkaSettings) -> None:
    bot = Bot("orders", settings=ClientSettings(kafka=kafka, topics=TopicSettings(prefix="none.")))

    @bot.on_turn()
    async def answer(turn: TurnOffered) -> Reply:
        return Reply("never")

    with pytest.raises(Misconfigured, match=r"none\.turns\.v1 is not there.*saath topics apply"):
        await bot.serve(asyncio.Event())


async def test_a_bot_without_a_broker_keeps_trying_until_it_is_stopped() -> None:
    nowhere = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    bot, stopping = Bot("orders", settings=ClientSettings(kafka=nowhere)), asyncio.Event()

    @bot.on_turn()
    async def answer(turn: TurnOffered) -> Reply:
        return Reply("never")

    serving = asyncio.create_task(bot.serve(stopping))
    await asyncio.sleep(1.5)
    still_trying = not serving.done()
    stopping.set()
    await asyncio.wait_for(serving, PATIENCE)

    assert still_trying
    assert not bot.ready.is_set()


def test_a_bot_has_one_handler_and_at_least_one_place() -> None:
    bot = Bot("orders")

    @bot.on_turn()
    async def answer(turn: TurnOffered) -> Reply:
        return Reply("once")

    with pytest.raises(ValueError, match="has a handler"):
        bot.on_turn()(answer)
    with pytest.raises(ValueError, match="at least 1"):
        bot.on_turn(concurrency=0)
