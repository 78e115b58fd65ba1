"""Which messages a rule fits: words in many scripts, patterns, and what else a message says."""

from datetime import UTC, datetime

import pytest

from saath.events import (
    Condition,
    Contact,
    Content,
    HandoffRule,
    MessageReceived,
    OpeningHours,
)
from saath_router.rules import Facts, facts_of, first_match

# A Monday, 15:30 in Kolkata.
NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
OPEN = OpeningHours.model_validate({"timezone": "UTC", "week": {"mon": "09:00-17:00"}})
SHUT = OpeningHours.model_validate({"timezone": "UTC", "week": {"mon": "11:00-17:00"}})


def facts(text: str | None = None, **said: object) -> Facts:
    """A text message, but for what is *said*."""
    given = {"text": text, "type": "text", "contact": Contact(), "ad_source": None, "at": NOW}
    return Facts(**(given | said))  # type: ignore[arg-type] # the tests say them right


def rules(*conditions: object) -> tuple[HandoffRule, ...]:
    """A rule each, named by its place."""
    return tuple(
        HandoffRule(name=f"rule-{n}", when=Condition.model_validate(condition))
        for n, condition in enumerate(conditions)
    )


def fits(condition: object, message: Facts, hours: OpeningHours | None = None) -> bool:
    """True where a rule with that *condition* is the first that fits."""
    return first_match(rules(condition), message, hours) is not None


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        ("refund", "I want a REFUND!", True),
        ("refund", "refunds", False),
        ("refund", "prerefund", False),
        ("refund", "no refunds, but a refund", True),
        ("money back", "my money\n  back now", True),
        ("money back", "money, back", False),
        ("don't", "I don\u2019t know", True),
        ("straße", "Hauptstr. / STRASSE 5", True),
        ("ＲＥＦＵＮＤ", "refund", True),
        ("refund", "Ｒefund", True),
        ("İADE", "iade istiyorum", True),
        ("kaldır", "KALDIR", True),
        # Devanagari: a vowel sign or a virama goes on with the word.
        ("रिफंड", "मुझे रिफंड चाहिए", True),
        ("रिफ", "मुझे रिफंड चाहिए", False),
        ("कम", "कमी नहीं", False),
        ("क", "कि", False),
        ("फंड", "रिफंड", False),
        ("की", "कीमत क्या है", False),
        ("पैसे वापस", "मेरे पैसे  वापस करो।", True),
        # Tamil, Arabic, Hebrew: spaces between words too; joiners and marks of direction are not seen.
        ("பணம்", "என் பணம் எங்கே", True),
        ("استرداد", "أريد \u200fاسترداد\u200f المبلغ", True),
        ("استرداد", "الاسترداد", False),
        ("می\u200cخواهم", "پول میخواهم", True),
        ("ОПЛАТА", "где оплата?", True),
        # Thai, Chinese, Japanese, Burmese: no spaces, but a mark changes the letter before it.
        ("คืนเงิน", "อยากขอคืนเงินค่ะ", True),
        ("มา", "ไม่มาครับ", True),
        ("กร", "กร่อย", False),
        ("น้ำ", "ขอน้ำหน่อย", True),
        ("退款", "我要退款可以吗", True),
        ("人工客服", "转人工客服", True),
        ("返金", "すぐに返金してください", True),
        ("ngｗ", "NGWだよ", True),
        ("iphone", "iPhoneを返品", True),
        ("phone", "iPhoneを返品", False),
        ("환불", "환불해주세요", True),
        ("ပြန်", "ငွေပြန်အမ်းပါ", True),
        # Signs are no letters: they may stand anywhere.
        ("👍", "ok👍", True),
        ("👍", "👍🏽", True),
        ("❤️", "love ❤ you", True),
        ("5", "15", False),
        ("5", "only 5!", True),
    ],
)
def test_a_word_is_found_as_a_whole_in_any_script(word: str, text: str, expected: bool) -> None:
    assert fits({"words": [word]}, facts(text)) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"order\s*#?\d{4,}", "Where is ORDER 12345?", True),
        (r"order\s*#?\d{4,}", "order 12", False),
        (r"^price$", "ｐｒｉｃｅ", True),
        (r"\bरिफंड\b", "मुझे रिफंड चाहिए", True),
        (r"(?-i)SOS", "sos", False),
        # A text that was cut inside an emoji.
        ("refund", "refund \ud83d", True),
        # Not one a backtracking engine could finish.
        (r"(a+)+$", "a" * 4000 + "!", False),
        # Only so much of a text is read.
        ("needle", "." * 4090 + "needle", True),
        ("needle", "." * 4091 + "needle", False),
    ],
)
def test_a_pattern_is_found_in_either_case(pattern: str, text: str, expected: bool) -> None:
    assert fits({"patterns": [pattern]}, facts(text)) is expected


