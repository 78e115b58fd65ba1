"""Identities as numbers, beside the table of texts that they stand for."""

from hypothesis import given
from hypothesis import strategies as st

from saath_router.aliases import Aliases

HEX = st.integers(0, 3).map(lambda n: f"{n:032x}") | st.binary(min_size=16, max_size=16).map(
    bytes.hex
)


@given(st.lists(st.tuples(HEX, HEX, st.booleans())), st.booleans())
def test_an_alias_leads_where_a_table_of_texts_says(
    learned: list[tuple[str, str, bool]], restart: bool
) -> None:
    aliases, table = Aliases(), dict[str, tuple[str, bool]]()
    for alias, conversation, known in learned:
        aliases.set(f"a_{alias}", f"c_{conversation}", known=known)
        table[f"a_{alias}"] = f"c_{conversation}", known
    if restart:
        before, aliases = aliases, Aliases()
        for alias in table:
            value = before.record(alias).model_dump_json(exclude_none=True).encode()
            aliases.restore(alias.encode(), value)

    said = {alias: (aliases.conversation(alias), aliases.known(alias)) for alias in table}
    assert said == table
    assert len(aliases) == len(table)


def test_an_unknown_alias_leads_nowhere() -> None:
    aliases = Aliases()

    assert (aliases.conversation("a_0f"), aliases.known("a_0f"), "a_0f" in aliases) == (
        None,
        False,
        False,
    )
