"""Identities as numbers, beside the table of texts that they stand for."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from saath_router.aliases import Aliases

HEX = st.integers(1, 3).map(lambda n: f"{n:032x}") | st.binary(min_size=16, max_size=16).map(
    bytes.hex
).filter(lambda name: int(name, 16))
STEPS = st.sampled_from(["leads", "moves", "is known", "is listed", "is not listed"])


@dataclass
class Entry:
    """What is known of one alias, in plain words."""

    conversation: str | None = None
    known: bool = False
    listed: bool = False
    moved: int = 0


@given(st.lists(st.tuples(HEX, HEX, STEPS)), st.booleans())
def test_an_alias_says_what_a_table_of_texts_says(
    steps: list[tuple[str, str, str]], restart: bool
) -> None:
    aliases, table = Aliases(), dict[str, Entry]()
    for name, conversation, step in steps:
        alias = f"a_{name}"
        entry = table.setdefault(alias, Entry())
        match step:
            case "leads":
                aliases.lead(alias, f"c_{conversation}")
                entry.conversation = f"c_{conversation}"
            case "moves":
                aliases.move(alias)
                table[alias] = Entry(moved=entry.moved + 1)
            case "is known":
                aliases.note_known(alias)
                entry.known = True
            case _:
                aliases.note_book(alias, listed=step == "is listed")
                entry.listed = step == "is listed"
    if restart:
        before, aliases = aliases, Aliases()
        for alias, record in before.take_changed():
            aliases.restore(alias.encode(), record.model_dump_json(exclude_none=True).encode())

    said = {a: (aliases.conversation(a), aliases.known(a), aliases.moved(a)) for a in table}
    assert said == {a: (e.conversation, e.known or e.listed, e.moved) for a, e in table.items()}


def test_an_unknown_alias_leads_nowhere() -> None:
    aliases = Aliases()

    assert (aliases.conversation("a_0f"), aliases.known("a_0f"), aliases.take_changed()) == (
        None,
        False,
        [],
    )


def test_what_changes_nothing_is_not_written_again() -> None:
    aliases = Aliases()
    aliases.lead("a_0f", "c_01")
    aliases.take_changed()
    aliases.lead("a_0f", "c_01")
    aliases.note_book("a_0f", listed=False)

    assert aliases.take_changed() == []
