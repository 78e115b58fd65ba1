"""Temporary folders do not outlive their owners for long."""

from pathlib import Path

from saath_local.scratch import MARK, PREFIX, scratch_folder


def test_a_folder_is_removed_at_the_end(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        (folder / "data").write_text("much")

    assert list(tmp_path.iterdir()) == []


def test_a_killed_owner_s_folder_is_removed_by_the_next_and_a_living_one_s_is_not(
    tmp_path: Path,
) -> None:
    abandoned = tmp_path / f"{PREFIX}abandoned"
    abandoned.mkdir()
    (abandoned / MARK).touch()

    with scratch_folder(tmp_path) as first, scratch_folder(tmp_path) as second:
        assert set(tmp_path.iterdir()) == {first, second}
