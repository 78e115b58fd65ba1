"""
What a number is called, how Meta rates it, and where it is. Pure.

Nice to know and needed for nothing, so none of it ever stands in the way of a number that works.
"""

from dataclasses import dataclass

from saath.events.base import Model
from saath_sync.dialling import countries_of
from saath_sync.zones import zone_of


class Profile(Model):
    """What Meta says of a number, in its own words."""

    verified_name: str | None = None
    quality_rating: str | None = None
    throughput: str | None = None
    messaging_limit: str | None = None


class Description(Profile):
    """The same, and where the number is: by ISO 3166, and by the name of its time zone."""

    country: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number is, as whoever connects it says; ``None`` where nothing is said."""

    country: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where numbers are. *otherwise*: the time zone of those whose country has several, or is unknown."""

    otherwise: str | None = None

    def described(self, profile: Profile, display_phone: str | None, said: Place) -> Description:
        """
        Describe a number: what is *said* goes before what its dialling code tells.

        A code that several countries share tells the time zone where one clock holds in all of them,
        and no country.
        """
        possible = countries_of(display_phone or "")
        country = said.country or (possible[0] if len(possible) == 1 else None)
        zone = zone_of([country] if country else possible)
        known = {name: getattr(profile, name) for name in Profile.model_fields}
        return Description(
            **known, country=country, timezone=said.timezone or zone or self.otherwise
        )
