"""``saath-sync``: connects numbers, and brings their history in."""

from saath.service import run
from saath_sync.app import resources
from saath_sync.settings import SyncSettings


def main() -> None:
    """Read the environment, then serve until SIGTERM."""
    run("sync", SyncSettings, resources)


if __name__ == "__main__":
    main()
