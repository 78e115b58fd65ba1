"""What Meta says late, of a message that it had taken, and what holds for more than that one."""

from saath.events import MessageFailed
from saath.identity import identities
from saath_sender.fence import Fence
from saath_sender.pausing import Pausing
from saath_sender.results import Pause, WindowShut, named
from saath_sender.shut import ShutWindows


def failed_late(
    number: str, event: MessageFailed, pausing: Pausing, windows: ShutWindows, fence: Fence
) -> None:
    """Take in a failed status: it may hold for the number, or for this customer's window."""
    for problem in event.errors:
        match named(problem.code, problem) if problem.code is not None else None:
            case Pause() as cause:
                pausing.failed(number, cause, event.time)
            case WindowShut():
                for identity in identities(event.contact):
                    name = fence.conversation_of(number, identity)
                    windows.shut(fence.owner(name) if name else None, event.time)
