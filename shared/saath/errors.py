"""
What can go wrong, named by what should be done about it.

SaathError
├── PoisonRecord      can never succeed: dead-letter it, commit, go on
├── RetryLater        may succeed later: keep its place, try again
├── Misconfigured     a person must change a setting: say which, exit 2
└── TokenRefused      a turn token or grant that is forged, of another installation, or unreadable
"""


class SaathError(Exception):
    """Everything Saath raises on purpose."""


class PoisonRecord(SaathError):
    """
    A record that can never be handled; the message says why, without its content.

    ``pointer`` says where (RFC 6901), where one place in it is wrong.
    """

    def __init__(self, reason: str = "", pointer: str | None = None) -> None:
        super().__init__(reason)
        self.pointer = pointer


class RetryLater(SaathError):
    """Something is not there yet; the same record may succeed when tried again."""


class Misconfigured(SaathError):
    """A setting is missing, misspelt or impossible; the message names it and the cure."""


class TokenRefused(SaathError):
    """A turn token, or a grant, that did not verify."""
