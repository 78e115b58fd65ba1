"""What Meta says of accounts: every body of ``account_update`` that we have, read by ingest."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.sync.samples import ACCOUNT, NOW, NUMBER

from saath.events import AccountUpdated, NumberRecorded, Restriction
from saath_sync.account_words import numbers_meant, word_of
from saath_sync.life import Disabled, Moved, Restricted, Warned

BODIES = Path(__file__).parents[2] / "contract" / "payloads"


def update(event: str, **details: Any) -> AccountUpdated:
    return AccountUpdated(
        id="u",
        time=NOW,
        account=ACCOUNT,
        field="account_update",
        event=event,
        details={"event": event, **details},
    )


def as_ingest_writes(path: Path) -> AccountUpdated:
    (event,) = json.loads(path.read_bytes())
    return AccountUpdated.model_validate(event["value"])


def said(event: AccountUpdated) -> str | None:
    match word_of(event):
        case Moved(to=to, reconnecting=reconnecting):
            return "reconnecting" if reconnecting else to
        case Restricted():
            return "restricted"
        case Disabled(disabled=disabled):
            return "disabled" if disabled else "enabled"
        case Warned():
            return "warned"
        case _:
            return None


def test_every_body_we_have_means_what_the_facts_say() -> None:
    found = {
        path.name.removesuffix(".events.json").removeprefix("account_update__"): said(
            as_ingest_writes(path)
        )
        for path in BODIES.glob("account_update__*.events.json")
    }

    assert {name: word for name, word in found.items() if word} == {
        "ACCOUNT_DELETED__1": "removed",
        "ACCOUNT_OFFBOARDED__1": "offboarded",
        "ACCOUNT_RECONNECTED__1": "reconnecting",
        "ACCOUNT_RESTRICTION__1": "restricted",
        "ACCOUNT_VIOLATION__1": "warned",
        "DISABLED_UPDATE__1": "enabled",
        "DISABLED_UPDATE__2": "warned",
        "PARTNER_APP_UNINSTALLED__1": "disconnected",
        "PARTNER_REMOVED__1": "disconnected",
        "PARTNER_REMOVED__2": "disconnected",
        "PARTNER_REMOVED__3": "disconnected",
    }


def test_a_restriction_says_what_and_until_when_and_one_nobody_knows_is_everything() -> None:
    word = word_of(
        update(
            "ACCOUNT_RESTRICTION",
            restriction_info=[
                {
                    "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING",
                    "expiration": 1641330498,
                },
                {"restriction_type": "RESTRICTED_SOMETHING_NEW", "expiration": "never"},
                "nonsense",
            ],
        )
    )

    assert isinstance(word, Restricted)
    assert word.restrictions == (
        Restriction(kind="business_initiated", until=datetime.fromtimestamp(1641330498, UTC)),
        Restriction(kind="everything"),
    )


@pytest.mark.parametrize(
    "details",
    [{}, {"restriction_info": []}, {"restriction_info": "x"}, {"restriction_info": ["nonsense"]}],
)
def test_a_restriction_that_cannot_be_read_is_told_and_frees_nothing(
    details: dict[str, Any],
) -> None:
    assert said(update("ACCOUNT_RESTRICTION", **details)) == "warned"


def test_another_field_says_nothing_of_a_number_s_life() -> None:
    other = update("ACCOUNT_DELETED").model_copy(update={"field": "account_alerts"})

    assert word_of(other) is None


def row(number: str, account: str, phone: str | None) -> NumberRecorded:
    return NumberRecorded(
        id=number, time=NOW, number=number, state="active", account=account, display_phone=phone
    )


@pytest.mark.parametrize(
    ("details", "meant"),
    [
        ({}, (NUMBER, "2")),
        ({"phone_number": "15550783881"}, (NUMBER,)),
        ({"phone_number": "+1 555-078-3882"}, ("2",)),
        ({"phone_number": "4915112345"}, ()),
    ],
)
def test_the_number_that_meta_names_is_meant_or_all_of_the_account(
    details: dict[str, str], meant: tuple[str, ...]
) -> None:
    known = [
        row(NUMBER, ACCOUNT, "15550783881"),
        row("2", ACCOUNT, "+1 555 078 3882"),
        row("3", "another", "15550783881"),
    ]

    assert numbers_meant(update("PARTNER_REMOVED", **details), known) == meant
