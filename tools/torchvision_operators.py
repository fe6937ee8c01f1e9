"""Declares the compiled operators that torchvision asks for on import, which a CPU build of torch does not have.

Its wheels carry a compiled library that a CPU build of torch cannot load; classification networks need nothing of it.
Import this module before torchvision. The operators can be named, but not run.
"""

import torch

_SUPPRESSION = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
DECLARED = {"torchvision::nms": _SUPPRESSION, "torchvision::qnms": _SUPPRESSION}
"""Schemas by operator name: those for which torchvision registers shape functions without a check."""

for _name, _schema in DECLARED.items():
    torch.library.define(_name, _schema)
