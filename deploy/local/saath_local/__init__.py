"""A real Apache Kafka on this machine, and processes that end when we do."""

from saath_local.broker import Cluster, ClusterSpec, run_cluster
from saath_local.errors import BrokerFailed, JarRefused, LocalError, NoJava, PortTaken
from saath_local.node import Node
from saath_local.process import Process, is_running, spawn

__all__ = [
    "BrokerFailed",
    "Cluster",
    "ClusterSpec",
    "JarRefused",
    "LocalError",
    "NoJava",
    "Node",
    "PortTaken",
    "Process",
    "is_running",
    "run_cluster",
    "spawn",
]
