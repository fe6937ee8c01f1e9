"""The value of a network: its graph of allow-listed operations, its tensors, and walking over them."""

from worker.engine.graph.network import Network, NetworkFiles
from worker.engine.graph.schema import Graph, Node, TensorInfo

__all__ = ["Graph", "Network", "NetworkFiles", "Node", "TensorInfo"]
