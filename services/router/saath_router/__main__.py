"""``saath-router``: decides who answers."""

from saath.service import run
from saath_router.app import resources
from saath_router.settings import RouterSettings


def main() -> None:
    """Read the environment, then route until SIGTERM."""
    run("router", RouterSettings, resources)


if __name__ == "__main__":
    main()
