"""``saath-sender``: sends, at each number's pace, what may still be sent."""

from saath.service import run
from saath_sender.app import resources
from saath_sender.settings import SenderSettings


def main() -> None:
    """Read the environment, then send until SIGTERM."""
    run("sender", SenderSettings, resources)


if __name__ == "__main__":
    main()
