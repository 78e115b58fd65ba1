"""What a bot says on trial: it is logged, and changes nothing."""

import pytest
from tests.unit.router.build import Story, closed, handoff, kinds

from saath.events import ThenHandoff


@pytest.mark.parametrize("then", ["done", handoff("discount asked")], ids=["done", "handoff"])
def test_what_a_bot_wishes_on_trial_happens_to_nobody(then: str | ThenHandoff) -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    before = story.state
    said = closed(turn, 5, then).model_copy(update={"shadow": True})  # type: ignore[arg-type]

    decision = story.hears(said)

    assert kinds(decision) == ["TurnClosed"]
    assert story.state.model_copy(update={"seen": before.seen}) == before
