"""
Whole words and phrases in a text, in any language. Pure.

Where a script puts spaces between words, a word must not go on at either end; Python's own ``\\b``
would end one before a Devanagari vowel sign. Where it puts none (Chinese, Thai, …), or hangs endings on
(Korean), a word may stand anywhere, but not with its last letter changed by a mark.
"""

import re
import unicodedata
from dataclasses import dataclass

from saath_router.texts import normalised

# Thai, Lao, Tibetan, Burmese, Hangul, Khmer, Tai; bopomofo, kana, Han with their signs; Burmese again.
_UNSPACED = re.compile(
    "[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u2e80-\u2fdf\u3005-\u3007"
    "\u3021-\u303c\u3040-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7ff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)

# What nobody sees: joiners, marks of direction, variants of a sign. Phones add and leave them out at will.
_UNSEEN = {
    **dict.fromkeys(
        (
            0xAD,
            0x61C,
            *range(0x200C, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x206A),
            0xFEFF,
        )
    ),
    **dict.fromkeys(range(0xFE00, 0xFE10)),
    0x200B: " ",
    # The apostrophe that phones make of the one on the key.
    0x2019: "'",
    # Capital letters do not say which of the two Turkish i they are.
    0x131: "i",
}


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is looked for; at an end that ``starts`` or ``ends`` guards, it must not go on."""

    text: str
    starts: bool
    ends: bool


def folded(text: str) -> str:
    """*text* as words are compared in it."""
    if text.isascii():
        return normalised(text)
    return normalised(text.translate(_UNSEEN)).replace("i\u0307", "i")


def word_of(text: str) -> Word | None:
    """What to look for; ``None`` for what has no word in it."""
    known = folded(text)
    return Word(known, _is_spaced(known[0]), _is_spaced(known[-1])) if known else None


def stands_in(word: Word, text: str) -> bool:
    """True where *word* stands in the *text*, a folded one, as a whole."""
    at = text.find(word.text)
    while at >= 0:
        end = at + len(word.text)
        before, after = text[at - 1 : at] if at else "", text[end : end + 1]
        if not (
            (after and unicodedata.category(after)[0] == "M")
            or (word.starts and before and _is_spaced(before))
            or (word.ends and after and _is_spaced(after))
        ):
            return True
        at = text.find(word.text, at + 1)
    return False


def _is_spaced(character: str) -> bool:
    """True for a part of a word in a script that puts spaces between words."""
    return unicodedata.category(character)[0] in "LMN" and not _UNSPACED.match(character)
