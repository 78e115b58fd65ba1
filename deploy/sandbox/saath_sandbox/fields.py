"""What Meta asks of one field, with the words and the code of its refusal. Pure."""

from collections.abc import Mapping
from typing import Any

from saath_sandbox import errors
from saath_sandbox.webhooks import Json


def object_of(value: Any, name: str) -> Json:
    """*value*, which must be an object."""
    if not isinstance(value, dict):
        raise errors.INVALID_PARAMETER.saying(f"The parameter {name} must be an object.")
    return value


def required(holder: Mapping[str, Any], key: str, name: str) -> Any:
    """What stands under *key*, which must be there."""
    if holder.get(key) is None:
        raise errors.PARAMETER_MISSING.saying(f"The parameter {name}['{key}'] is required.")
    return holder[key]


def words(value: Any, name: str, most: int | None = None, least: int = 1) -> str:
    """*value*, which must be a text of such a length."""
    if not isinstance(value, str):
        raise errors.INVALID_PARAMETER.saying(f"Param {name} must be a string.")
    if len(value) < least or (most is not None and len(value) > most):
        limits = f"Min length: {least}, Max length: {most}"
        raise errors.PARAMETER_VALUE.saying(f"{name} length invalid. {limits}")
    return value


def kind_of(holder: Mapping[str, Any], key: str, kind: type, name: str) -> None:
    """What stands under *key*, if anything does, must be of this *kind*."""
    if holder.get(key) is not None and not isinstance(holder[key], kind):
        raise errors.INVALID_PARAMETER.saying(f"Param {name}['{key}'] must be a {kind.__name__}.")


def some(value: Any, name: str, most: int) -> list[Any]:
    """*value*, which must be an array of at least one element."""
    if not isinstance(value, list) or not value:
        raise errors.PARAMETER_MISSING.saying(f"{name} must have at least one element.")
    if len(value) > most:
        raise errors.PARAMETER_VALUE.saying(f"{name} count exceed max allowed count: {most}")
    return value


def web_address(value: Any, name: str) -> None:
    """*value* must be one."""
    scheme, _, rest = str(value).partition("://")
    host = rest.partition("/")[0]
    whole = scheme.lower() in ("http", "https") and host and host.count("[") == host.count("]")
    if not whole or any(c.isspace() for c in rest):
        raise errors.PARAMETER_VALUE.saying(f"{name} is not a URL.")


def unlike(names: list[str], what: str) -> None:
    """No two of *names* may be the same."""
    if len(set(names)) < len(names):
        raise errors.PARAMETER_VALUE.saying(f"Duplicated {what}")
