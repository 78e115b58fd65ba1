"""A real Apache Kafka on this machine, and processes that end when we do."""

from saath_local.broker import BENCHMARK_FLAGS, QUICK_FLAGS, Cluster, ClusterSpec, run_cluster
from saath_local.errors import LocalError
from saath_local.node import Node
from saath_local.process import Process, spawn

__all__ = [
    "BENCHMARK_FLAGS",
    "QUICK_FLAGS",
    "Cluster",
    "ClusterSpec",
    "LocalError",
    "Node",
    "Process",
    "run_cluster",
    "spawn",
]
