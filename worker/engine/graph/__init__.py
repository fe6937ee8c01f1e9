"""The value of a network: its graph of allow-listed operations, its tensors, and walking over them."""

from worker.engine.graph.network import Network, NetworkFiles
from worker.engine.graph.schema import Graph, InputInfo, Node, TensorInfo

__all__ = ["Graph", "InputInfo", "Network", "NetworkFiles", "Node", "TensorInfo"]
