"""Small networks that together hold every construct of the architectures people prune, to be captured and compared."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import torch
from torch import Tensor, nn

from tests.engine import constructs_attention as attention
from tests.engine import constructs_images as images
from tests.engine import constructs_sequences as sequences
from worker.engine.network import Network, capture


@dataclass(frozen=True)
class Input:
    """Shape of one example; with a vocabulary it holds integers below it."""

    shape: tuple[int, ...]
    vocabulary: int = 0

    def draw(self, count: int, dtype: torch.dtype, generator: torch.Generator) -> Tensor:
        """A batch of random examples."""
        if self.vocabulary:
            return torch.randint(self.vocabulary, (count, *self.shape), generator=generator)
        return torch.randn(count, *self.shape, generator=generator).to(dtype)


@dataclass(frozen=True)
class Construct:
    """One small network and what it takes."""

    name: str
    make: Callable[[], nn.Module] = field(hash=False, compare=False)
    takes: tuple[Input, ...]

    def module(self, dtype: torch.dtype = torch.float32, seed: int = 0) -> nn.Module:
        """The network in evaluation mode, with norms that are nowhere trivial."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = self.make()
            for layer in module.modules():
                _shake(layer)
        return module.to(dtype).eval()

    def inputs(self, count: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, ...]:
        """A batch of random inputs."""
        generator = torch.Generator().manual_seed(3)
        return tuple(take.draw(count, dtype, generator) for take in self.takes)

    def network(self, dtype: torch.dtype = torch.float32) -> Network:
        """The captured network; the same value every time (networks are never changed)."""
        return _captured(self, dtype)


@cache
def _captured(construct: Construct, dtype: torch.dtype) -> Network:
    return capture(construct.module(dtype), construct.inputs(2, dtype), construct.name)


def _shake(layer: nn.Module) -> None:
    """Move a norm's parameters and statistics away from zero and one."""
    for name, tensor in layer.named_buffers(recurse=False):
        if name == "running_mean":
            nn.init.normal_(tensor, std=0.1)
        if name == "running_var":
            nn.init.uniform_(tensor, 0.5, 1.5)
    if "Norm" in type(layer).__name__ and getattr(layer, "weight", None) is not None:
        nn.init.uniform_(layer.weight, 0.5, 1.5)
        if getattr(layer, "bias", None) is not None:
            nn.init.normal_(layer.bias, std=0.3)


_IMAGE = (Input((3, 16, 16)),)
_TOKENS = (Input((7,), vocabulary=11),)

CONSTRUCTS = (
    Construct("plain", images.Plain, _IMAGE),
    Construct("residual", images.Residual, _IMAGE),
    Construct("padded_shortcut", images.PaddedShortcut, _IMAGE),
    Construct("dense_block", images.DenseBlock, _IMAGE),
    Construct("grouped", images.Grouped, _IMAGE),
    Construct("shuffle", images.Shuffle, _IMAGE),
    Construct("squeeze_excitation", images.SqueezeExcitation, _IMAGE),
    Construct("inverted_residual", images.InvertedResidual, _IMAGE),
    Construct("other_norms", images.OtherNorms, _IMAGE),
    Construct("pixel_shuffle", images.PixelShuffle, _IMAGE),
    Construct("transposed", images.Transposed, _IMAGE),
    Construct("volume", images.Volume, (Input((2, 4, 8, 8)),)),
    Construct("signal", images.Signal, (Input((2, 32)),)),
    Construct("auxiliary", images.Auxiliary, _IMAGE),
    Construct("two_inputs", images.TwoInputs, (Input((3, 8, 8)), Input((5,)))),
    Construct("standard_attention", attention.StandardAttention, _IMAGE),
    Construct("fused_attention", attention.FusedAttention, _IMAGE),
    Construct("window_attention", attention.WindowAttention, _IMAGE),
    Construct("explicit_attention", attention.ExplicitAttention, _IMAGE),
    Construct("grouped_query_attention", attention.GroupedQueryAttention, _TOKENS),
    Construct("encoder", attention.Encoder, (*_TOKENS, Input((7,), vocabulary=2))),
    Construct("causal", attention.Causal, _TOKENS),
    Construct("masked", attention.Masked, _TOKENS),
    Construct("mixer", attention.Mixer, _IMAGE),
    Construct("convolution_blocks", images.ConvolutionBlocks, _IMAGE),
    Construct("long_short_term_memory", sequences.LongShortTermMemory, _TOKENS),
    Construct("gated_recurrent", sequences.GatedRecurrent, _TOKENS),
    Construct("tied_weights", sequences.TiedWeights, _TOKENS),
)
BY_NAME = {construct.name: construct for construct in CONSTRUCTS}


def construct_name(construct: object) -> str:
    """Identifier of a parametrized test."""
    return construct.name if isinstance(construct, Construct) else str(construct).removeprefix("torch.")
