"""What a bot says, and how it is written: all of it without Kafka."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from examples.echo_bot import answer

from saath import Answer, Done, Handoff, Pass, Reply, request_for
from saath.client.sender import command_request, new_id, send_request
from saath.client.testing import turn
from saath.codec import decode_command, decode_request
from saath.events import Content, PassWish, ThenPass

IMAGE = {"type": "image", "image": {"id": "1", "caption": "Blue"}}
TEXT = {"type": "text", "text": {"body": "Hello"}}


def written(said: Answer) -> Any:
    return json.loads(request_for(turn("Hi", id="t_9"), said))


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (Reply("Hello"), {"messages": [TEXT]}),
        (
            Reply("Hello", IMAGE, Content.model_validate(IMAGE)),
            {"messages": [TEXT, IMAGE, IMAGE]},
        ),
        (
            Reply("Hello").then_handoff("discount asked", "Wants 2"),
            {
                "messages": [TEXT],
                "then": {"handoff": {"reason": "discount asked", "summary": "Wants 2"}},
            },
        ),
        (
            Reply("Hello", then=Handoff("bye")),
            {"messages": [TEXT], "then": {"handoff": {"reason": "bye"}}},
        ),
        (Reply("Hello", then=Done()), {"messages": [TEXT], "then": "done"}),
        (
            Reply("Hello").then_pass("sales", "Wants 200"),
            {
                "messages": [TEXT],
                "then": {"pass_to": {"bot": "sales", "summary": "Wants 200"}},
            },
        ),
        (
            Reply("Hello", then=Pass("sales")),
            {"messages": [TEXT], "then": {"pass_to": {"bot": "sales"}}},
        ),
        (Pass("sales"), {"then": {"pass_to": {"bot": "sales"}}}),
        (Handoff("lost"), {"then": {"handoff": {"reason": "lost"}}}),
        (Done(), {"then": "done"}),
    ],
)
def test_an_answer_is_bare_json_with_the_turns_token(said: Answer, body: dict[str, Any]) -> None:
    assert written(said) == {"turn": "t1.made-up-t_9", **body}


def test_words_in_any_script_arrive_as_they_were_written() -> None:
    request = request_for(turn(), Reply("साथ 👩‍👩‍👧"))

    assert decode_request(request).messages == (Content.of_text("साथ 👩‍👩‍👧"),)


@pytest.mark.parametrize("nothing", [None, "Hello", {"messages": []}])
def test_whatever_is_no_answer_is_refused_by_its_kind(nothing: Any) -> None:
    with pytest.raises(TypeError, match=rf"not with {type(nothing).__name__}$"):
        request_for(turn(), nothing)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ((), "a Reply needs a message"),
        (("",), "a message without words"),
        ((" \n",), "a message without words"),
        (({"text": {"body": "Hello"}},), "/type: Field required"),
    ],
)
def test_a_reply_that_cannot_be_sent_is_refused_where_it_is_made(
    messages: tuple[Any, ...], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Reply(*messages)


def test_too_many_messages_are_refused_before_they_are_published() -> None:
    with pytest.raises(ValueError, match="/messages"):
        request_for(turn(), Reply(*["Hello"] * 101))


@pytest.mark.parametrize("bot", ["", "b" * 65])
def test_a_bot_that_nobody_can_be_is_refused_where_it_is_named(bot: str) -> None:
    with pytest.raises(ValueError, match="a bot's name has 1 to 64 characters"):
        Pass(bot)


def test_the_longest_name_a_bot_may_have_is_no_longer_than_the_sender_takes() -> None:
    request = request_for(turn(), Pass("b" * 64))

    assert decode_request(request).then == ThenPass(pass_to=PassWish(bot="b" * 64))


def test_an_answer_can_be_logged_without_what_it_says() -> None:
    handed = repr(Reply("my secret").then_handoff("asked", "my secret"))
    passed = repr(Reply("my secret").then_pass("sales", "my secret"))

    assert "secret" not in handed + passed


def test_a_made_up_turn_says_all_that_an_offered_one_may() -> None:
    until = datetime(2026, 1, 6, tzinfo=UTC)
    made = turn("Hi", shadow=True, passed_by="orders", summary="Wants 200", window_until=until)

    assert (made.shadow, made.passed_by, made.summary, made.window_until) == (
        True,
        "orders",
        "Wants 200",
        until,
    )


async def test_a_bots_own_test_needs_no_kafka() -> None:
    answers = [
        await answer(turn("Hi")),
        await answer(turn("a person, please")),
        await answer(turn(IMAGE)),
    ]

    assert answers == [
        Reply("You said: Hi"),
        Reply("I am fetching somebody.").then_handoff("asked for a person", "a person, please"),
        Done(),
    ]


BASE: dict[str, Any] = {
    "id": "r_1",
    "number": "100000000000001",
    "to": "4915112345",
    "message_class": "utility",
}
BARE = {"id": "r_1", "number": "100000000000001", "to": "4915112345", "class": "utility"}


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"text": "Hello"}, {"messages": [TEXT]}),
        (
            {"template": {"name": "ready", "language": {"code": "de"}}},
            {
                "messages": [
                    {"type": "template", "template": {"name": "ready", "language": {"code": "de"}}}
                ]
            },
        ),
        ({"messages": ["Hello", IMAGE]}, {"messages": [TEXT, IMAGE]}),
        (
            {
                "text": "Hello",
                "in_doubt": "drop",
                "expires_at": datetime(2026, 1, 5, tzinfo=UTC),
            },
            {
                "messages": [TEXT],
                "in_doubt": "drop",
                "expires_at": "2026-01-05T00:00:00+00:00",
            },
        ),
    ],
)
def test_a_request_without_a_turn_says_who_to_whom_and_of_what_class(
    given: dict[str, Any], body: dict[str, Any]
) -> None:
    request = send_request(**BASE, **given)

    assert json.loads(request) == {**BARE, **body}
    assert decode_request(request).id == "r_1"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"number": "+49 151"}, "^/number: "),
        ({"to": "somebody else"}, "^/to: "),
        ({"message_class": "spam"}, "^/class: "),
        ({"id": "a b"}, "^/id: "),
        ({"in_doubt": "perhaps"}, "^/in_doubt: "),
        ({"expires_at": datetime(2026, 1, 5)}, "^/expires_at: "),  # noqa: DTZ001 # that is the mistake
        ({"text": None}, "exactly one of text, template and messages"),
        ({"messages": []}, "exactly one of text, template and messages"),
        ({"text": None, "messages": []}, "must have messages"),
    ],
)
def test_a_request_that_would_be_refused_is_refused_at_once_by_its_field(
    wrong: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        send_request(**{**BASE, "text": "Hello", **wrong})


def test_a_command_names_a_conversation_in_one_of_three_ways() -> None:
    command = command_request(id="x_1", number="1", command="release", phone="49", by=None)

    assert json.loads(command) == {"id": "x_1", "number": "1", "command": "release", "phone": "49"}
    assert decode_command(command).phone == "49"
    with pytest.raises(ValueError, match="must name a conversation, a phone or a user_id"):
        command_request(id="x_1", number="1", command="release")


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (
            {"command": "release", "conversation": "c_1", "bot": "sales", "epoch": 7},
            {"command": "release", "conversation": "c_1", "bot": "sales", "epoch": 7},
        ),
        (
            {"command": "policy", "policy": {"answers": "everyone", "bot": None}},
            {"command": "policy", "policy": {"answers": "everyone", "bot": None}},
        ),
        ({"command": "policy", "policy": None}, {"command": "policy", "policy": None}),
    ],
)
def test_a_command_is_written_as_it_was_given_and_null_takes_a_policy_back(
    fields: dict[str, Any], body: dict[str, Any]
) -> None:
    written_ = command_request(id="x_1", number="1", **fields)

    assert json.loads(written_) == {"id": "x_1", "number": "1", **body}
    assert decode_command(written_).policy == body.get("policy")


def test_ids_made_for_requests_are_taken_as_they_are_and_are_never_the_same() -> None:
    ids = [new_id() for _ in range(1000)]

    assert len({*ids}) == 1000
    assert decode_request(send_request(**{**BASE, "id": ids[0]}, text="Hello")).id == ids[0]
