"""What stands between a bot and a conversation."""

import pytest
from tests.unit.sender.facts import CONVERSATION, NOW, NUMBER, PHONE, ownership

from saath.codec import encode
from saath.events import Contact, Event, WatermarkRecorded
from saath.identity import identities
from saath_sender.fence import WATERMARK_KEY, Fence

OTHER, OTHER_CONVERSATION = "16505559999", "c_2"
HERS = (f"phone:{PHONE}",)


def value(event: Event) -> bytes:
    return encode(event)[1]


def watermark(fence: Fence, **positions: int) -> None:
    event = WatermarkRecorded(
        id="w", time=NOW, positions={f"{name}.v1": offset for name, offset in positions.items()}
    )
    fence.owner_read(WATERMARK_KEY, value(event))


def fence_with_two_conversations() -> Fence:
    fence = Fence()
    fence.owner_read(CONVERSATION.encode(), value(ownership()))
    other = ownership(phone=OTHER, conversation=OTHER_CONVERSATION)
    fence.owner_read(OTHER_CONVERSATION.encode(), value(other))
    return fence


def test_an_echo_holds_its_conversation_until_it_is_judged() -> None:
    fence = fence_with_two_conversations()
    watermark(fence, inbound=10)
    fence.echo_read(NUMBER, Contact(phone=PHONE), 10)

    before = [fence.undecided(NUMBER, HERS), fence.undecided(NUMBER, (f"phone:{OTHER}",))]
    watermark(fence, inbound=11)

    assert before == ["an echo is not judged yet", None]
    assert fence.undecided(NUMBER, HERS) is None


def test_an_echo_that_was_judged_before_it_was_read_holds_nothing() -> None:
    fence = fence_with_two_conversations()
    watermark(fence, inbound=11)
    fence.echo_read(NUMBER, Contact(phone=PHONE), 10)

    assert fence.undecided(NUMBER, HERS) is None


def test_an_echo_to_an_unknown_address_holds_the_number_and_no_other() -> None:
    fence = fence_with_two_conversations()
    fence.echo_read(NUMBER, Contact(user_id="US.1349"), 10)

    held = [fence.undecided(NUMBER, HERS), fence.undecided("another", HERS)]

    assert held == ["an echo to an unknown address is not judged yet", None]


def test_an_echo_holds_by_either_of_the_two_identities() -> None:
    fence = fence_with_two_conversations()
    both = ownership().model_copy(update={"addresses": Contact(phone=PHONE, user_id="US.1")})
    fence.owner_read(CONVERSATION.encode(), value(both))
    fence.echo_read(NUMBER, Contact(user_id="US.1"), 10)

    assert fence.undecided(NUMBER, identities(both.addresses)) == "an echo is not judged yet"


def test_a_persons_request_holds_until_the_router_has_passed_its_outcome() -> None:
    fence, seen = fence_with_two_conversations(), []
    fence.person_asked("r", NUMBER, HERS[0])
    watermark(fence, outcomes=100)
    seen.append(fence.undecided(NUMBER, HERS))
    fence.person_answered("r", 100)
    seen.append(fence.undecided(NUMBER, HERS))
    watermark(fence, outcomes=101)
    seen.append(fence.undecided(NUMBER, HERS))

    held = "a person's request is not decided yet"
    assert seen == [held, held, None]


def test_what_people_ask_of_one_number_makes_nobody_look_for_another() -> None:
    fence = fence_with_two_conversations()
    fence.person_asked("r", NUMBER, HERS[0])

    assert [fence.quiet(NUMBER), fence.quiet("another")] == [False, True]


def test_a_persons_request_that_comes_twice_holds_once() -> None:
    fence = fence_with_two_conversations()
    fence.person_asked("again", NUMBER, HERS[0])
    fence.person_repeated("again")

    assert fence.undecided(NUMBER, HERS) is None


@pytest.mark.parametrize("redirect_first", [True, False])
def test_the_addresses_of_a_joined_conversation_lead_to_the_one_that_is_left(
    redirect_first: bool,
) -> None:
    fence = fence_with_two_conversations()
    left = ownership(epoch=6).model_copy(update={"addresses": Contact(phone=PHONE, user_id="US.1")})
    user = ownership(conversation="c_3").model_copy(update={"addresses": Contact(user_id="US.1")})
    fence.owner_read(b"c_3", value(user))

    joined = [
        (b"c_3", ownership(conversation="c_3", epoch=6, redirect=CONVERSATION)),
        (CONVERSATION.encode(), left),
    ]
    for key, owner in joined if redirect_first else reversed(joined):
        fence.owner_read(key, value(owner))

    names = [fence.conversation_of(NUMBER, name) for name in (HERS[0], "user:US.1")]
    assert names == [CONVERSATION, CONVERSATION]


def test_a_forgotten_conversation_has_no_owner_and_no_address() -> None:
    fence = fence_with_two_conversations()
    fence.owner_read(CONVERSATION.encode(), None)

    assert fence.owner(CONVERSATION) is None
    assert fence.conversation_of(NUMBER, HERS[0]) is None
