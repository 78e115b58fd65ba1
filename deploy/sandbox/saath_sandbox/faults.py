"""What goes wrong, and how slowly things go right: on request, never by itself."""

import random
from dataclasses import dataclass

from saath_sandbox import errors
from saath_sandbox.asks import AnswerFault, Call, FaultsAsk
from saath_sandbox.errors import GraphError
from saath_sandbox.settings import Settings

# Named in `FaultsAsk` and here alike, so one loop can carry them over.
_PLAIN = (
    "latency_seconds",
    "jitter_seconds",
    "way_jitter_seconds",
    "statuses",
    "sent_after_seconds",
    "delivered_after_seconds",
    "duplicates",
    "reorder",
    "reorder_within_seconds",
    "batch_window_seconds",
    "batch_max",
    "fail_statuses_code",
    "fail_statuses_times",
)


@dataclass(slots=True)
class Waiting:
    """A fault and how many answers it still applies to."""

    fault: AnswerFault
    left: int


class Faults:
    """The present state of everything that may be made worse."""

    def __init__(self, settings: Settings, chance: random.Random) -> None:
        self._settings = settings
        self._chance = chance
        self.forget()

    def forget(self) -> None:
        """Back to how the settings had it."""
        self.latency_seconds = 0.0
        self.jitter_seconds = 0.0
        self.way_jitter_seconds = 0.0
        self.statuses = True
        self.sent_after_seconds = self._settings.sent_after_seconds
        self.delivered_after_seconds = self._settings.delivered_after_seconds
        self.read_after_seconds = self._settings.read_after_seconds
        self.fail_statuses_code = errors.by_code(131026).code
        self.fail_statuses_times = 0
        self.duplicates = 0.0
        self.reorder = False
        self.reorder_within_seconds = 0.2
        self.batch_window_seconds = self._settings.batch_window_seconds
        self.batch_max = self._settings.batch_max
        self.answers: list[Waiting] = []

    def ask(self, ask: FaultsAsk) -> None:
        """Change what is given, keep the rest."""
        if ask.clear:
            self.forget()
        for name in _PLAIN:
            value = getattr(ask, name)
            if value is not None:
                setattr(self, name, value)
        if ask.read_after_seconds is not None:
            unread = ask.read_after_seconds < 0
            self.read_after_seconds = None if unread else ask.read_after_seconds
        if ask.answers is not None:
            self.answers += [Waiting(fault, fault.times) for fault in ask.answers]

    def view(self) -> dict[str, object]:
        """The present state, as the control API shows it."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "read_after_seconds": self.read_after_seconds,
            "answers": [
                {**waiting.fault.model_dump(), "times": waiting.left} for waiting in self.answers
            ],
        }

    def take_answer(self, node: str, call: Call = "messages") -> AnswerFault | None:
        """The fault that the next answer to this number, or other node, has to suffer."""
        for waiting in self.answers:
            if waiting.fault.call == call and waiting.fault.number in (None, node):
                waiting.left -= 1
                if not waiting.left:
                    self.answers.remove(waiting)
                return waiting.fault
        return None

    def take_failure(self) -> GraphError | None:
        """With what the next message fails after it was accepted."""
        if not self.fail_statuses_times:
            return None
        self.fail_statuses_times -= 1
        return errors.by_code(self.fail_statuses_code)

    def answer_delay_seconds(self) -> float:
        """How long the next answer takes."""
        return self.latency_seconds + self._chance.uniform(0, self.jitter_seconds)

    def way_seconds(self) -> float:
        """How much later the next POST arrives than it was sent."""
        return self._chance.uniform(0, self.way_jitter_seconds)

    def duplicate(self) -> bool:
        """Whether this POST is delivered twice."""
        return self.duplicates > 0 and self._chance.random() < self.duplicates

    def reorder_delay_seconds(self) -> float:
        """How long this POST is held back."""
        return self._chance.uniform(0, self.reorder_within_seconds)
