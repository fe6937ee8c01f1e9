"""Kinds of attention and recurrence that differ in one thing each, on sequences (N, 6, 8)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 3
WIDTH = 8
LENGTH = 6
HEADS = 4
_SIZE = WIDTH // HEADS


def split(x: Tensor, heads: int = HEADS) -> Tensor:
    """(N, length, width) to (N, heads, length, size)."""
    return x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def merge(x: Tensor) -> Tensor:
    """(N, heads, length, size) to (N, length, width)."""
    return x.transpose(1, 2).flatten(2)


class Projections(nn.Module):
    """Queries, keys, values, an answer; a subclass says how they meet."""

    keys = WIDTH

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, self.keys), nn.Linear(WIDTH, self.keys)
        self.proj, self.head = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, CLASSES)

    def meet(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """(N, length, width) of what attention gives."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.proj(self.meet(self.q(x), self.k(x), self.v(x))).mean(1))


class CosineAttention(Projections):
    """Normalized queries and keys, a learned scale and a learned bias for each head (Swin V2)."""

    def __init__(self) -> None:
        super().__init__()
        self.logit_scale = nn.Parameter(torch.rand(HEADS, 1, 1))
        self.bias = nn.Parameter(torch.randn(HEADS, LENGTH, LENGTH))

    def meet(self, q, k, v):
        q, k, v = split(q), split(k), split(v)
        scores = functional.normalize(q, dim=-1) @ functional.normalize(k, dim=-1).transpose(-2, -1)
        scores = scores * torch.clamp(self.logit_scale, max=4.6).exp() + self.bias
        return merge(scores.softmax(-1) @ v)


class TalkingHeads(Projections):
    """Linear layers over the heads before and after the softmax (CaiT)."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.Linear(HEADS, HEADS), nn.Linear(HEADS, HEADS)

    def meet(self, q, k, v):
        q, k, v = split(q), split(k), split(v)
        scores = self.before((q @ k.transpose(-2, -1)).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        weights = self.after(scores.softmax(-1).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return merge(weights @ v)


class NormedHeads(Projections):
    """Layer norms over the dimension of each head."""

    def __init__(self) -> None:
        super().__init__()
        self.q_norm, self.k_norm = nn.LayerNorm(_SIZE), nn.RMSNorm(_SIZE, eps=1e-6)

    def meet(self, q, k, v):
        return merge(functional.scaled_dot_product_attention(self.q_norm(split(q)), self.k_norm(split(k)), split(v)))


class SingleHead(Projections):
    """One head: the scale follows from its dimension, inside the operation."""

    def meet(self, q, k, v):
        return functional.scaled_dot_product_attention(q, k, v)


class BiasedHeads(Projections):
    """A mask that holds a learned bias for each head."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.randn(HEADS, LENGTH, LENGTH))

    def meet(self, q, k, v):
        mask = self.bias.unsqueeze(0)
        return merge(functional.scaled_dot_product_attention(split(q), split(k), split(v), attn_mask=mask))


class GroupedHeads(Projections):
    """Two query heads for each key head, repeated inside the operation."""

    keys = WIDTH // 2

    def meet(self, q, k, v):
        k, v = split(k, HEADS // 2), split(v, HEADS // 2)
        return merge(functional.scaled_dot_product_attention(split(q), k, v, enable_gqa=True))


class SharedKeys(Projections):
    """All query heads read the same keys and values."""

    keys = _SIZE

    def meet(self, q, k, v):
        scores = split(q) @ k.unsqueeze(1).transpose(-2, -1)
        return merge(scores.softmax(-1) @ v.unsqueeze(1))


class CrossCovariance(Projections):
    """Attention between the channels of each head (XCiT)."""

    def meet(self, q, k, v):
        q, k, v = (split(part).transpose(-2, -1) for part in (q, k, v))
        scores = functional.normalize(q, dim=-1) @ functional.normalize(k, dim=-1).transpose(-2, -1)
        return (scores.softmax(-1) @ v).permute(0, 3, 1, 2).flatten(2)


class SilentKeys(nn.Module):
    """One layer for queries, keys and values whose bias is set to zero for the keys, in place (Swin V2)."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        bias = self.qkv.bias.clone()
        bias[WIDTH : 2 * WIDTH].zero_()
        parts = functional.linear(x, self.qkv.weight, bias).reshape(x.shape[0], LENGTH, 3, HEADS, _SIZE)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        return self.head(self.proj(merge((q @ k.transpose(-2, -1)).softmax(-1) @ v)).mean(1))


class WeightsToo(nn.Module):
    """torch's attention layer asked for its weights: written out, with heads and examples on one axis."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.head = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True), nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.attention(x, x, x)[0].mean(1))


class Normalized(nn.Module):
    """Channels divided by their length, and a group norm of one group."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.norm = nn.Linear(WIDTH, 10), nn.Linear(10, 12), nn.GroupNorm(1, 12)
        self.head = nn.Linear(12, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.normalize(self.a(x), dim=-1)
        return self.head(self.norm(self.b(x).transpose(1, 2)).mean(2))


class GroupedStream(nn.Module):
    """A residual stream under group norms."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Conv1d(LENGTH, 12, 1), nn.Conv1d(12, 12, 3, padding=1), nn.Conv1d(12, 6, 1))
        self.norm1, self.norm2 = nn.GroupNorm(4, 12), nn.GroupNorm(4, 12)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.norm1(self.a(x)))
        return self.head(functional.relu(self.c(x + functional.relu(self.norm2(self.b(x))))).mean(2))


class ProjectedBothWays(nn.Module):
    """Two layers of LSTM that read both ways and project their answers, tokens first."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(WIDTH, 6)
        self.lstm = nn.LSTM(6, 10, num_layers=2, bidirectional=True, proj_size=4)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(self.a(x).transpose(0, 1))[0].mean(0))


class LastCell(nn.Module):
    """What an LSTM remembers, after a plain recurrent layer and a GRU of two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(WIDTH, 5, batch_first=True, nonlinearity="relu")
        self.gru = nn.GRU(5, 6, num_layers=2, batch_first=True)
        self.lstm = nn.LSTM(6, 7, batch_first=True)
        self.head = nn.Linear(7, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        _, (_, cell) = self.lstm(self.gru(self.rnn(x)[0])[0])
        return self.head(cell[-1])
