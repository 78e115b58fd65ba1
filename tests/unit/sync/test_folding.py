"""What a message of the history is once its status, media, edits and deletion are put together."""

from datetime import datetime

import pytest
from tests.unit.sync.gathering import gather
from tests.unit.sync.samples import IMAGE, NOW, PLACEHOLDER, WRITTEN, media, message, seconds

from saath.events import Content, Event, MessageBackfilled, MessageEdited, MessageRevoked
from saath_sync.decide import decide
from saath_sync.ledger import Ledger, Replay, Taken
from saath_sync.ready import Old


def all_of(*events: Event, media_from: datetime | None = None) -> list[Old]:
    """One replay of all these."""
    replay = Replay(phase=0, since=0, until=len(events), media_from=media_from)
    return gather(enumerate(events), replay)


def with_status(name: str, status: str | None) -> MessageBackfilled:
    said: MessageBackfilled = message(name).model_copy(update={"status": status})
    return said


def edit(name: str, of: str, text: str, at: float = 5, phase: int = 0) -> MessageBackfilled:
    changed = {"context": {"id": "M0"}, "type": "text", "text": {"body": text}}
    said = {"type": "edit", "edit": {"original_message_id": of, "message": changed}}
    return message(name, at, phase, Content.model_validate(said))


def revoke(name: str, of: str, at: float = 5, phase: int = 0) -> MessageBackfilled:
    said = {"type": "revoke", "revoke": {"original_message_id": of}}
    return message(name, at, phase, Content.model_validate(said))


def body(event: Old) -> str | None:
    assert isinstance(event, MessageBackfilled | MessageEdited)
    return event.content.text


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("READ", "read"),
        ("DELIVERED", "delivered"),
        ("ERROR", "failed"),
        ("PENDING", "pending"),
        ("PLAYED", "played"),
        ("SENT", "sent"),
        ("WARMED_UP", "warmed_up"),
        (None, None),
    ],
)
def test_what_became_of_a_message_is_said_in_our_words(said: str | None, ours: str | None) -> None:
    assert all_of(with_status("a", said)) == [with_status("a", ours)]


def test_a_message_that_comes_again_tells_how_far_it_got_and_never_how_far_it_had_been() -> None:
    history = [with_status(name, status) for name, status in ROUNDS]

    assert all_of(*history) == [with_status("a", "read"), with_status("b", "played")]


ROUNDS = [("a", "SENT"), ("b", "PLAYED"), ("a", "READ"), ("b", "DELIVERED"), ("a", "ERROR")]


def test_an_edit_changes_its_message_and_is_not_told_by_itself_the_latest_counts() -> None:
    found = all_of(edit("e2", "a", "last", 9), message("a"), edit("e1", "a", "first", 5))

    edited_at = WRITTEN + seconds(9)
    said = message("a").model_copy(update={"edited_at": edited_at})
    assert [e.model_copy(update={"content": said.content}) for e in found] == [said]
    assert [body(event) for event in found] == ["last"]


def test_a_deletion_marks_its_message() -> None:
    marked = message("a").model_copy(update={"revoked_at": WRITTEN + seconds(5)})

    assert all_of(message("a"), revoke("r", "a"), message("b")) == [marked, message("b")]


def test_an_edit_of_a_message_that_is_out_follows_by_itself() -> None:
    history = [message("a"), edit("e", "a", "corrected")]
    late = Replay(phase=0, since=1, until=2, before=(Taken(phase=0, until=1),))

    [found] = gather(enumerate(history), late)

    assert found == MessageEdited(
        id="e:edit_backfilled",
        time=WRITTEN + seconds(5),
        number=message("a").number,
        origin="history",
        message_id="e",
        original_message_id="a",
        contact=message("a").contact,
        by="customer",
        content=Content.model_validate(
            {"context": {"id": "M0"}, "type": "text", "text": {"body": "corrected"}}
        ),
    )


def test_a_deletion_of_a_message_that_is_out_or_unknown_follows_by_itself() -> None:
    history = [message("a"), revoke("r", "a"), revoke("s", "nobody knows it")]
    late = Replay(phase=0, since=1, until=3, before=(Taken(phase=0, until=1),))

    found = gather(enumerate(history), late)

    assert [(type(e), getattr(e, "original_message_id", None), e.id) for e in found] == [
        (MessageRevoked, "a", "r:revoke_backfilled"),
        (MessageRevoked, "nobody knows it", "s:revoke_backfilled"),
    ]


def test_an_edit_in_a_newer_phase_changes_the_message_of_an_older_one_too() -> None:
    history = [message("a", phase=1), edit("e", "a", "corrected", phase=0)]

    [newer] = gather(enumerate(history), Replay(phase=0, since=0, until=2))
    [older] = gather(enumerate(history), Replay(phase=1, since=0, until=2))

    assert (type(newer), type(older), body(older)) == (
        MessageEdited,
        MessageBackfilled,
        "corrected",
    )


def test_an_edited_placeholder_stays_one_until_its_media_is_there() -> None:
    caption = edit("e", "a", "a new caption")

    [without] = all_of(message("a", content=PLACEHOLDER), caption)
    [with_it] = all_of(message("a", content=PLACEHOLDER), caption, media("a"))

    assert isinstance(without, MessageBackfilled)
    assert isinstance(with_it, MessageBackfilled)
    assert (without.content, without.media) == (PLACEHOLDER, "never")
    assert (with_it.content, with_it.media, with_it.edited_at) == (
        IMAGE,
        None,
        WRITTEN + seconds(5),
    )


def test_media_is_awaited_of_the_last_fortnight_and_comes_never_of_what_is_older() -> None:
    old, new = message("old", 0, content=PLACEHOLDER), message("new", 60, content=PLACEHOLDER)
    text = message("text", 90)

    found = all_of(old, new, text, media_from=WRITTEN + seconds(60))

    assert [getattr(event, "media", None) for event in found] == ["never", "awaited", None]


def test_of_an_adopted_numbers_own_history_no_media_is_awaited() -> None:
    assert [e.media for e in all_of(message("a", content=PLACEHOLDER)) if hasattr(e, "media")] == [
        "never"
    ]


GROUP = message("g", content=Content.model_validate({"type": "text", "group_id": "Y2FwaV9ncm91cA"}))
THREAD = message("t").model_copy(
    update={"contact": message("t").contact.model_copy(update={"user_id": "120363041@g.us"})}
)


@pytest.mark.parametrize("stray", [GROUP, THREAD])
def test_what_was_written_in_a_group_is_left_out_and_counted(stray: MessageBackfilled) -> None:
    ledger: Ledger | None = None
    for offset, event in enumerate((message("a"), stray)):
        ledger = decide(event, ledger, offset, NOW)

    assert ledger is not None
    assert ledger.history is not None
    assert ledger.history.of_groups == 1
    assert all_of(message("a"), stray) == [message("a")]


def test_what_is_nothing_but_a_broken_edit_is_told_as_it_came() -> None:
    broken = message("e", content=Content.model_validate({"type": "edit", "edit": "?", "more": 1}))

    [found] = all_of(broken)

    assert isinstance(found, MessageEdited)
    assert (found.original_message_id, found.content.type, found.details) == (
        None,
        "unknown",
        {"more": 1},
    )