@pytest.mark.parametrize(
    ("condition", "message", "hours", "expected"),
    [
        ({"types": ["image", "video"]}, facts(type="video"), None, True),
        ({"types": ["image", "video"]}, facts(type="text"), None, False),
        ({"ad_sources": ["123"]}, facts(ad_source="123"), None, True),
        ({"ad_sources": ["123"]}, facts(ad_source="124"), None, False),
        ({"ad_sources": ["123"]}, facts(), None, False),
        ({"ad_sources": ["any"]}, facts(ad_source=""), None, True),
        ({"ad_sources": ["any"]}, facts(), None, False),
        ({"contacts": ["+91 98765-43210"]}, facts(contact=Contact(phone="919876543210")), None, True),
        ({"contacts": ["+91 98765-43210"]}, facts(contact=Contact(phone="919876543211")), None, False),
        ({"contacts": ["US.13491208655302741918"]},
         facts(contact=Contact(phone="1", user_id="US.13491208655302741918")), None, True),
        ({"contacts": ["919876543210"]}, facts(), None, False),
        ({"closed": True}, facts(), SHUT, True),
        ({"closed": True}, facts(), OPEN, False),
        ({"closed": True}, facts(), None, False),
        ({"closed": False}, facts(), OPEN, True),
        ({"closed": False}, facts(), SHUT, False),
        ({"words": ["refund"]}, facts(None, type="image"), None, False),
        ({"patterns": ["."]}, facts(None, type="image"), None, False),
        # Every part, any value of each.
        ({"words": ["price", "refund"], "closed": True}, facts("refund?"), SHUT, True),
        ({"words": ["price", "refund"], "closed": True}, facts("refund?"), OPEN, False),
        ({"words": ["price", "refund"], "closed": True}, facts("hello"), SHUT, False),
        ({"words": ["refund"], "patterns": [r"\d+"]}, facts("refund 5"), None, True),
        ({"words": ["refund"], "patterns": [r"\d+"]}, facts("refund"), None, False),
        # From somebody newer, who asks for what is not known here.
        ({"mood": ["angry"]}, facts("hello"), None, False),
        ({"patterns": ["(?=later engines)"]}, facts("later engines"), None, False),
        ({"words": [" "]}, facts("hello there"), None, False),
    ],
)  # fmt: skip
def test_a_rule_fits_where_every_part_of_it_holds(
    condition: object, message: Facts, hours: OpeningHours | None, expected: bool
) -> None:
    assert fits(condition, message, hours) is expected


def test_the_first_rule_that_fits_counts() -> None:
    asked = rules({"words": ["price"]}, {"words": ["refund"]}, {"types": ["text"]})

    found = [
        rule and rule.name
        for text in ("refund", "hello", "what price")
        for rule in (first_match(asked, facts(text), None),)
    ]

    assert found == ["rule-1", "rule-2", "rule-0"]


def test_rules_that_came_and_went_are_not_taken_for_others() -> None:
    # One list after the other, all likely to stand in the same place of memory.
    every = [rules({"words": [str(n)]})[0] for n in range(5000)]

    fitting = [first_match((rule,), facts(str(n)), None) for n, rule in enumerate(every)]

    assert fitting == every


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"type": "text", "text": {"body": "hi"}}, "hi"),
        ({"type": "image", "image": {"id": "1", "caption": "this one"}}, "this one"),
        ({"type": "image", "image": {"id": "1"}}, None),
        ({"type": "button", "button": {"payload": "P", "text": "Cancel"}}, "Cancel"),
        ({"type": "interactive", "interactive": {"type": "button_reply", "button_reply":
          {"id": "1", "title": "Yes"}}}, "Yes"),
        ({"type": "interactive", "interactive": {"type": "list_reply", "list_reply":
          {"id": "1", "title": "Express", "description": "tomorrow"}}}, "Express"),
        ({"type": "order", "order": {"text": "Love these!"}}, "Love these!"),
        ({"type": "audio", "audio": {"id": "1"}}, None),
        ({"type": "interactive", "interactive": None}, None),
    ],
)  # fmt: skip
def test_what_somebody_tapped_or_wrote_under_a_picture_counts_as_words(
    content: dict[str, object], expected: str | None
) -> None:
    assert facts_of(received(content)).text == expected


@pytest.mark.parametrize(
    ("referral", "expected"),
    [
        ({"source_id": "120226305854810726", "source_type": "ad"}, "120226305854810726"),
        ({"source_url": "https://fb.me/1"}, ""),
        (None, None),
    ],
)
def test_the_ad_is_named_by_its_source(referral: object, expected: str | None) -> None:
    content = {"type": "text", "text": {"body": "hi"}, "referral": referral}

    assert facts_of(received(content)).ad_source == expected


def received(content: dict[str, object]) -> MessageReceived:
    """A message of that *content*."""
    return MessageReceived(
        id="m:received",
        time=NOW,
        number="1",
        message_id="m",
        contact=Contact(phone="919876543210"),
        content=Content.model_validate(content),
    )
