"""Writes names and shapes of some networks for the tests: `python -m tools.write_recognition_fixtures`."""

import json
from pathlib import Path

from tools.libraries import timm, torchvision

TARGET = Path(__file__).parents[1] / "tests" / "recognition" / "fixtures"
TORCHVISION = {
    "resnet18": 10,
    "googlenet": 1000,
    "mobilenet_v3_small": 7,
    "r3d_18": 400,
    "deeplabv3_mobilenet_v3_large": 21,
}
TIMM = {"vit_tiny_patch16_224": 37, "convnext_atto": 1000, "deit_tiny_distilled_patch16_224": 5, "resnet18d": 0}
"""Networks of each library with the number of classes to build them for."""


def main() -> None:
    """Write one file for each network: a JSON object of shapes by name, counters included."""
    modules = {
        f"torchvision-{name}-{classes}": torchvision.models.get_model(
            name, weights=None, num_classes=classes, **({"weights_backbone": None} if "deeplab" in name else {})
        )
        for name, classes in TORCHVISION.items()
    }
    modules |= {
        f"timm-{name}-{classes}": timm.create_model(name, num_classes=classes) for name, classes in TIMM.items()
    }
    TARGET.mkdir(exist_ok=True)
    for name, module in modules.items():
        shapes = {key: list(value.shape) for key, value in module.state_dict().items()}
        (TARGET / f"{name}.json").write_text(json.dumps(shapes, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
