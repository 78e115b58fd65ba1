"""Whether a number is one that a phone and the API share, by what Meta shows of it. Pure."""

from collections.abc import Collection

from saath_sync.onboarding import Done, PhoneNumber, Refused


def coexistence(found: PhoneNumber) -> Done | Refused:
    """Judge whether a number is one that a phone and the API share."""
    if found.on_business_app:
        return Done()
    return Refused(
        None,
        "the number is not in the WhatsApp Business app (is_on_biz_app is false), so there is no "
        "phone to share it with",
    )


def only_number(found: Collection[PhoneNumber]) -> PhoneNumber | Refused:
    """The account's one number that is in the Business app; a person decides where it is not one."""
    shared = [number for number in found if number.on_business_app]
    if len(shared) == 1:
        return shared[0]
    if not shared:
        return Refused(None, "no number of this account is in the WhatsApp Business app")
    names = ", ".join(sorted(number.number for number in shared))
    return Refused(
        None,
        f"several numbers of this account are in the Business app: {names}. Say phone_number_id",
    )


def adoptable(found: Collection[PhoneNumber], number: str) -> PhoneNumber | Refused:
    """Judge whether *number* is one of the account's, connected, and shared with a phone."""
    mine = next((one for one in found if one.number == number), None)
    if mine is None:
        return Refused(None, f"the account has no number {number} that this token may see")
    judged = coexistence(mine)
    if isinstance(judged, Refused):
        return judged
    if mine.platform not in (None, "CLOUD_API"):
        said = f"the number is not connected to the API (platform_type is {mine.platform})"
        return Refused(None, said)
    return mine
