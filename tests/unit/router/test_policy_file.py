"""A file of policies: what it says, and each mistake with its line."""

import re

import pytest

from saath.events import NumberPolicy, policy_by_hand
from saath_router.policy_file import PolicyBook, PolicyRefused, read_policies, read_policy

WHOLE = """\
# What holds for every number.
defaults:
  answers: everyone
  release_word: off          # a word, not a switch
numbers:
  106540352242922:
    bot: front
    human_hold_seconds: 3600.5
    hours:
      timezone: Asia/Kolkata
      week:
        mon: [09:00-13:00, 14:00-18:00]
        sat: 22:00-02:00
      closed: [2026-12-25]
    handoff:
      - name: money
        when:
          words: [yes, refund]
          contacts: [919876543210, +91 98765 43211]
          closed: false
"""


def mistakes(text: str) -> list[str]:
    """What is refused in *text*, as a person reads it."""
    with pytest.raises(PolicyRefused) as refused:
        read_policies(text, "p.yaml")
    return str(refused.value).splitlines()


def test_a_file_says_what_holds_for_all_numbers_and_for_some() -> None:
    defaults = policy_by_hand({"answers": "everyone", "release_word": "off"})
    front = policy_by_hand(
        {
            "bot": "front",
            "human_hold_seconds": 3600.5,
            "hours": {
                "timezone": "Asia/Kolkata",
                "week": {"mon": ["09:00-13:00", "14:00-18:00"], "sat": ["22:00-02:00"]},
                "closed": ["2026-12-25"],
            },
            "handoff": [
                {
                    "name": "money",
                    "when": {
                        "words": ["yes", "refund"],
                        "contacts": ["919876543210", "+91 98765 43211"],
                        "closed": False,
                    },
                }
            ],
        }
    )

    assert read_policies(WHOLE, "p.yaml") == PolicyBook(defaults, {"106540352242922": front})


def test_what_is_said_of_one_number_comes_after_what_is_said_of_all() -> None:
    book = PolicyBook(NumberPolicy(bot="a"), {"1": NumberPolicy(bot="b")})

    assert (book.of("1"), book.of("2"), PolicyBook().of("1")) == (
        (NumberPolicy(bot="a"), NumberPolicy(bot="b")),
        (NumberPolicy(bot="a"),),
        (),
    )


def test_json_is_read_too() -> None:
    text = '{"numbers": {"1": {"bot": "a", "quiet_seconds": 2, "ask": []}}}'

    assert read_policies(text, "p.json").of("1") == (
        NumberPolicy(bot="a", quiet_seconds=2, ask=()),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("defaults:\n  bott: a\n", "2: defaults: bott is not a setting here; did you mean bot?"),
        ("default:\n  bot: a\n", "1: default is not a setting here; did you mean defaults?"),
        (
            "numbers:\n  1:\n    human_hold_seconds: 12h\n",
            "3: numbers.1.human_hold_seconds: a number is wanted; of seconds, where the name says so",
        ),
        (
            (
                "numbers:\n  1:\n    handoff:\n    - name: a\n      when:\n        patterns:\n        - b\n"
                "        - (c\n"
            ),
            (
                "8: numbers.1.handoff[0].when.patterns[1]: is no regular expression that can be used "
                "(unclosed group)"
            ),
        ),
        (
            (
                "defaults:\n  handoff:\n  - name: a\n    when: {words: x}\n  - name: a\n"
                "    when: {words: y}\n"
            ),
            "5: defaults.handoff: a is the name of a rule before this one",
        ),
        ("defaults:\n  ask:\n  - when: {words: x}\n", "3: defaults.ask[0].bot: is missing"),
        (
            "numbers:\n  +91 98765: {bot: a}\n",
            "2: numbers.+91 98765: +91 98765 is no phone_number_id: its digits, as Meta shows them",
        ),
        ("defaults:\n  bot: a\n  bot: b\n", "3: defaults.bot is said in line 2 already"),
        (
            "defaults: &all\n  bot: a\nnumbers:\n  1: *all\n",
            "1: & and * are not read here: write it out, or say it in defaults",
        ),
        (
            "numbers:\n  1: *all\n",
            "2: & and * are not read here: write it out, or say it in defaults",
        ),
        (
            "defaults:\n  bot: !!python/name:os.system x\n",
            "2: ! is not read here: put quotes around a text that begins with it",
        ),
        (
            "defaults:\n  handoff:\n",
            "2: defaults.handoff says nothing: say something, or leave it out",
        ),
        ("", "1: says nothing"),
        ("# nothing yet\n", "1: says nothing"),
        ("just words", "1: settings are wanted, each with its name"),
        ("numbers: [1]", "1: numbers: names with something under each are wanted"),
        ("a: b\n---\nc: d\n", "2: a second document begins: one file says one thing"),
        ("? [a]\n: b\n", "1: a name is wanted here, not a list or a group"),
        ("defaults: " + "[" * 100_000, "1: is nested deeper than any policy"),
        ("a: \x01", "1: is no YAML: a character that no text has"),
        ("a: b\nc: \ud800", "2: is no YAML: a character that no text has"),
        ("#" * 1_048_577, "1: the file is longer than 1048576 characters"),
    ],
)
def test_a_mistake_is_said_with_its_line_and_what_to_do(text: str, expected: str) -> None:
    assert mistakes(text) == [f"p.yaml:{expected}"]


def test_what_is_no_yaml_is_said_with_its_line() -> None:
    [mistake] = mistakes("defaults:\n  bot: a\nnumbers: [\nx: y\n")

    assert re.match(r"p\.yaml:[45]: is no YAML: ", mistake)


def test_all_mistakes_are_said_in_the_order_of_their_lines() -> None:
    text = """\
numbers:
  1: {answers: noone}
defaults:
  quiet_seconds: -1
  handoff:
    - {name: A b, when: {types: vidoe}}
"""

    assert mistakes(text) == [
        "p.yaml:2: numbers.1.answers: input should be 'nobody', 'shadow', 'new_contacts' or 'everyone'",
        "p.yaml:4: defaults.quiet_seconds: input should be greater than or equal to 0",
        (
            "p.yaml:6: defaults.handoff[0].name: a rule's name is up to 63 of a-z, 0-9 and -: it stands in "
            "the log as the reason"
        ),
        (
            "p.yaml:6: defaults.handoff[0].when.types[0]: vidoe is not one of Meta's message types; "
            "did you mean video?"
        ),
    ]


def test_a_file_may_say_one_numbers_policy_alone() -> None:
    assert read_policy("bot: a\nanswers: nobody\n", "n.yaml") == NumberPolicy(
        bot="a", answers="nobody"
    )


def test_a_phone_number_is_never_repeated() -> None:
    text = "defaults:\n  ask:\n  - bot: a\n    when: {contacts: [+91 98765 4321O]}\n"

    assert "98765" not in "".join(mistakes(text))
