"""What Meta takes no more of waits, and goes on when what ended it is over: on a real broker."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from pydantic import SecretStr
from tests.flow.sender_process import Scene, now, scene, templated, worded
from tests.flow.shell import Desk

from saath.codec import decode
from saath.events import (
    CredentialRecorded,
    MessageAccepted,
    NumberPaused,
    NumberResumed,
    Restriction,
    TemplateStatus,
)
from saath.secrets import Vault
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import CREDENTIALS, OUTBOUND, OUTBOUND_PEOPLE, OUTCOMES

PHONE, OTHER, THIRD = "16505550001", "16505550002", "16505550003"
FOURTH = "16505550004"
DEAD = "a-token-that-meta-does-not-know"
# What only time ends does not end within a test, unless the test says so.
LONG = {"SAATH_SENDER__PAUSE_SECONDS": "600", "SAATH_SENDER__CAP_MARGIN_SECONDS": "0.5"}


async def told(s: Scene, kind: type, count: int = 1, seconds: float = 60) -> list[Any]:
    """Events of one kind on ``outcomes``, once there are so many."""
    found: list[Any] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            events = [decode(r.headers, r.value) for r in await s.read_raw(OUTCOMES)]
            found = [event for event in events if isinstance(event, kind)]
            await asyncio.sleep(0.05)
    return found


async def accepted(s: Scene, count: int) -> list[str]:
    """The requests that Meta took, in the order of their outcomes, once there are so many."""
    return [event.request for event in await told(s, MessageAccepted, count)]


async def paid(s: Scene, name: str, to: str, template: str = "utility_news") -> None:
    """A bot's template to somebody who has not written."""
    about = {"number": s.id, "to": f"+{to}", "class": "utility"}
    await s.asked(OUTBOUND, id=name, messages=[templated(template)], **about)


async def credential(s: Scene, vault: Vault, token: str) -> None:
    """What sync writes when it has got a token."""
    ciphertext = vault.encrypt(SecretStr(token))
    event = CredentialRecorded(id=uuid.uuid4().hex, time=now(), number=s.id, ciphertext=ciphertext)
    await s.publisher.publish(CREDENTIALS, event)


@asynccontextmanager
async def placed(
    kafka: KafkaSettings, topics: TopicSettings, folder: Path, **settings: str
) -> AsyncIterator[Scene]:
    async with scene(kafka, topics, folder, **LONG | settings) as s:
        await s.owned(PHONE)
        await s.meta.control.customer_writes(s.id, "Hello?", phone=PHONE)
        yield s


async def test_a_dead_token_stops_the_number_until_there_is_another_and_is_never_logged(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    key = Fernet.generate_key().decode()
    async with placed(kafka, topics, tmp_path, SAATH_CREDENTIALS__KEYS=key) as s:
        del s.settings["SAATH_GRAPH__ACCESS_TOKEN"]
        await credential(s, Vault([key]), DEAD)
        s.start()
        await s.replied(PHONE, "Yes", turn="t_1")
        [paused] = await told(s, NumberPaused)
        before = await s.outcomes()

        await credential(s, Vault([key]), s.number.access_token)
        [resumed] = await told(s, NumberResumed)

        assert (paused.scope, paused.code, before) == ("everything", 190, [])
        assert (resumed.code, resumed.since, await accepted(s, 1)) == (190, paused.since, ["t_1"])
        refused = (await s.meta.control.report(s.id)).refused_by_code
        assert refused == {"190": 1}
        log = (tmp_path / "sender-0.log").read_text()
        assert not [token for token in (DEAD, s.number.access_token, key) if token in log]


async def test_a_payment_problem_holds_what_is_paid_while_answers_go_on_and_the_number_says_why(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with placed(kafka, topics, tmp_path) as s:
        first = s.start()
        await s.meta.control.faults(answers=[{"kind": "error", "code": 131042}])
        await paid(s, "paid-1", OTHER)
        [paused] = await told(s, NumberPaused)
        await paid(s, "paid-2", THIRD)
        await s.replied(PHONE, "Yes", turn="t_1")
        gone_on = await accepted(s, 1)

        desk = Desk(kafka, topics)
        said = await asyncio.to_thread(desk.saath, "number", "show", s.id)
        data = await asyncio.to_thread(desk.saath, "number", "show", s.id, "--json")
        unknown = await asyncio.to_thread(desk.saath, "number", "show", "4711")

        first.terminate()
        await asyncio.to_thread(first.wait, 60)
        s.start()
        await s.replied(PHONE, "Another", turn="t_2")
        after_a_restart = await accepted(s, 2)

        assert (paused.scope, gone_on) == ("paid", ["t_1"])
        # The paid ones stand before it in the lane, and would have gone first.
        assert after_a_restart == ["t_1", "t_2"]
        assert said.exit_code == 0, said.output
        sentences = " ".join(said.stdout.split())
        assert "Nothing that costs money is sent since" in sentences
        assert "a payment problem (Meta's 131042); one message tries again at" in sentences
        assert "Messages that Meta took in the last hour: 1," in sentences
        assert OTHER not in said.stdout + data.stdout
        found = json.loads(data.stdout)
        assert {lane["topic"]: lane["waiting"] for lane in found["lanes"]} == {
            "outbound.people.v1": 0,
            "outbound.v1": 2,
            "outbound.bulk.v1": 0,
        }
        assert (found["problems"], found["pauses"][0]["scope"]) == (["paused"], "paid")
        assert unknown.exit_code == 1


async def test_a_paused_template_a_busy_pair_and_a_restriction_hold_what_they_are_about_alone(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with placed(kafka, topics, tmp_path) as s:
        s.start()
        await s.meta.control.faults(answers=[{"kind": "error", "code": 132015}])
        await paid(s, "news-1", OTHER)
        [paused] = await told(s, NumberPaused)
        await paid(s, "news-2", THIRD)
        await paid(s, "other-1", FOURTH, "utility_other")
        alone = await accepted(s, 1)

        await s.meta.control.faults(answers=[{"kind": "error", "code": 131056}])
        await s.replied(PHONE, "to a busy pair", turn="t_1")
        await paid(s, "other-2", FOURTH, "utility_other")
        pair = await accepted(s, 3)

        until = now() + timedelta(hours=1)
        begins = Restriction(kind="business_initiated", until=until)
        await s.number_recorded(state="restricted", restrictions=(begins,))
        await asyncio.sleep(1.0)
        await paid(s, "other-3", FOURTH, "utility_other")
        await s.asked(
            OUTBOUND_PEOPLE, id="crm-1", number=s.id, to=f"+{PHONE}", messages=[worded("a person")],
            **{"class": "service"},
        )  # fmt: skip
        held = await accepted(s, 4)
        await s.number_recorded()
        freed = await accepted(s, 5)
        again = TemplateStatus(name="utility_news", language="en", state="approved", at=now())
        await s.number_recorded(templates=(again,))
        resumed = await accepted(s, 7)

        assert (paused.scope, paused.template, alone) == ("template", "utility_news", ["other-1"])
        assert sorted(pair) == ["other-1", "other-2", "t_1"]
        refused = (await s.meta.control.report(s.id)).refused_by_code
        assert refused == {"132015": 1, "131056": 1}
        assert (held[3:], freed[4:]) == (["crm-1"], ["other-3"])
        assert sorted(resumed[5:]) == ["news-1", "news-2"]
