"""The libraries that the recognition index and the benchmarks are made from; the product itself never imports them."""

# The order matters: torchvision looks for its operators while it is imported, and timm imports torchvision.
# isort: off
import tools.torchvision_operators  # noqa: F401
import torchvision
import timm

# isort: on

__all__ = ["timm", "torchvision"]
