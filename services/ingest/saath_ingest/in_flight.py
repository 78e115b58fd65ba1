"""How much of Meta's is in memory at once: bounded, so that a burst is answered 503 and not OOM."""

from saath.errors import RetryLater


class InFlight:
    """Counts bytes that are held: bodies while they are read, records until they are acknowledged."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self.bytes = 0

    def share(self) -> "Share":
        """Start counting for one holder."""
        return Share(self)

    def fits(self, size: int) -> bool:
        """Whether *size* more bytes stay within the bound."""
        return self.bytes + size <= self._bytes_max


class Share:
    """One holder's part of what is in flight."""

    def __init__(self, whole: InFlight) -> None:
        self._whole, self._bytes = whole, 0

    def admit(self, size: int) -> None:
        """
        Hold *size* bytes more.

        Raises:
            RetryLater: that would be more than the bound.
        """
        if not self._whole.fits(size):
            raise RetryLater("too much is in flight")
        self.hold(size)

    def hold(self, size: int) -> None:
        """Hold *size* bytes more, whatever the bound: what was let in must be able to get out."""
        self._bytes += size
        self._whole.bytes += size

    def release(self) -> None:
        """Hold nothing any more."""
        self._whole.bytes -= self._bytes
        self._bytes = 0
