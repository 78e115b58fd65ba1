"""A policy as people write it: what is wrong is refused, with what would be right; events are read on."""

import pytest
from pydantic import ValidationError

from saath.events import NumberPolicy, policy_by_hand


def problems(said: object) -> list[str]:
    """What is refused in *said*: where, and why."""
    try:
        policy_by_hand(said)
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
    return []


def when(**condition: object) -> dict[str, object]:
    """A policy of one rule."""
    return {"handoff": [{"name": "it", "when": condition}]}


IN_RULE = "handoff.0.when"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"anwers": "nobody"}, ": anwers is not a setting here; did you mean answers?"),
        ({"zzz": 1}, ": zzz is not a setting here"),
        (when(word=["a"]), f"{IN_RULE}: word is not a setting here; did you mean words?"),
        (when(), (f"{IN_RULE}: asks for nothing: say one of words, patterns, types, ad_sources, "
         "contacts, closed")),
        (when(words=[]), f"{IN_RULE}.words: names nothing: name something, or leave it out"),
        (when(words=["\u200b "]), f"{IN_RULE}.words.0: is no word"),
        (when(words=["a" * 501]), f"{IN_RULE}.words.0: is longer than 500 characters"),
        (when(patterns=["a", "(b"]),
         f"{IN_RULE}.patterns.1: is no regular expression that can be used (unclosed group)"),
        (when(patterns=["(?=b)"]), (f"{IN_RULE}.patterns.0: is no regular expression that can be used "
         "(look-around, including look-ahead and look-behind, is not supported)")),
        (when(patterns=[r"\w{1000}{1000}"]), (f"{IN_RULE}.patterns.0: is no regular expression that can "
         "be used (Compiled regex exceeds size limit of 10485760 bytes.)")),
        (when(patterns=["a" * 501]),
         f"{IN_RULE}.patterns.0: is longer than 500 characters: make it several patterns"),
        (when(patterns=[""]), f"{IN_RULE}.patterns.0: is empty, and would fit every message"),
        (when(types=["vidoe"]),
         f"{IN_RULE}.types.0: vidoe is not one of Meta's message types; did you mean video?"),
        (when(contacts=["mother"]), (f"{IN_RULE}.contacts.0: is neither a phone number with its country "
         "code nor a business-scoped user id (CC.…)")),
        ({"handoff": [{"name": "Refund!", "when": {"words": "a"}}]},
         ("handoff.0.name: a rule's name is up to 63 of a-z, 0-9 and -: it stands in the log as the "
         "reason")),
        ({"handoff": [{"name": "a", "when": {"words": "a"}}, {"name": "a", "when": {"words": "b"}}]},
         "handoff: a is the name of a rule before this one"),
        ({"ask": [{"bot": " ", "when": {"words": "a"}}]},
         "ask.0.bot: a bot's name has 1 to 100 characters"),
        ({"hours": {"timezone": "Asia/Calcuta", "week": {"mon": "09:00-17:00"}}},
         ("hours.timezone: Asia/Calcuta is not a time zone such as Asia/Kolkata; did you mean "
         "Asia/Calcutta?")),
        ({"hours": {"timezone": "UTC", "week": {"mon": "9-17"}}},
         "hours.week.mon.0: 9-17 is not hours such as 09:00-17:30; a whole day is 00:00-24:00"),
        ({"hours": {"timezone": "UTC", "week": {"mon": "09:00-24:30"}}},
         "hours.week.mon.0: 09:00-24:30 is not hours such as 09:00-17:30; a whole day is 00:00-24:00"),
        ({"hours": {"timezone": "UTC", "week": {"mon": "09:00-09:00"}}},
         "hours.week.mon.0: 09:00-09:00 is not hours such as 09:00-17:30; a whole day is 00:00-24:00"),
        ({"hours": {"timezone": "UTC", "week": {}}},
         "hours: opens on no day: name the hours of one at least"),
        ({"hours": {"timezone": "UTC", "week": {"monday": "09:00-17:00"}}},
         "hours.week: monday is not a setting here; did you mean mon?"),
    ],
)  # fmt: skip
def test_what_somebody_wrote_wrong_is_refused_with_what_would_be_right(
    said: object, expected: str
) -> None:
    assert problems(said) == [expected]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = {"human_hold_seconds": -1, "missed_share_max": 2, **when(words=[], types=["txet"])}

    assert [problem.split(":")[0] for problem in problems(said)] == [
        "human_hold_seconds",
        "missed_share_max",
        f"{IN_RULE}.words",
        f"{IN_RULE}.types.0",
    ]


def test_a_type_nobody_has_heard_of_may_be_metas_newest() -> None:
    assert problems(when(types=["hologram"])) == []


def test_one_text_is_a_list_of_one() -> None:
    policy = policy_by_hand(when(words="refund", ad_sources="any"))

    assert policy == policy_by_hand(when(words=["refund"], ad_sources=["any"]))


def test_an_event_is_read_also_where_a_newer_writer_says_more() -> None:
    said = {
        "answers": "everyone",
        "mood": "good",
        "hours": {"timezone": "Mars/Olympus", "week": {"mon": ["noonish"]}},
        **when(words=["refund"], patterns=["(?=b)"], mood="angry"),
    }

    read = NumberPolicy.model_validate(said)

    assert (read.answers, read.handoff and read.handoff[0].when.parts()) == (
        "everyone",
        ("words", "patterns"),
    )


def test_a_policy_can_be_kept_in_a_set() -> None:
    said = {
        "hours": {"timezone": "UTC", "week": {"mon": "09:00-17:00"}, "closed": ["2026-12-25"]},
        **when(words="refund"),
    }

    assert len({policy_by_hand(said), policy_by_hand(said)}) == 1


def test_no_contact_is_shown() -> None:
    policy = policy_by_hand(when(contacts=["+91 98765 43210"]))

    assert "98765" not in repr(policy)
