"""What counts as words, and when two texts are the same to whoever reads them. Pure."""

import hashlib
import unicodedata
from collections.abc import Iterable

from saath.events import Content

# Nobody waits for an answer to these, and writing one of them from the phone is no answer either.
SILENT_TYPES = frozenset({"reaction", "system", "request_welcome"})


def is_said_to_one(content: Content) -> bool:
    """True for words from one to the other; false for what needs no answer, and for a group's."""
    return content.type not in SILENT_TYPES and "group_id" not in (content.model_extra or {})


def normalised(text: str) -> str:
    """*text* as it is compared with others."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def normalised_all(texts: Iterable[str]) -> frozenset[str]:
    """A list of texts as it is looked up in; one without a word matches nothing."""
    return frozenset(known for known in map(normalised, texts) if known)


def text_key(text: str | None) -> str | None:
    """What stands for a text in the state: its hash; ``None`` for no text."""
    words = normalised(text or "")
    return hashlib.blake2b(words.encode(), digest_size=16).hexdigest() if words else None


def words(content: Content) -> str | None:
    """What somebody wrote or tapped, whatever the message's type; ``None`` where there are no words."""
    if content.text is not None:
        return content.text
    match (content.model_extra or {}).get(content.type):
        case {"caption": str() as said} | {"text": str() as said}:
            # Of image, video, document; of a template's button, an order.
            return said
        case {"button_reply": {"title": str() as said}} | {"list_reply": {"title": str() as said}}:
            return said
        case {"nfm_reply": {"body": str() as said}}:
            return said
        case _:
            return None


def ad_source(content: Content) -> str | None:
    """The id of the ad somebody came from, empty where it has none; ``None`` for whoever came without."""
    match (content.model_extra or {}).get("referral"):
        case {"source_id": str() as source}:
            return source
        case {}:
            return ""
        case _:
            return None
