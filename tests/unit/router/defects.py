"""A defect of ours, where a fact is written or a policy is looked up."""

from dataclasses import dataclass, field, replace

from tests.unit.router.build import EVERYONE
from tests.unit.router.partition import INSTALLATION

from saath.events import NumberPolicy
from saath.kafka.layout import Layout
from saath.topics import TOPICS, Topic
from saath_router.carrier import Installation
from saath_router.numbers import Numbers


class OfOurs(Exception):
    """A defect."""


@dataclass
class Defect:
    """Stops whoever passes here, once so many have; nobody where it is ``None``."""

    after: int | None = None

    def passes(self) -> None:
        if self.after is None:
            return
        if not self.after:
            raise OfOurs
        self.after -= 1


@dataclass(frozen=True, slots=True)
class BreakingLayout(Layout):
    """It is asked of every fact that is to be written."""

    defect: Defect = field(default_factory=Defect)

    def of(self, topic: Topic) -> int:
        self.defect.passes()
        return Layout.of(self, topic)


def broken_by(defect: Defect) -> Installation:
    """An installation in which *defect* is."""

    def filed(number: str) -> tuple[NumberPolicy, ...]:
        defect.passes()
        return ()

    counts = {topic.name: 4 for topic in TOPICS}
    layout, numbers = BreakingLayout(counts, defect), Numbers(EVERYONE, filed=filed)
    return replace(INSTALLATION, layout=layout, numbers=numbers)
