"""The networks of the coverage benchmark: torchvision's classification networks, and timm networks of sixty families.

Each is built with random weights and looked at with the smallest input that its rules allow (64x64 where nothing
speaks against it): pruning does not depend on the size of the picture, the time to check it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from tools.libraries import timm, torchvision

CLASSES = 1000
_NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
_TINY = 1e-3
"""Parameters below are drawn anew: a layer scale of 1e-6 would hide every error of its branch."""


@dataclass(frozen=True)
class Subject:
    """One network of a library with its input."""

    library: str
    name: str
    shape: tuple[int, ...] = (3, 64, 64)
    options: Mapping[str, Any] = field(default_factory=dict)

    def build(self, seed: int = 0) -> nn.Module:
        """The network in evaluation mode, in float64, with random values nowhere trivial and nowhere equal."""
        torch.manual_seed(seed)
        if self.library == "timm":
            module = timm.create_model(self.name, pretrained=False, **self.options)
        else:
            module = torchvision.models.get_model(self.name, weights=None, **self.options)
        return _scatter(module.double(), seed).eval()

    def inputs(self, count: int) -> Tensor:
        """A batch of random inputs, float64 (count, *shape)."""
        generator = torch.Generator().manual_seed(count)
        return torch.randn(count, *self.shape, generator=generator, dtype=torch.float64)


def _scatter(module: nn.Module, seed: int) -> nn.Module:
    """Give every parameter and statistic values that tell all its elements apart and hide no branch."""
    generator = torch.Generator().manual_seed(seed)

    def draw(tensor: Tensor, low: float, high: float) -> None:
        places = torch.randperm(tensor.numel(), generator=generator).reshape(tensor.shape)  # apart in float32 as well
        tensor.copy_((places + 0.5) / max(tensor.numel(), 1) * (high - low) + low)

    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.running_mean is not None:
                draw(layer.running_mean, -0.2, 0.2)
                draw(layer.running_var, 0.5, 1.5)
        for parameter in module.parameters():
            spread = float(parameter.max() - parameter.min()) if parameter.numel() else 0.0
            if spread > _TINY and parameter.dim() == 1:
                draw(parameter, float(parameter.min()), float(parameter.max()))
            elif spread > _TINY:
                parameter.add_(torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype) * _TINY)
            elif float(parameter.mean()) > 0.5:
                draw(parameter, 0.5, 1.5)
            else:
                draw(parameter, -0.2, 0.2)
    return module


def _torchvision() -> list[Subject]:
    """The image and video classification networks of torchvision, in its own order by family."""
    sized: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
        "inception_v3": ((3, 96, 96), {"init_weights": False}),
        "googlenet": ((3, 64, 64), {"init_weights": False}),
        "maxvit_t": ((3, 224, 224), {}),
        "vit_h_14": ((3, 56, 56), {"image_size": 56}),
    }
    for name in ("vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32"):
        sized[name] = ((3, 64, 64), {"image_size": 64})
    names = torchvision.models.list_models(module=torchvision.models)
    order = [name for family in _FAMILIES for name in names if name.startswith(family)]
    images = [Subject("torchvision", name, *sized.get(name, ())) for name in dict.fromkeys([*order, *names])]
    return [*images, *(Subject("torchvision", name, shape) for name, shape in _VIDEO.items())]


_FAMILIES = (
    "resnet", "vgg", "alexnet", "squeezenet", "densenet", "googlenet", "inception", "mobilenet", "shufflenet",
    "mnasnet", "efficientnet", "regnet", "wide_resnet", "resnext", "convnext", "vit", "swin", "maxvit",
)  # fmt: skip
_VIDEO = {
    "r3d_18": (3, 8, 32, 32),
    "mc3_18": (3, 8, 32, 32),
    "r2plus1d_18": (3, 8, 32, 32),
    "s3d": (3, 16, 224, 224),
    "swin3d_t": (3, 4, 64, 64),
}
"""Networks for films (channels, pictures, height, width)."""

_TIMM: Mapping[str, Mapping[str, Any]] = {
    "resnet50": {},
    "resnetv2_50": {},
    "seresnet50": {},
    "ecaresnet26t": {},
    "res2net50_26w_4s": {},
    "resnest14d": {},
    "skresnet18": {},
    "nf_resnet50": {},
    "eca_nfnet_l0": {},
    "densenet121": {},
    "dla34": {},
    "dpn68": {},
    "hrnet_w18_small": {},
    "selecsls42b": {},
    "ese_vovnet19b_dw": {},
    "cspdarknet53": {},
    "xception41": {},
    "legacy_xception": {},
    "inception_v4": {"input_size": 96},
    "inception_resnet_v2": {"input_size": 96},
    "mobilenetv2_100": {},
    "mobilenetv3_large_100": {},
    "mobilenetv4_conv_small": {},
    "efficientnet_b0": {},
    "mixnet_s": {},
    "lcnet_050": {},
    "hardcorenas_a": {},
    "ghostnet_100": {},
    "rexnet_100": {},
    "regnety_004": {},
    "repvgg_a0": {},
    "mobileone_s0": {},
    "hgnetv2_b0": {},
    "tresnet_m": {},
    "repvit_m1": {},
    "starnet_s1": {},
    "fasternet_t0": {},
    "edgenext_xx_small": {},
    "convnext_atto": {},
    "convnextv2_atto": {},
    "inception_next_atto": {},
    "convmixer_768_32": {},
    "poolformer_s12": {},
    "mambaout_femto": {},
    "focalnet_tiny_srf": {},
    "vit_tiny_patch16_224": {"img_size": 64},
    "deit_tiny_distilled_patch16_224": {"img_size": 64},
    "eva02_tiny_patch14_336": {"img_size": 56, "input_size": 56},
    "cait_xxs24_224": {"img_size": 64},
    "mixer_s32_224": {"img_size": 64},
    "resmlp_12_224": {"img_size": 64},
    "swin_tiny_patch4_window7_224": {"input_size": 224},
    "swinv2_tiny_window8_256": {"input_size": 256},
    "pvt_v2_b0": {},
    "mobilevit_xxs": {},
    "pit_ti_224": {"input_size": 224},
    "levit_128s": {"input_size": 224},
    "xcit_nano_12_p16_224": {"img_size": 64},
    "visformer_tiny": {"img_size": 224, "input_size": 224},
    "coatnet_nano_rw_224": {"input_size": 224},
}
"""Options by timm name; `input_size` is the height and width of the input where it is not 64."""


def _timm() -> list[Subject]:
    found = []
    for name, settings in _TIMM.items():
        options = dict(settings)
        size = int(options.pop("input_size", 64))
        found.append(Subject("timm", name, (3, size, size), options))
    return found


SUBJECTS: Mapping[str, Subject] = {
    f"{subject.library}/{subject.name}": subject for subject in (*_torchvision(), *_timm())
}
"""All networks by library and name, in the order in which they are tried."""
