"""What Meta says of templates reaches every number of the account, and its sender."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.sender.test_pauses import Number
from tests.unit.sender.test_templates import template
from tests.unit.sync.samples import ACCOUNT, NOW, NUMBER
from tests.unit.sync.test_account_words import BODIES, as_ingest_writes
from tests.unit.sync.test_living import known, owner, record, words, working

from saath.codec import decode
from saath.events import AccountUpdated, NumberRecorded, NumberWarned, TemplateStatus
from saath.topics import ACCOUNTS, NUMBER_EVENTS, NUMBERS
from saath_sync.account_words import numbers_meant
from saath_sync.handler import STATE, SyncHandler
from saath_sync.templates import APPROVED_MAX, STOPPED_MAX, heard, status_of

DETAILS = {"message_template_name": "news", "message_template_language": "en_US"}


def said(event: str, at: datetime = NOW, number: str | None = NUMBER, **details: Any) -> Any:
    return AccountUpdated(
        id=f"{event}{at}{details}",
        time=at,
        number=number,
        account=ACCOUNT,
        field="message_template_status_update",
        event=event,
        details={"event": event, **DETAILS, **details},
    )


def status(state: Any, at: datetime = NOW, name: str = "news") -> TemplateStatus:
    return TemplateStatus(name=name, language="en_US", state=state, at=at)


def recorded(handler: SyncHandler) -> NumberRecorded | None:
    """What ``numbers`` says of it after what has changed."""
    outputs = [o for o in handler.finish({}, NOW) if o.topic is NUMBERS]
    found = [decode(o.headers, o.value) for o in outputs]
    return next((event for event in found if isinstance(event, NumberRecorded)), None)


def test_every_body_that_we_have_is_understood() -> None:
    found = {
        path.name.split("__")[1]: status_of(as_ingest_writes(path))
        for path in BODIES.glob("message_template_*.events.json")
    }

    # Its webhooks write en-US where its API wants en_US.
    assert {
        kind: (word.name, word.language, word.state) for kind, word in found.items() if word
    } == {
        "APPROVED": ("order_confirmation", "en_US", "approved"),
        "PAUSED_OR_DISABLED": ("summer_sale", "en", "disabled"),
    }


@pytest.mark.parametrize(
    ("update", "state"),
    [
        (said("PAUSED"), "paused"),
        (said("REINSTATED"), "approved"),
        (said("FLAGGED"), None),
        (said("PENDING_DELETION"), None),
        (said("PAUSED", message_template_name=7), None),
        (said("PAUSED", message_template_language=None), None),
        (said("PAUSED").model_copy(update={"field": "account_update"}), None),
    ],
)
def test_what_says_nothing_of_whether_it_may_be_sent_says_nothing(
    update: AccountUpdated, state: str | None
) -> None:
    found = status_of(update)

    assert (found.state if found else None) == state


def test_it_is_handed_on_to_all_numbers_of_the_account() -> None:
    handed = list(owner().handle(record(said("PAUSED", number=None), ACCOUNTS), NOW))

    numbers = [decode(output.headers, output.value).number for output in handed]
    assert numbers == [*numbers_meant(said("PAUSED"), known())] == [NUMBER, "2"]


def test_numbers_says_it_and_whoever_wrote_it_is_told() -> None:
    handler = working()
    recorded(handler)
    outputs = [*handler.handle(record(said("PAUSED"), ACCOUNTS), NOW)]
    [warning] = [decode(o.headers, o.value) for o in outputs if o.topic is NUMBER_EVENTS]
    held = recorded(handler)
    later = NOW + timedelta(hours=3)
    freed = [*handler.handle(record(said("APPROVED", later), ACCOUNTS), later)]
    after = recorded(handler)

    assert isinstance(warning, NumberWarned)
    assert warning.reason == "Meta has paused the template news (en_US)"
    assert held is not None
    assert after is not None
    assert (held.templates, words(freed), after.templates) == (
        (status("paused"),),
        [],
        (status("approved", later),),
    )


def test_a_word_of_a_time_to_come_makes_no_old_word_of_what_follows() -> None:
    handler = working()
    ahead = said("PAUSED", NOW + timedelta(days=1))
    for update in (ahead, said("APPROVED", NOW + timedelta(seconds=1))):
        list(handler.handle(record(update, ACCOUNTS), update.time if update is not ahead else NOW))
    after = recorded(handler)

    assert after is not None
    assert [found.state for found in after.templates] == ["approved"]


def test_an_older_word_that_comes_later_and_the_same_one_again_change_nothing() -> None:
    handler = working()
    list(handler.handle(record(said("APPROVED"), ACCOUNTS), NOW))
    recorded(handler)
    late = said("PAUSED", NOW - timedelta(seconds=1))
    outputs = [
        output
        for update in (late, said("APPROVED"))
        for output in handler.handle(record(update, ACCOUNTS), NOW)
    ]

    assert (words(outputs), recorded(handler)) == ([], None)


def test_a_new_owner_knows_it() -> None:
    handler = working()
    list(handler.handle(record(said("DISABLED"), ACCOUNTS), NOW))
    [state] = [o for o in handler.finish({}, NOW) if o.topic == STATE and o.key == NUMBER.encode()]
    after = owner()
    after.restore(NUMBER.encode(), state.value)

    assert after.ledgers[NUMBER].templates == (status("disabled"),)


def test_no_more_is_kept_than_an_account_may_have_and_what_is_stopped_before_what_is_not() -> None:
    known: tuple[TemplateStatus, ...] = (status("paused", name="first"),)
    for n in range(STOPPED_MAX + APPROVED_MAX):
        known = heard(known, status("approved", NOW + timedelta(seconds=n), f"a{n}"))
    approved = [found.name for found in known]
    for n in range(STOPPED_MAX):
        known = heard(known, status("disabled", NOW + timedelta(seconds=n + 1), f"d{n}"))

    assert approved == ["first", *(f"a{n}" for n in range(STOPPED_MAX, STOPPED_MAX + APPROVED_MAX))]
    assert (len(known), "first" in {found.name for found in known}) == (
        STOPPED_MAX + APPROVED_MAX,
        False,
    )


def test_from_metas_words_to_what_the_sender_does() -> None:
    sync, p = working(), Number()
    at = p.now.wall
    p.paid("news-1", messages=[template(language="en_US")])
    p.paid("other", to="16505550003", messages=[template("other")])
    list(sync.handle(record(said("PAUSED", at), ACCOUNTS), NOW))
    p.recorded = recorded(sync) or p.recorded
    held = p.run(2.0)
    list(sync.handle(record(said("APPROVED", at + timedelta(seconds=2)), ACCOUNTS), NOW))
    p.recorded = recorded(sync) or p.recorded

    assert (held, p.run(2.0)) == (["other"], ["news-1"])
