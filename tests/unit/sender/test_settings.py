"""Settings that would break a promise are refused, and the refusal names them."""

import pytest
from pydantic import ValidationError

from saath_sender.decide import AGAIN_AT_MOST
from saath_sender.settings import SenderSection


@pytest.mark.parametrize("name", ["in_doubt_for_seconds", "in_doubt_at_most_seconds"])
def test_a_doubt_that_outlasts_what_is_sent_again_is_refused_by_name(name: str) -> None:
    longest = AGAIN_AT_MOST.total_seconds() - 3600
    with pytest.raises(ValidationError) as refused:
        SenderSection.model_validate({name: longest + 1})

    assert getattr(SenderSection.model_validate({name: longest}), name) == longest
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]
