"""docs/bots.md shows an example of every kind; each must be what the sender takes."""

import json
import re
from pathlib import Path

from saath.events import Content
from saath_sender.kinds import KINDS, wrong

PAGE = Path(__file__).parents[4] / "docs/bots.md"
ROW = re.compile(r"^\| [a-z, ]+ \| `(\{\"type\": .+?\})` \|", re.MULTILINE)


def test_the_page_shows_every_kind_as_it_can_be_sent() -> None:
    shown = [Content.model_validate(json.loads(row)) for row in ROW.findall(PAGE.read_text())]

    assert [wrong(content) for content in shown] == [None] * len(shown)
    assert {content.type for content in shown} == set(KINDS) - {"video"}
