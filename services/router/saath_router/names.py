"""Ids of conversations, as they are kept: 128 bits, not their text. Pure."""

Name = int | str

_KEY_BYTES, _DIGITS = 34, b"0123456789abcdef"


def name_of_key(key: bytes) -> Name:
    """As ``name_of``, in two thirds of the time: a start asks it of every conversation there is."""
    if len(key) == _KEY_BYTES and key.startswith(b"c_") and key.translate(None, _DIGITS) == b"_":
        return int(key[2:], 16)  # noqa: FURB166 # no prefix of Python's
    return name_of(key.decode())


def name_of(conversation: str) -> Name:
    """A conversation's id as a number, half as large as its text; itself where it is not one of ours."""
    try:
        number = int(conversation[2:], 16)  # noqa: FURB166 # no prefix of Python's
    except ValueError:
        return conversation
    return number if full(number) == conversation else conversation


def full(name: Name) -> str:
    return f"c_{name:032x}" if isinstance(name, int) else name
