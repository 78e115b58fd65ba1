"""Fields about groups of the Groups API, which no coexistence number has: tolerated. Pure."""

from functools import partial

from saath.events import GroupChanged, JsonObject
from saath.identity import digest_id
from saath.topics import ACCOUNTS
from saath_ingest.fields.change import Change, Placed
from saath_ingest.fields.frame import Frame, frame_of
from saath_ingest.fields.unrecognised import each, left_over
from saath_ingest.fields.values import canonical, moment

GROUP_FIELDS = (
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
)


def read(change: Change) -> tuple[Placed, ...]:
    """Every group of the change."""
    changed = partial(group_changed, frame_of(change), change.field)
    placed = (*each(change, change.value.get("groups"), ACCOUNTS, changed),)
    return (*placed, *left_over(change, placed, "groups"))


def group_changed(frame: Frame, field: str, item: JsonObject) -> GroupChanged:
    """One group, as Meta wrote it."""
    return GroupChanged(
        id=digest_id("group_", frame.number, field, canonical(item)),
        time=moment(item.get("timestamp")) or frame.received_at,
        number=frame.number,
        field=field,
        details=item,
    )
