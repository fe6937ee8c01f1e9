"""Networks: capture, build, read, write, summarize."""

from worker.engine.graph import Graph, InputInfo, Network, NetworkFiles, Node, TensorInfo
from worker.engine.network.build import build, with_weights
from worker.engine.network.capture import capture, zeros
from worker.engine.network.files import dump, load
from worker.engine.network.summary import summarize

__all__ = [
    "Graph",
    "InputInfo",
    "Network",
    "NetworkFiles",
    "Node",
    "TensorInfo",
    "build",
    "capture",
    "dump",
    "load",
    "summarize",
    "with_weights",
    "zeros",
]
