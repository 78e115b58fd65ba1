"""docs/policies.md: its table is what the code says, and its examples can be used as they stand."""

import re
from pathlib import Path

import pytest

from saath.cli.told import written
from saath.events import Condition, NumberPolicy
from saath_router.policy import Policy, chosen_by
from saath_router.policy_file import doubts, read_policies

PAGE = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def rows(under: str) -> list[list[str]]:
    """The cells of the table below a heading, its head left out."""
    table = PAGE.split(under, 1)[1].split("\n#", 1)[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_every_setting_is_on_the_page_with_its_default() -> None:
    known = chosen_by(Policy())

    assert [(name, default) for name, default, _ in rows("## Every setting")] == [
        (name, written(getattr(known, name))) for name in NumberPolicy.model_fields
    ]


def test_everything_a_rule_can_ask_is_on_the_page() -> None:
    assert [name for name, *_ in rows("## Rules")[1:]] == [*Condition.model_fields]


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_can_be_used_as_it_stands(example: str) -> None:
    assert [*doubts(read_policies(example, "example"))] == []


def test_there_are_three_examples() -> None:
    assert len(EXAMPLES) == 3
