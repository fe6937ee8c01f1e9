"""Networks that read an image as a sequence: recurrent networks over its rows, a transformer over its patches."""

import torch
from torch import Tensor, nn
from torch.nn import functional

RECURRENT_WIDTH = 128
VIT_PATCH = 4
_RECURRENT_DEPTH = 2
_VIT_WIDTH, _VIT_DEPTH, _VIT_HEADS = 128, 6, 4
_VIT_EXPANSION = 2


class RecurrentClassifier(nn.Module):
    """Two layers of LSTM (Hochreiter and Schmidhuber 1997) or GRU (Cho et al. 2014) cells over an image's rows.

    Each row, of all channels side by side, is one step; the last step's hidden state is classified by `fc`.
    """

    def __init__(self, features: int, class_count: int, *, is_gated_unit: bool) -> None:
        super().__init__()
        cell = nn.GRU if is_gated_unit else nn.LSTM
        self.rnn = cell(features, RECURRENT_WIDTH, _RECURRENT_DEPTH, batch_first=True)
        self.fc = nn.Linear(RECURRENT_WIDTH, class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        outputs, _ = self.rnn(x.transpose(1, 2).flatten(2))
        scores: Tensor = self.fc(outputs[:, -1])
        return scores


class _Attention(nn.Module):
    """Multi-head self-attention with one projection for queries, keys and values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (N, T, width)."""
        batch, tokens, width = x.shape
        q, k, v = (
            self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        )
        y = functional.scaled_dot_product_attention(q, k, v)
        mixed: Tensor = self.proj(y.transpose(1, 2).reshape(batch, tokens, width))
        return mixed


class _EncoderBlock(nn.Module):
    """Attention and a two-layer perceptron, each behind a layer norm and around a shortcut."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = _Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, _VIT_EXPANSION * width), nn.GELU(), nn.Linear(_VIT_EXPANSION * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (N, T, width)."""
        x = x + self.attn(self.norm1(x))
        changed: Tensor = x + self.mlp(self.norm2(x))
        return changed


class SmallViT(nn.Module):
    """A vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929) of 4x4 patches and six blocks of width 128."""

    def __init__(self, input_shape: tuple[int, int, int], class_count: int) -> None:
        super().__init__()
        channels, height, width = input_shape
        tokens = (height // VIT_PATCH) * (width // VIT_PATCH) + 1
        self.patch_embed = nn.Conv2d(channels, _VIT_WIDTH, VIT_PATCH, VIT_PATCH)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, _VIT_WIDTH))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, tokens, _VIT_WIDTH))
        self.blocks = nn.Sequential(*(_EncoderBlock(_VIT_WIDTH, _VIT_HEADS) for _ in range(_VIT_DEPTH)))
        self.norm = nn.LayerNorm(_VIT_WIDTH)
        self.head = nn.Linear(_VIT_WIDTH, class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.size(0), -1, -1), x], 1) + self.pos_embed
        scores: Tensor = self.head(self.norm(self.blocks(x))[:, 0])
        return scores
