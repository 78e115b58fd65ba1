"""Facts that never act: how far our messages got, and what is older than the connection."""

import pytest
from tests.unit.router.build import (
    CUSTOMER,
    EVERYONE,
    Story,
    accepted,
    backfilled,
    echoed,
    edited,
    kinds,
    received,
    revoked,
    status,
)

from saath.events import Contact, MessageEdited, MessageRevoked
from saath.identity import event_id
from saath_router.memory import HASH_BYTES


def logged(story: Story, *heard: str) -> list[str]:
    """Which of these statuses of one message are logged, heard in this order."""
    return [
        kind for n, kind in enumerate(heard) if story.hears(status(kind, "w1", n), seconds=n) != ()
    ]


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (["sent", "delivered", "read"], ["sent", "delivered", "read"]),
        (["read", "delivered", "sent"], ["read"]),
        (["sent", "read", "delivered"], ["sent", "read"]),
        (["sent", "sent", "delivered", "delivered"], ["sent", "delivered"]),
        (["sent", "failed"], ["sent", "failed"]),
        (["delivered", "failed"], ["delivered"]),
        (["failed", "sent", "delivered"], ["failed"]),
    ],
    ids=" ".join,
)
def test_a_status_never_goes_backwards(heard: list[str], expected: list[str]) -> None:
    assert logged(Story(), *heard) == expected


def test_a_status_may_come_before_the_answer_that_named_the_message() -> None:
    story = Story()
    story.hears(status("delivered", "w1", 1))

    decision = story.hears(accepted("w1", 0), seconds=2)

    assert kinds(decision) == ["MessageAccepted"]
    assert logged(story, "sent") == []


def test_a_status_takes_nothing_over_and_opens_nothing() -> None:
    story = Story()

    decision = story.hears(status("read", "w1", 0, ours=False))

    assert kinds(decision) == ["MessageRead"]
    assert (story.state.epoch, story.state.window_until) == (0, None)


def test_a_status_does_not_replace_the_address_the_customer_writes_from() -> None:
    """In Brazil and Mexico a status names the number with another digit than the customer's own."""
    story = Story()
    story.is_asked("m1", 0)
    other = story.state.contact.model_copy(update={"phone": "4915199999999", "user_id": "DE.1"})

    story.hears(status("sent", "w1", 1).model_copy(update={"contact": other}))

    assert (story.state.contact.phone, story.state.contact.user_id) == ("4915100000001", "DE.1")


@pytest.mark.parametrize("author", ["customer", "business"])
def test_history_is_logged_and_acts_on_nothing(author: str) -> None:
    story = Story(EVERYONE)
    event = backfilled("h1", -1000, "customer" if author == "customer" else "business")

    decision = story.hears(event, seconds=0)

    seen = story.state
    assert kinds(decision) == ["MessageBackfilled"]
    assert (seen.owner, seen.epoch, seen.window_until, seen.lease_until) == ("bot", 0, None, None)
    assert (seen.recent, seen.turns, seen.seen) == ((), {}, b"")


@pytest.mark.parametrize("event", [received("m1", 0), echoed("m1", 0)], ids=["received", "echoed"])
def test_no_event_that_says_it_is_history_acts(event: object) -> None:
    """Whatever its type: promise 7 may not hang on a producer's choice of type."""
    assert isinstance(event, type(received("m1", 0)) | type(echoed("m1", 0)))
    story = Story()

    decision = story.hears(event.model_copy(update={"origin": "history"}))

    assert len(decision) == 1
    assert (story.state.epoch, story.state.window_until) == (0, None)


@pytest.mark.parametrize("live", ["received", "echoed", "sent by us"])
def test_history_of_what_was_seen_live_is_dropped(live: str) -> None:
    story = Story()
    match live:
        case "received":
            story.hears(received("m1", 0))
        case "echoed":
            story.hears(echoed("m1", 0))
        case _:
            story.hears(accepted("m1", 0))

    assert story.hears(backfilled("m1", 0), seconds=10) == ()


def test_a_long_history_pushes_out_nothing_of_what_happens_now() -> None:
    story = Story()
    first = received("m1", 0)
    story.hears(first)
    for n in range(1000):
        story.hears(backfilled(f"h{n}", -n), seconds=1)

    assert story.hears(first, seconds=2) == ()
    assert (story.state.forgotten_before, len(story.state.seen_history)) == (None, 256 * HASH_BYTES)


def test_history_adds_to_what_is_known_of_a_contact_but_no_address() -> None:
    """By another they may have another conversation, and a person's words would be taken for that one's."""
    story = Story()
    story.hears(received("m1", 0))
    then = Contact(phone="4915100000008", user_id="DE.7", name="Ana", username="ana.before")

    story.hears(backfilled("h1", -100).model_copy(update={"contact": then}))

    assert story.state.contact == CUSTOMER.model_copy(
        update={"name": CUSTOMER.name or "Ana", "username": CUSTOMER.username or "ana.before"}
    )


def test_whom_only_history_knows_is_known_by_all_that_it_says() -> None:
    story = Story()
    then = Contact(phone="4915100000008", user_id="DE.7", name="Ana")

    story.hears(backfilled("h1", -100).model_copy(update={"contact": then}))

    assert story.state.contact == then


def test_many_messages_later_it_is_known_still_how_far_one_got_and_that_it_is_ours() -> None:
    """Meta delivers again for a week, and a bot writes a lot in one."""
    story = Story()
    story.hears(accepted("w1", 0))
    story.hears(status("read", "w1", 1))
    for n in range(200):
        story.hears(accepted(f"x{n}", 2))

    again = [status("sent", "w1", 1), status("read", "w1", 1), echoed("w1", 0)]

    assert [story.hears(event, seconds=9) for event in again] == [(), (), ()]


Change = MessageEdited | MessageRevoked
CHANGES = [(edited("m1", 5, "In red?"), "edit"), (revoked("m1", 5), "revoke")]


def live(change: Change, kind: str) -> Change:
    """As ingest names it."""
    name = event_id(change.message_id, "edited" if kind == "edit" else "revoked")
    return change.model_copy(update={"id": name})


def of_history(change: Change, kind: str) -> Change:
    """As a replay names it."""
    name = event_id(change.message_id, f"{kind}_backfilled")
    return change.model_copy(update={"id": name, "origin": "history"})


@pytest.mark.parametrize(("change", "kind"), CHANGES, ids=["edited", "revoked"])
def test_a_change_that_comes_live_acts_although_the_history_told_it_before(
    change: Change, kind: str
) -> None:
    told, untold = Story(EVERYONE), Story(EVERYONE)
    for story in (told, untold):
        story.hears(received("m1", 0))
    told.hears(of_history(change, kind), seconds=6)

    for story in (told, untold):
        assert kinds(story.hears(live(change, kind), seconds=7))[0] == type(change).__name__

    assert told.state.pending == untold.state.pending
    assert told.state.recent == untold.state.recent


@pytest.mark.parametrize(("change", "kind"), CHANGES, ids=["edited", "revoked"])
def test_a_change_of_the_history_that_was_seen_live_is_dropped(change: Change, kind: str) -> None:
    story = Story(EVERYONE)
    story.hears(received("m1", 0))
    story.hears(live(change, kind), seconds=6)

    assert story.hears(of_history(change, kind), seconds=7) == ()
