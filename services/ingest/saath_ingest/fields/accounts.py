"""Fields about an account, its numbers and its templates: they name no phone number id. Pure."""

from saath.events import AccountUpdated
from saath.identity import digest_id
from saath.topics import ACCOUNTS
from saath_ingest.fields.change import Change, Placed
from saath_ingest.fields.values import account_id, canonical, mapping, moment, text

ACCOUNT_FIELDS = (
    "account_alerts",
    "account_review_update",
    "account_update",
    "business_capability_update",
    "business_username_updates",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "template_category_update",
)


def read(change: Change) -> tuple[Placed, ...]:
    """
    One event, with the value as Meta wrote it.

    The account that is meant may stand inside and then differ from the one that the entry is for.
    """
    inside = mapping(change.value.get("waba_info")).get("waba_id")
    event = AccountUpdated(
        id=digest_id(
            "account_",
            change.account,
            canonical(change.entry_time),
            change.field,
            canonical(change.value),
        ),
        time=moment(change.entry_time) or change.received_at,
        account=account_id(inside) or change.account,
        field=change.field,
        event=text(change.value.get("event")),
        details=change.value,
    )
    return (Placed(ACCOUNTS, event),)
