"""A misspelt setting is named, not ignored."""

from saath_sandbox.settings import misspelt


def test_a_misspelt_variable_is_told_with_the_nearest_right_name() -> None:
    told = misspelt({"SAATH_SANDBOX_CAPP": "5", "SAATH_SANDBOX_CAP": "5", "PATH": "/bin"})

    assert told == ["SAATH_SANDBOX_CAPP is not a setting; the nearest is SAATH_SANDBOX_CAP"]
