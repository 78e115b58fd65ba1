"""
Which conversation an identity leads to. Pure.

An alias stays when its conversation has left memory, so there is one for every customer there ever was.
They are kept as numbers: both names are 128 bits, and as texts they took a half more.
"""

from pydantic_core import from_json

from saath.events import Model

_CONVERSATION = "c_"
_BITS = 128
# Above the conversation's bits.
_KNOWN = 1 << _BITS


class Alias(Model):
    """
    An identity's keyed hash stands for this conversation.

    ``known`` is what must be remembered of the contact when the conversation has left memory: the
    business knew this person already, who is no new contact when they write again.
    """

    conversation: str
    known: bool | None = None


class Aliases:
    """All aliases of one partition."""

    def __init__(self) -> None:
        self._found: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, alias: str) -> bool:
        return _number(alias) in self._found

    def conversation(self, alias: str) -> str | None:
        """The conversation that *alias* stands for."""
        found = self._found.get(_number(alias))
        return None if found is None else f"{_CONVERSATION}{found & (_KNOWN - 1):032x}"

    def known(self, alias: str) -> bool:
        """Whether whoever this is was known before the conversation left memory."""
        return bool(self._found.get(_number(alias), 0) & _KNOWN)

    def set(self, alias: str, conversation: str, *, known: bool) -> None:
        """*alias* stands for *conversation* from now on."""
        self._found[_number(alias)] = _number(conversation) | (_KNOWN if known else 0)

    def restore(self, alias: bytes, value: bytes) -> None:
        """Take over one record of the changelog."""
        said = from_json(value)  # a model would take longer than all the rest
        self.set(alias.decode(), said["conversation"], known=bool(said.get("known")))

    def record(self, alias: str) -> Alias:
        """*alias* as it is written."""
        return Alias(conversation=self.conversation(alias) or "", known=self.known(alias) or None)


def _number(name: str) -> int:
    return int(name[2:], 16)  # noqa: FURB166 # no prefix of Python's
