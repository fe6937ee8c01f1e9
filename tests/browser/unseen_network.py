"""A network that no zoo knows, in a module of its own: what `secateur export` is pointed at."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Excited(nn.Module):
    """A depthwise convolution with squeeze-and-excitation around a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(width, 2 * width, 1, bias=False)
        self.norm = nn.BatchNorm2d(2 * width)
        self.depthwise = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)
        self.squeeze, self.excite = nn.Conv2d(2 * width, 4, 1), nn.Conv2d(4, 2 * width, 1)
        self.narrow = nn.Conv2d(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.hardswish(self.depthwise(functional.hardswish(self.norm(self.widen(x)))))
        weights = torch.sigmoid(self.excite(functional.silu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        narrowed: Tensor = self.narrow(y * weights)
        return x + narrowed


class Unseen(nn.Module):
    """A grouped convolution after an excited block, then attention with four heads over the map's places."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, padding=1)
        self.block = Excited(16)
        self.grouped = nn.Conv2d(16, 32, 3, 2, 1, groups=4)
        self.norm = nn.LayerNorm(32)
        self.qkv, self.proj = nn.Linear(32, 96), nn.Linear(32, 32)
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.gelu(self.grouped(self.block(functional.relu(self.stem(x))))).flatten(2).transpose(1, 2)
        batch, places, width = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(batch, places, 3, 4, width // 4).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, places, width)
        scores: Tensor = self.head((x + self.proj(y)).mean(1))
        return scores


def make_model() -> nn.Module:
    """The network with weights of its own."""
    torch.manual_seed(0)
    return Unseen().eval()
