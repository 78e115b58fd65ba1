"""Tokens as files hold them: with a line's end, which no HTTP client takes in a header."""

import pytest
from pydantic import SecretStr, ValidationError

from saath.graph import GraphSettings


def test_a_line_s_end_is_no_part_of_a_token() -> None:
    assert GraphSettings(access_token=SecretStr("EAAG\n")).access_token == SecretStr("EAAG")


@pytest.mark.parametrize("token", ["EA\nAG", "EA\0AG", "€"])
def test_what_no_header_takes_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(ValidationError, match="no header takes") as refused:
        GraphSettings(access_token=SecretStr(token))

    assert token not in str(refused.value)
