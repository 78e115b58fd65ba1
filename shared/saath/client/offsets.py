"""Up to where a partition is finished, when its records finish in any order. Pure."""


class OffsetTracker:
    """
    The offsets of one partition that were begun and not finished.

    Only a contiguous run of finished ones may be committed: what is committed is never read again.
    """

    def __init__(self) -> None:
        self._open: dict[int, None] = {}  # in the order begun, which is rising
        self._next: int | None = None

    def begin(self, offset: int) -> bool:
        """Note that *offset* is in hand; false when it was before, as after a rebalance."""
        if self._next is not None and offset < self._next:
            return False
        self._open[offset] = None
        self._next = offset + 1
        return True

    def finish(self, offset: int) -> None:
        """Note that *offset* need not be read again."""
        self._open.pop(offset, None)

    @property
    def position(self) -> int | None:
        """The offset to commit: the first that is not finished; ``None`` before any was begun."""
        return next(iter(self._open), self._next)
