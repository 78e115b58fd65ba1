"""What a number is called, how Meta rates it, and where it is."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiolimiter import AsyncLimiter
from pydantic import SecretStr
from tests.unit.sync.samples import NUMBER
from tests.unit.sync.stage import Meta, Stage

from saath.codec import decode
from saath.events import NumberRecorded
from saath.graph import GraphAnswer, GraphClient, GraphSettings
from saath.topics import NUMBERS
from saath_sync.description import Description, Place, Places, Profile
from saath_sync.dialling import COUNTRIES
from saath_sync.graph_calls import FIELDS, MetaCalls
from saath_sync.life import Probing
from saath_sync.onboarding import PhoneNumber, Refused, Token
from saath_sync.prober import Found, Prober
from saath_sync.zones import ZONES, checked

NAME = Profile(verified_name="Lucky Shrub", quality_rating="GREEN", throughput="STANDARD")
SEEN = PhoneNumber(NUMBER, "+91 98765 43210", True, "CLOUD_API", NAME)
TOKEN = SecretStr("token")


@pytest.mark.parametrize(
    ("phone", "said", "country", "timezone"),
    [
        ("+91 98765 43210", Place(), "IN", "Asia/Kolkata"),
        ("49 151 1", Place(), "DE", "Europe/Berlin"),
        # Great Britain and three islands: one clock, and nobody knows which country.
        ("+44 20 1", Place(), None, "Europe/London"),
        ("+44 20 1", Place(country="JE"), "JE", "Europe/London"),
        ("+55 11 1", Place(), "BR", "UTC"),  # several clocks
        ("+55 11 1", Place(timezone="America/Manaus"), "BR", "America/Manaus"),
        ("+1 555 1", Place(), None, "UTC"),
        ("+1 876 1", Place(country="JM"), "JM", "America/Jamaica"),
        (None, Place(), None, "UTC"),
        ("+91 98765 43210", Place("NP", "Asia/Kathmandu"), "NP", "Asia/Kathmandu"),
    ],
)
def test_a_number_is_where_somebody_says_else_where_its_dialling_code_is(
    phone: str | None, said: Place, country: str | None, timezone: str
) -> None:
    described = Places(otherwise="UTC").described(NAME, phone, said)

    known = NAME.model_dump()
    assert described == Description(**known, country=country, timezone=timezone)


def test_each_country_of_the_table_has_a_dialling_code_and_a_time_zone_that_there_is() -> None:
    countries = {country for group in COUNTRIES.values() for country in group}

    assert (set(ZONES) - countries, {ZoneInfo(name).key for name in ZONES.values()}) == (
        set(),
        set(ZONES.values()),
    )


@pytest.mark.parametrize("name", ["", "Asia/Nowhere", "../etc/passwd", "Asia"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        checked(name)


async def test_everybody_learns_how_a_number_is_described() -> None:
    stage = Stage(Meta(numbers=(SEEN,)))

    await stage.connect()

    [*_, last] = public(stage)
    told = last.model_dump(include=set(Description.model_fields))
    assert told == NAME.model_dump() | {"country": "IN", "timezone": "Asia/Kolkata"}


async def test_the_probe_brings_what_meta_says_by_now_and_keeps_what_it_does_not_say() -> None:
    worse = replace(SEEN, profile=NAME.model_copy(update={"quality_rating": "RED"}))
    stage = Stage(Meta(numbers=(SEEN,)))
    await stage.connect(place=Place(timezone="Asia/Calcutta"))

    for seen in (worse, replace(SEEN, profile=None)):
        async with stage.pod() as connector:
            asks = Probes(Found("connected", "well", seen))
            prober = Prober(
                connector.numbers,
                asks,
                lambda _: TOKEN,
                Probing(),
                AsyncLimiter(9),
                stage.clock.now,
            )
            await prober.ask(NUMBER)

    assert [(n.quality_rating, n.verified_name, n.timezone) for n in public(stage)[-2:]] == [
        ("GREEN", "Lucky Shrub", "Asia/Calcutta"),
        ("RED", "Lucky Shrub", "Asia/Calcutta"),
    ]


class Probes:
    """Finds always the same."""

    def __init__(self, found: Found) -> None:
        self.found = found

    async def probe(self, number: str, token: Token) -> Found:
        return self.found


def public(stage: Stage) -> list[NumberRecorded]:
    events = [decode(o.headers, o.value) for o in stage.written if o.topic is NUMBERS]
    return [event for event in events if isinstance(event, NumberRecorded)]


class Picky(GraphClient):
    """A Meta that has no such field any more, or does not show the number at all."""

    def __init__(self, subcode: int | None) -> None:
        super().__init__(GraphSettings())
        self.subcode = subcode
        self.asked: list[str] = []

    async def _ask(
        self, method: str, path: str, token: SecretStr | None, **arguments: Any
    ) -> GraphAnswer:
        fields = arguments["params"]["fields"]
        self.asked.append(fields)
        if fields == FIELDS and self.subcode is None:
            return GraphAnswer(200, {"id": NUMBER, "is_on_biz_app": True})
        error = {"code": 100, "message": "no", "error_subcode": self.subcode}
        return GraphAnswer(400, {"error": error})


async def test_a_field_that_meta_has_no_more_does_not_make_a_number_invisible() -> None:
    picky, hidden = Picky(None), Picky(33)

    read = [
        await MetaCalls(g, "1", SecretStr("s")).read_number(NUMBER, TOKEN) for g in (picky, hidden)
    ]
    probed = await MetaCalls(Picky(None), "1", SecretStr("s")).probe(NUMBER, TOKEN)

    assert read == [PhoneNumber(NUMBER, None, True), Refused(100, "no", 33)]
    assert isinstance(probed, Found)
    assert (probed.finding, len(picky.asked), len(hidden.asked)) == ("connected", 2, 1)


async def test_what_meta_says_of_a_number_is_read_whatever_it_leaves_out() -> None:
    class Answers(Picky):
        async def _ask(self, *_: Any, **__: Any) -> GraphAnswer:
            more = {
                "verified_name": "Lucky Shrub",
                "throughput": {"level": "HIGH"},
                "whatsapp_business_manager_messaging_limit": "TIER_1K",
                "quality_rating": {"score": 3},
            }
            return GraphAnswer(200, {"id": NUMBER, "is_on_biz_app": True, **more})

    read = await MetaCalls(Answers(None), "1", SecretStr("s")).read_number(NUMBER, TOKEN)

    assert isinstance(read, PhoneNumber)
    assert read.profile == Profile(
        verified_name="Lucky Shrub", throughput="HIGH", messaging_limit="TIER_1K"
    )
