"""A bot that shows that it types has not answered, and the story says both."""

from tests.unit.story.log import Log, about, at

from saath.events import Content, HandoffWish, MessageReadMarked, ThenHandoff

MARK = Content.model_validate({"type": "read", "read": {"message_id": "wamid.A", "typing": True}})


def typed(then: ThenHandoff | None = None) -> Log:
    log = Log()
    log.received("wamid.A", 0.4)
    log.offered("t_1", "wamid.A", 1, 0.4)
    mark = MessageReadMarked(
        id="o1", time=at(1), message_id="wamid.A", typing=True, content=MARK, then=then, by="bot",
        bot="orders", turn_id="t_1", request="t_1:read:7", **about(),
    )  # fmt: skip
    log.put(mark, 1.4)
    return log


def test_a_typing_indicator_is_told_and_the_turn_is_open_still() -> None:
    log = typed()

    assert log.answer("t_1") == [
        (
            "The bot orders marked the customer's message as read and showed that somebody types; "
            "1 s after it was asked."
        )
    ]
    assert [turn.turn for turn in log.state.turns] == ["t_1"]
    assert log.state.waiting_since == at(0)


def test_what_follows_a_read_mark_is_said_to_stand_next() -> None:
    wish = ThenHandoff(handoff=HandoffWish(reason="too hard"))

    log = typed(wish)

    assert log.told()[-1].endswith("What follows from that stands next.")
    assert log.state.turns == ()
