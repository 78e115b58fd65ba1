"""Callback data that is nobody's of ours: another tool of the same number may write anything there."""

import pytest

from saath.identity import Callback, parse_callback


@pytest.mark.parametrize(
    "text", ["s1|r|0|c_1|soon", "s1|r|0|c_1|-1", "s1|r|²|c_1|1", "s1|r|٣|c_1|", "s1|r|0|c_1|1.5"]
)
def test_what_is_not_whole_is_not_ours(text: str) -> None:
    assert parse_callback(text) is None


@pytest.mark.parametrize("epoch", [None, 0, 1_700_000_000_000])
def test_ours_is_read_back_as_it_was_written(epoch: int | None) -> None:
    callback = Callback("r", 2, "c_1", epoch)

    assert parse_callback(str(callback)) == callback
