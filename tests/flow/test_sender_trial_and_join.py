"""What of a bot's answers never leaves: those on trial, and those of a conversation that is no more."""

from pathlib import Path

from tests.flow.sender_process import scene, worded

from saath.events import MessageSuperseded
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import OUTBOUND

PHONE, USER = "16505550001", "US.13491208655302741918"


async def test_nothing_of_a_bot_on_trial_reaches_meta_whoever_owns_the_conversation(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with scene(kafka, topics, tmp_path, "--no-service-window") as s:
        await s.owned(PHONE, owner="human", epoch=9, window=False)
        s.start()
        for n in range(3):
            words = [worded(f"{n} first"), worded(f"{n} second")]
            turn = s.turn(PHONE, turn=f"t_{n}", shadow=True)
            await s.asked(OUTBOUND, turn=turn, messages=words, then="done")
        await s.asked(OUTBOUND, turn=s.turn(PHONE, turn="t_9", shadow=True), then="done")
        await s.owned(PHONE, epoch=10)
        await s.replied(PHONE, "really", epoch=10, turn="t_real")
        outcomes = await s.wait_for_outcomes(8)

        arrivals = await s.meta.control.messages(s.id)

    assert [arrival.text for arrival in arrivals] == ["really"]
    said = [(type(e).__name__, e.turn_id, e.content.text if e.content else None) for e in outcomes]
    assert said == [
        *(
            ("MessageShadowed", f"t_{n}", f"{n} {which}")
            for n in range(3)
            for which in ("first", "second")
        ),
        ("TurnClosed", "t_9", None),
        ("MessageAccepted", "t_real", "really"),
    ]


async def test_a_turn_of_a_joined_conversation_is_superseded_and_its_address_leads_to_the_other(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with scene(kafka, topics, tmp_path, "--no-service-window") as s:
        await s.owned(PHONE)
        await s.owned("other")
        await s.joined(PHONE, "other", USER)
        s.start()
        await s.replied("other", "from the one that is no more", turn="t_other")
        await s.replied("other", "nor at its new epoch", epoch=2, turn="t_other_2")
        asked = {"id": "by-user-id", "number": s.id, "to": USER, "class": "utility"}
        await s.asked(OUTBOUND, messages=[worded("to the one that is left")], **asked)
        outcomes = await s.wait_for_outcomes(3)

        arrivals = await s.meta.control.messages(s.id)

    assert [arrival.text for arrival in arrivals] == ["to the one that is left"]
    reasons = [(e.request, e.reason) for e in outcomes if isinstance(e, MessageSuperseded)]
    assert sorted(reasons) == [
        ("t_other", "the conversation was joined with another"),
        ("t_other_2", "the conversation was joined with another"),
    ]
    assert [e.conversation for e in outcomes if e.request == "by-user-id"] == [f"c_{PHONE}"]
