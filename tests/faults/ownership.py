"""Who ought to have been asked to answer, read off the log a second way: slowly, and simply."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from saath.events import Event, MessageReceived, OwnerChanged, TurnOffered, TurnWithdrawn


@dataclass(slots=True)
class Expected:
    """What must stand on the turns' topic, given what stands in the log."""

    offered_for: list[str] = field(default_factory=list)  # ids of the customers' messages
    withdrawn_for: list[str] = field(default_factory=list)  # the same, where a person stepped in
    epochs: list[int] = field(default_factory=list)


def expected(log: Sequence[Event]) -> Expected:
    """Walk through one conversation's log: a message in a bot's hands is a turn of the bot's."""
    found, owner, in_hand = Expected(), "", list[str]()
    for event, following in zip(log, [*log[1:], None], strict=True):
        match event, following:
            case OwnerChanged(owner=new, epoch=epoch), _:
                found.epochs.append(epoch)
                owner = new
                if new == "human":
                    found.withdrawn_for += in_hand
                    in_hand = []
            case MessageReceived(id=cause), OwnerChanged(owner="bot", causation=because) if (
                cause == because
            ):
                found.offered_for.append(cause)
                in_hand.append(cause)
            case MessageReceived(id=cause), _ if owner == "bot":
                found.offered_for.append(cause)
                in_hand.append(cause)
    return found


def offered_for(turns: Iterable[Event]) -> list[str]:
    """The messages that bots were asked to answer, one for each time they were."""
    return [turn.causation or "" for turn in turns if isinstance(turn, TurnOffered)]


def withdrawn_for(turns: Iterable[Event]) -> list[str]:
    """The messages whose turns were withdrawn, one for each time they were."""
    known = {turn.id: turn.causation or "" for turn in turns if isinstance(turn, TurnOffered)}
    return [known[turn.turn_id] for turn in turns if isinstance(turn, TurnWithdrawn)]
