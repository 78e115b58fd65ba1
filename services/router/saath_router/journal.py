"""What a record changes, so that all of it can be taken back where a defect of ours stops it. Pure."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_NOTHING: Any = object()


class Journal:
    """
    The entries that were changed since ``whole`` began, as they were before.

    Whoever keeps something says so before each change; what nobody says, is not taken back.
    """

    def __init__(self) -> None:
        self._before: list[tuple[MutableMapping[Any, Any], Any, Any]] = []
        self._open = False

    def will_change(self, kept: MutableMapping[K, V], key: K) -> None:
        """The entry *key* of *kept* is about to be set, or to go."""
        if self._open:
            self._before.append((kept, key, kept.get(key, _NOTHING)))

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All that is changed meanwhile, or nothing where it ends with an exception."""
        self._open = True
        try:
            yield
        except BaseException:
            self._take_back()
            raise
        finally:
            self._open = False
            self._before.clear()

    def _take_back(self) -> None:
        for kept, key, before in reversed(self._before):
            if before is _NOTHING:
                kept.pop(key, None)
            else:
                kept[key] = before
