"""The router's file of policies while it runs: changed, broken, and refused at the start."""

import asyncio
from pathlib import Path

from tests.flow.test_router import environment, received, refusal, router, watching

from saath.events import TurnOffered
from saath.kafka.publisher import Publisher
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import INBOUND, TURNS

PATIENCE_SECONDS = 60.0


def say(path: Path, text: str) -> None:
    """Replace the file, as a person's editor does."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


async def logged(folder: Path, event: str) -> str:
    """The line of the router's log with that event."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            log = await asyncio.to_thread((folder / "router.log").read_text, "utf-8")
            for line in log.splitlines():
                if f'"{event}"' in line:
                    return line
            await asyncio.sleep(0.1)


async def test_a_changed_file_is_in_use_and_a_broken_one_is_not(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    path = tmp_path / "policies.yaml"
    say(path, "defaults: {answers: everyone, bot: first}")
    environ = environment(kafka, topics, SAATH_ROUTER__POLICY_FILE=str(path))

    with router(environ, tmp_path):
        async with (
            Publisher(kafka, topics, "tests") as publisher,
            watching(kafka, topics, TURNS) as turns,
        ):
            bots = []
            for number, (text, event) in enumerate(
                [
                    (None, None),
                    ("defaults: {answers: everyone, bot: second}", "policy.read"),
                    ("defaults: {answers: everyone, bott: third}", "policy.refused"),
                ]
            ):
                if text and event:
                    say(path, text)
                    said = await logged(tmp_path, event)
                await publisher.publish(INBOUND, received(f"wamid.{number}"))
                offered = await turns(TurnOffered)
                assert isinstance(offered, TurnOffered)
                bots.append(offered.bot)

    assert bots == ["first", "second", "second"]
    assert '"reason": "defaults: bott is not a setting here; did you mean bot?"' in said


def test_a_bad_file_ends_the_start_with_status_2_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    say(path, "defaults:\n  bott: a\n")
    environ = environment(KafkaSettings(), TopicSettings(), SAATH_ROUTER__POLICY_FILE=str(path))

    assert refusal(environ) == (
        2,
        f"saath: {path}:2: defaults: bott is not a setting here; did you mean bot?",
    )
