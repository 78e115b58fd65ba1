"""The judge of the sender can say no: each promise, broken once in a story that keeps them all."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.faults.sender_judge import LOOKS, Barred, Evidence, Written, judge

from saath.events import (
    MessageAccepted,
    MessageDropped,
    MessageLeftInDoubt,
    MessageSuperseded,
    OutcomeEvent,
)
from saath.identity import Callback
from saath_sandbox.views import Arrival

NUMBER, ANA, BEN = "1", "491510000001", "491510000002"
START = 1_790_000_000.0


def written(request: str, to: str = ANA, **more: Any) -> Written:
    return Written(**({"number": NUMBER, "request": request, "to": to, "by": "campaign"} | more))


def post(
    request: str, at: float, index: int = 0, *, epoch: int | None = None, **more: Any
) -> Arrival:
    """It arrives at Meta, *at* seconds from the start, and is taken."""
    facts: dict[str, Any] = {
        "seq": round(at * 1000),
        "arrival_monotonic": at,
        "arrival_unix": START + at,
        "number": NUMBER,
        "to": ANA,
        "type": "text",
        "text": None,
        "wamid": f"wamid.{request}.{index}.{at}",
        "callback": str(Callback(request, index, "c_1", epoch)),
        "outcome": "accepted",
        "status": None,
    }
    return Arrival(**(facts | more))


def _facts(request: str, at: float, kind: str, index: int = 0) -> dict[str, Any]:
    return {
        "id": f"{request}.{index}.{kind}",
        "time": datetime.fromtimestamp(START + at, UTC),
        "number": NUMBER,
        "request": request,
        "index": index,
        "by": "campaign",
    }


def accepted(arrival: Arrival, request: str, at: float, index: int = 0) -> MessageAccepted:
    facts = _facts(request, at, "accepted", index)
    return MessageAccepted(**facts, message_id=str(arrival.wamid))


def doubted(request: str, at: float, attempt: int = 1) -> MessageLeftInDoubt:
    return MessageLeftInDoubt(**_facts(request, at, f"doubt{attempt}"), reason="no answer")


def dropped(request: str, at: float) -> MessageDropped:
    return MessageDropped(**_facts(request, at, "dropped"), reason="no status")


def superseded(request: str, at: float) -> MessageSuperseded:
    return MessageSuperseded(**_facts(request, at, "superseded"), reason="a person's")


PLAIN, SECOND = post("plain", 1.0), post("plain", 1.1, 1)
LOST = post("lost", 2.0, outcome="dropped", wamid=None)
AGAIN = post("lost", 6.0)
UNKNOWN = post("unknown", 3.0)
REPLY = post("reply", 4.0, epoch=1)
THROTTLED, LATER = post("slow", 4.5, outcome="130429", wamid=None), post("slow", 5.6)
ENDS: tuple[OutcomeEvent, ...] = (
    accepted(PLAIN, "plain", 1.05),
    accepted(SECOND, "plain", 1.15, 1),
    doubted("lost", 2.5),
    doubted("unknown", 3.5),
    accepted(REPLY, "reply", 4.1),
    accepted(LATER, "slow", 5.7),
    accepted(AGAIN, "lost", 6.1),
    dropped("unknown", 6.5),
    superseded("late", 7.0),
)
# Two of one request; one that was lost on its way and sent again; one of which nobody knows; a bot's
# reply and another that came too late, because a person had written; one that Meta wanted slower.
STORY = Evidence(
    written=[
        written("plain", total=2),
        written("lost", resend=True),
        written("unknown"),
        written("slow"),
        written("reply", by="bot"),
        written("late", by="bot"),
    ],
    outcomes=ENDS,
    arrivals=[PLAIN, SECOND, LOST, UNKNOWN, REPLY, THROTTLED, LATER, AGAIN],
    barred=[Barred("c_1", 2, 6.0)],
)


def arriving(*more: Arrival, without: tuple[Arrival, ...] = ()) -> Evidence:
    kept = [arrival for arrival in STORY.arrivals if arrival not in without]
    return replace(STORY, arrivals=[*kept, *more])


def ending(*more: OutcomeEvent, without: tuple[OutcomeEvent, ...] = ()) -> Evidence:
    return replace(STORY, outcomes=[*(e for e in ENDS if e not in without), *more])


BROKEN: dict[str, list[Evidence]] = {
    "one end each": [
        ending(without=(ENDS[0],)),
        ending(dropped("slow", 9.0), doubted("slow", 5.8)),
        ending(without=(ENDS[7],)),  # in doubt for ever
    ],
    "nothing made up": [
        arriving(post("who", 9.0)),
        arriving(post("plain", 9.0, callback=None)),
        ending(superseded("who", 9.0)),
    ],
    "an outcome once": [ending(ENDS[2])],
    "taken once": [
        # Nothing was in doubt; its policy says drop; a third time.
        arriving(post("plain", 1.04)),
        arriving(post("unknown", 6.2)),
        arriving(post("lost", 2.0), post("lost", 5.0), without=(LOST,)),
    ],
    "sent again once": [
        arriving(post("unknown", 6.2, outcome="dropped", wamid=None)),
        arriving(post("lost", 5.0, outcome="dropped", wamid=None)),
    ],
    "an end is true": [
        arriving(without=(REPLY,)),
        arriving(post("late", 6.9)),
        ending(without=(ENDS[3],)),  # dropped, and never in doubt
    ],
    "nothing after its end": [
        arriving(post("unknown", 8.0), without=(UNKNOWN,)),
        arriving(post("plain", 1.3)),
    ],
    "in the order it was asked": [
        arriving(post("slow", 0.5), without=(THROTTLED, LATER)),
        arriving(post("slow", 0.5, outcome="130429", wamid=None)),
    ],
    "a request in its order": [arriving(post("plain", 0.9, 1), without=(SECOND,))],
    "under the cap": [replace(STORY, caps={NUMBER: 1})],
    "no bot beside a person": [replace(STORY, barred=[Barred("c_1", 2, 2.9)])],
}


def promises_broken(it: Evidence) -> set[str]:
    return {broken.promise for broken in judge(it)}


def test_a_story_that_keeps_every_promise_is_not_faulted() -> None:
    assert judge(STORY) == []


@pytest.mark.parametrize(
    ("promise", "story"), [(name, story) for name, stories in BROKEN.items() for story in stories]
)
def test_a_broken_promise_is_named(promise: str, story: Evidence) -> None:
    assert promise in promises_broken(story)


def test_every_promise_has_a_story_in_which_it_is_broken() -> None:
    assert BROKEN.keys() == LOOKS.keys()


def test_what_is_sent_again_may_be_taken_twice_where_its_policy_says_so() -> None:
    story = arriving(post("lost", 2.0), without=(LOST,))

    assert judge(story) == []


def test_too_many_requests_is_a_no_also_without_metas_code() -> None:
    bare = post("slow", 4.5, outcome="http 429", wamid=None)

    assert judge(arriving(bare, without=(THROTTLED,))) == []


def test_what_stands_behind_a_doubt_in_its_request_may_come_after_other_requests() -> None:
    more = post("lost", 8.0, 1)
    story = replace(
        STORY,
        written=[
            written("lost", resend=True, total=2),
            *(STORY.written[i] for i in (0, 2, 3, 4, 5)),
        ],
        arrivals=[*STORY.arrivals, more],
        outcomes=[*ENDS, accepted(more, "lost", 8.1, 1)],
    )

    assert judge(story) == []


def test_a_bot_of_the_present_epoch_and_one_within_the_fences_half_second_may_speak() -> None:
    story = replace(STORY, barred=[Barred("c_1", 2, 3.6), Barred("c_1", 1, 2.0)])

    assert judge(story) == []
