"""
What can go wrong on this machine, in sentences that say what to do.

LocalError
├── JarRefused         a jar is not the one we know
├── JarsUnavailable    a jar could not be fetched
├── NoJava             no Java runtime comes with Python packages for this platform
├── PortTaken          something else listens there
├── BrokerFailed       Kafka ended, or was not ready in time
└── SpawnFailed        a command could not be started
"""


class LocalError(Exception):
    """Something on this machine keeps us from starting. The message says what to do."""


class JarRefused(LocalError):
    """A jar's SHA-256 is not the one in our list."""


class JarsUnavailable(LocalError):
    """A jar is not in the cache and could not be fetched."""


class NoJava(LocalError):
    """There is no Java runtime for this platform among the Python packages."""


class PortTaken(LocalError):
    """Something else listens on a port that was asked for."""


class BrokerFailed(LocalError):
    """Kafka ended by itself, or did not answer in time."""


class SpawnFailed(LocalError):
    """A command could not be started: not found, not executable, no such folder."""
