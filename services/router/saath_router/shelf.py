"""What is known of each number: its greetings, policy and commands, and how its bots do. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar

from pydantic import ConfigDict

from saath.events import Model, NumberPolicy
from saath_router.conversation import REMEMBERED_FOR, SEEN_MAX
from saath_router.greetings import Greetings
from saath_router.journal import Journal
from saath_router.memory import has_dated, with_dated
from saath_router.silent_bots import BotRecord

M = TypeVar("M", bound=Model)


class CommandedPolicy(Model):
    """The policy that a command set for a number."""

    number: str
    policy: NumberPolicy


class CarriedOut(Model):
    """The commands about a whole number, or about nobody, that were decided: ids as ``memory`` packs them."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    number: str
    seen: bytes = b""


class Timed(Model):
    """By what of its policy a number's conversations were timed: ``timers.timing_of`` it."""

    number: str
    timing: str


class Shelf:
    """Small records by their key in the changelog, and which of them are new since the last time."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal or Journal()
        self._greetings: dict[str, Greetings] = {}
        self._policies: dict[str, CommandedPolicy] = {}
        self._bots: dict[str, BotRecord] = {}
        self._carried_out: dict[str, CarriedOut] = {}
        self._timed: dict[str, Timed] = {}
        self._changed: dict[str, Model | None] = {}

    def restore(self, key: str, value: bytes | None) -> bool:
        """Take over one record of the changelog, if it is of this kind."""
        match key[:2]:
            case "g_":
                _keep(self._greetings, key, value and Greetings.model_validate_json(value))
            case "p_":
                _keep(self._policies, key, value and CommandedPolicy.model_validate_json(value))
            case "b_":
                _keep(self._bots, key, value and BotRecord.model_validate_json(value))
            case "k_":
                _keep(self._carried_out, key, value and CarriedOut.model_validate_json(value))
            case "t_":
                _keep(self._timed, key, value and Timed.model_validate_json(value))
            case _:
                return False
        return True

    def greetings(self, number: str) -> Greetings:
        """What was learned of a number's automatic texts."""
        return self._greetings.get(f"g_{number}") or Greetings(number=number)

    def put_greetings(self, greetings: Greetings) -> None:
        """Replace them; nothing is written where they did not change."""
        if self.greetings(greetings.number) is not greetings:
            self._put(self._greetings, f"g_{greetings.number}", greetings)

    def policy(self, number: str) -> NumberPolicy | None:
        """The policy that a command has set for a number, if one has."""
        found = self._policies.get(f"p_{number}")
        return found.policy if found else None

    def put_policy(self, number: str, policy: NumberPolicy | None) -> None:
        """Set it, or take it back."""
        if policy is not None:
            set_to = CommandedPolicy(number=number, policy=policy)
            self._put(self._policies, f"p_{number}", set_to)
        elif (key := f"p_{number}") in self._policies:
            self._journal.will_change(self._policies, key)
            self._journal.will_change(self._changed, key)
            del self._policies[key]
            self._changed[key] = None

    def bot(self, number: str, bot: str) -> BotRecord:
        """How a bot does on a number."""
        return self._bots.get(f"b_{number}:{bot}") or BotRecord(number=number, bot=bot)

    def put_bot(self, record: BotRecord) -> None:
        """Replace it."""
        self._put(self._bots, f"b_{record.number}:{record.bot}", record)

    def silent_bots(self, number: str) -> frozenset[str]:
        """The bots that have fallen silent on a number."""
        return frozenset(r.bot for r in self._bots.values() if r.number == number and r.silent)

    def has_carried_out(self, number: str, command: str) -> bool:
        """Whether a command of this id was decided lately."""
        found = self._carried_out.get(f"k_{number}")
        return found is not None and has_dated(found.seen, command)

    def note_carried_out(self, number: str, command: str, asked_at: datetime) -> None:
        """It is decided, and is not decided again."""
        key, second = f"k_{number}", int(asked_at.timestamp())
        known = self._carried_out.get(key) or CarriedOut(number=number)
        forget = second - int(REMEMBERED_FOR.total_seconds())
        seen, _ = with_dated(known.seen, command, second, forget, SEEN_MAX)
        self._put(self._carried_out, key, known.model_copy(update={"seen": seen}))

    def timed(self, number: str) -> Timed | None:
        """By what the conversations of *number* were timed, if there are any."""
        return self._timed.get(f"t_{number}")

    def timed_numbers(self) -> list[str]:
        """The numbers of which that is known."""
        return [timed.number for timed in self._timed.values()]

    def put_timed(self, timed: Timed) -> None:
        """Replace it; nothing is written where it is as it was."""
        if self.timed(timed.number) != timed:
            self._put(self._timed, f"t_{timed.number}", timed)

    def take_changed(self) -> Iterator[tuple[str, Model | None]]:
        """What changed since the last time, by its key; ``None`` for what is no more."""
        changed, self._changed = self._changed, {}
        yield from changed.items()

    def _put(self, records: dict[str, M], key: str, record: M) -> None:
        self._journal.will_change(records, key)
        self._journal.will_change(self._changed, key)
        records[key] = record
        self._changed[key] = record


def _keep(records: dict[str, M], key: str, record: M | bytes | None) -> None:
    if isinstance(record, Model):
        records[key] = record
    else:
        records.pop(key, None)
