"""``saath why`` and ``saath conversation`` on a real broker, on a log as the router writes it."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from tests.flow.shell import ANA, BEN, PARTITIONS, PHONE, Desk, of, owned
from tests.unit.story.log import NUMBER, WORDS, Log, about, overtaken

from saath.events import (
    Content,
    ConversationMerged,
    MessageRefused,
)
from saath.identity import event_id
from saath.kafka.client import producer
from saath.kafka.records import output
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import CONVERSATIONS, OUTCOMES, OWNERS, TURNS, partition_for


@pytest.fixture
def desk(kafka: KafkaSettings, topics: TopicSettings) -> Desk:
    return Desk(kafka, topics)


def test_a_conversations_story_is_told_in_order_with_the_newest_last_and_nobodys_words(
    desk: Desk,
) -> None:
    desk.write(overtaken())
    desk.write(of(BEN, overtaken()))

    told = desk.saath("why", ANA)
    steps = json.loads(desk.saath("why", ANA, "--json", "--last", "4").stdout)

    assert told.exit_code == 0, told.output
    assert "The message of the bot orders was NOT sent" in told.stdout
    assert told.stdout.index("Meta took") < told.stdout.index("NOT sent") < told.stdout.index("Now")
    assert not any(word in told.stdout for word in (WORDS, PHONE, "Ana", "wamid.c_ben"))
    assert ([s["type"] for s in steps["steps"]], steps["older_steps"]) == (
        [
            "conversation.owner_changed.v1",
            "turn.withdrawn.v1",
            "message.superseded.v1",
            "message.received.v1",
        ],
        8,
    )
    assert max(len(line) for line in told.stdout.splitlines()) <= 100


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("wamid.E", "No bot was asked for it, and nobody has answered it since"),
        ("wamid.A", "The bot orders answered 300 ms after it was asked"),
        ("t_2", "was asked and said nothing for 1.95 s; then it was asked no more"),
        ("out_t_2_superseded", "which ended at"),
        ("owner_2", "From now on a person answers"),
    ],
)
def test_any_id_leads_to_its_conversation_and_to_what_became_of_it(
    desk: Desk, asked: str, answer: str
) -> None:
    desk.write(overtaken(), hours_ago=50)

    told = desk.saath("why", asked)

    assert told.exit_code == 0, told.output
    assert answer in " ".join(told.stdout.split())


def test_words_are_shown_when_asked_for(desk: Desk) -> None:
    desk.write(overtaken())

    assert WORDS in desk.saath("why", "wamid.A", "--texts").stdout


def test_a_request_that_no_conversation_has_is_told_by_the_senders_outcome(desk: Desk) -> None:
    refused = MessageRefused(
        id="out_x", time=datetime.now(UTC), number=NUMBER, request="r-17", by="campaign",
        reason="a template was expected", pointer="/messages/0/type",
    )  # fmt: skip
    desk.publish(OUTCOMES, refused)

    told = desk.saath("why", "r-17")

    assert told.exit_code == 0, told.output
    said = " ".join(told.stdout.split())
    assert "NOT sent: a template was expected (at /messages/0/type)." in said


def test_a_conversation_is_shown_as_it_stands(desk: Desk) -> None:
    desk.write(overtaken())
    desk.publish(OWNERS, owned(ANA, "human", lease_until=datetime.now(UTC) + timedelta(hours=9)))

    told = desk.saath("conversation", "show", ANA)
    state = json.loads(desk.saath("conversation", "show", ANA, "--json").stdout)

    assert told.exit_code == 0, told.output
    assert "A person answers, since" in told.stdout
    assert WORDS not in told.stdout + json.dumps(state)
    assert (state["owner"], state["epoch"], state["because"], len(state["messages"])) == (
        "human",
        2,
        "answered from the phone",
        5,
    )


def test_since_reads_no_further_back_and_owners_says_who_has_it_all_the_same(desk: Desk) -> None:
    desk.write(overtaken(), hours_ago=30)
    desk.publish(OWNERS, owned(ANA, "meta", epoch=9))

    state = json.loads(desk.saath("conversation", "show", ANA, "--since", "2h", "--json").stdout)

    assert (state["owner"], state["epoch"], state["messages"]) == ("meta", 9, [])


def test_a_joined_conversation_leads_to_the_one_that_is_left_and_its_story_has_both(
    desk: Desk,
) -> None:
    desk.write(overtaken(), hours_ago=2)
    desk.write(of(BEN, overtaken()), hours_ago=1)
    joined = {"into": ANA, "merged": BEN, "epoch": 8, "time": datetime.now(UTC)}
    desk.publish(
        CONVERSATIONS,
        ConversationMerged(id="m1", **(about() | joined)),
        ConversationMerged(id="m2", **(about() | joined | {"conversation": BEN})),
    )
    desk.publish(OWNERS, owned(ANA, "human"), owned(BEN, "human", redirect=ANA))

    shown = json.loads(desk.saath("conversation", "show", BEN, "--json").stdout)
    told = desk.saath("why", BEN)
    listed = desk.saath("conversation", "list", "--number", NUMBER)

    assert (shown["conversation"], shown["merged"]) == (ANA, [BEN])
    assert f"{BEN} was joined with it." in told.stdout
    assert told.stdout.count("From now on a person answers") == 2
    assert (ANA in listed.stdout, BEN in listed.stdout) == (True, False)


def test_a_numbers_conversations_are_listed_by_activity_and_chosen_by_owner_and_who_waits(
    desk: Desk,
) -> None:
    others, here = map(str, range(200, 299)), partition_for(NUMBER, PARTITIONS)
    neighbour = next(n for n in others if partition_for(n, PARTITIONS) == here)
    desk.write(overtaken(), hours_ago=2)
    desk.write(of(BEN, Log(overtaken().records[:5])), hours_ago=1)
    desk.publish(
        OWNERS, owned(BEN, "bot", bot="orders", epoch=1), owned(ANA, "human"),
        owned("c_else", "bot", number=neighbour),
    )  # fmt: skip

    def listed(*more: str) -> list[str]:
        told = desk.saath("conversation", "list", "--number", NUMBER, "--json", *more)
        assert told.exit_code == 0, told.output
        return [json.loads(line)["conversation"] for line in told.stdout.splitlines()]

    assert [
        listed(),
        listed("--owner", "human"),
        listed("--owner", "bot"),
        listed("--waiting"),
        listed("--limit", "1"),
    ] == [[ANA, BEN], [ANA], [BEN], [ANA], [BEN]]


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["why", "c_nobody"], 1, "there is no conversation c_nobody"),
        (["why", "wamid.nobody"], 1, "--since 30d"),
        (["why", "wamid.nobody", "--since", "yesterday"], 2, "is neither like 2d"),
        (["why", "wamid.nobody", "--timezone", "Moon/Base"], 2, "no time zone Moon/Base"),
        (["conversation", "show", "c_nobody"], 1, "there is no conversation c_nobody"),
        (["conversation", "list", "--number", "7"], 1, "no conversation of number 7"),
    ],
)
def test_a_wrong_question_is_answered_in_a_sentence(
    desk: Desk, arguments: list[str], status: int, sentence: str
) -> None:
    told = desk.saath(*arguments)

    assert (told.exit_code, sentence in told.stderr) == (status, True), told.output + told.stderr


def test_a_broker_that_is_away_is_said_in_a_sentence_by_the_process() -> None:
    environment = {name: v for name, v in os.environ.items() if not name.startswith("SAATH_")}
    told = subprocess.run(
        [sys.executable, "-c", "from saath.cli import main; main()", "why", "wamid.A"],
        env=environment | {"SAATH_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (told.returncode, told.stderr.startswith("saath: no Kafka broker answers")) == (1, True)


def test_only_the_conversations_own_partition_is_read(desk: Desk) -> None:
    """What stands elsewhere under its name is nobody's fact, nor is what speaks of it beside it."""
    desk.write(overtaken())
    names = (f"c_{n}" for n in range(99))
    beside = next(
        n for n in names if partition_for(n, PARTITIONS) == partition_for(ANA, PARTITIONS)
    )
    spoken = (
        overtaken()
        .records[0]
        .event.model_copy(
            update={
                "id": "wamid.X:received",
                "conversation": beside,
                "content": Content.of_text(ANA),
            }
        )
    )
    desk.publish(CONVERSATIONS, spoken)
    stray = event_id("wamid.stray", "received")
    event = overtaken().records[0].event.model_copy(update={"id": stray})
    out = output(CONVERSATIONS, event, PARTITIONS)
    elsewhere = (out.partition + 1) % PARTITIONS

    async def write() -> None:
        writer = producer(desk.kafka, "tests")
        await writer.start()
        try:
            name = CONVERSATIONS.full_name(desk.topics.prefix)
            sent = writer.send(
                name, out.value, key=out.key, partition=elsewhere, headers=list(out.headers)
            )
            await (await sent)
        finally:
            await writer.stop()

    asyncio.run(write())

    assert partition_for(ANA, PARTITIONS) == out.partition
    assert len(json.loads(desk.saath("why", ANA, "--json").stdout)["steps"]) == 12
    assert TURNS.partition_by == CONVERSATIONS.partition_by
