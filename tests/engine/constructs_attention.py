"""Small networks of attention, windows, token mixing and gated layers."""

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 5
_WIDTH = 12
_HEADS = 3
_VOCABULARY = 11


class StandardAttention(nn.Module):
    """Patches, a class token and torch's own attention layer, as in the vision transformers of torchvision."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, _WIDTH, 8, stride=8)
        self.class_token = nn.Parameter(torch.randn(1, 1, _WIDTH))
        self.position = nn.Parameter(torch.randn(1, 5, _WIDTH))
        self.norm1, self.norm2 = nn.LayerNorm(_WIDTH, eps=1e-6), nn.LayerNorm(_WIDTH)
        self.attention = nn.MultiheadAttention(_WIDTH, _HEADS, dropout=0.1, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(_WIDTH, 20), nn.GELU(), nn.Dropout(0.1), nn.Linear(20, _WIDTH))
        self.head = nn.Linear(_WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        count = x.shape[0]
        x = self.patches(x).reshape(count, _WIDTH, 4).permute(0, 2, 1)
        x = torch.cat([self.class_token.expand(count, -1, -1), x], dim=1) + self.position
        inner = self.norm1(x)
        x = x + self.attention(inner, inner, inner, need_weights=False)[0]
        x = x + self.mlp(self.norm2(x))
        return self.head(x[:, 0])


class FusedAttention(nn.Module):
    """Queries, keys and values of one linear layer, torch's scaled dot product, layer scale."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, _WIDTH, 4, stride=4)
        self.norm, self.qkv, self.proj = nn.LayerNorm(_WIDTH), nn.Linear(_WIDTH, 3 * _WIDTH), nn.Linear(_WIDTH, _WIDTH)
        self.gamma = nn.Parameter(torch.rand(_WIDTH))
        self.norm2, self.fc1, self.fc2 = nn.LayerNorm(_WIDTH), nn.Linear(_WIDTH, 20), nn.Linear(20, _WIDTH)
        self.head = nn.Linear(_WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        count, length, width = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(count, length, 3, _HEADS, width // _HEADS).permute(2, 0, 3, 1, 4)
        inner = functional.scaled_dot_product_attention(q, k, v, dropout_p=0.1 if self.training else 0.0)
        x = x + self.proj(inner.transpose(1, 2).reshape(count, length, width)) * self.gamma
        x = x + self.fc2(functional.gelu(self.fc1(self.norm2(x)), approximate="tanh"))
        return self.head(x.mean(1))


class WindowAttention(nn.Module):
    """Shifted windows with a mask and a table of relative positions; then patches merged by strided slices."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, _WIDTH, 4, stride=4)
        self.norm, self.qkv, self.proj = nn.LayerNorm(_WIDTH), nn.Linear(_WIDTH, 3 * _WIDTH), nn.Linear(_WIDTH, _WIDTH)
        self.relative_position_bias_table = nn.Parameter(torch.randn(9, _HEADS))
        places = torch.stack(torch.meshgrid(torch.arange(2), torch.arange(2), indexing="ij")).flatten(1)
        offsets = (places[:, :, None] - places[:, None, :] + 1).permute(1, 2, 0)
        self.register_buffer("relative_position_index", (offsets[..., 0] * 3 + offsets[..., 1]).flatten())
        self.merge_norm, self.merge = nn.LayerNorm(4 * _WIDTH), nn.Linear(4 * _WIDTH, 10, bias=False)
        self.last, self.head = nn.LayerNorm(10), nn.Linear(10, CLASSES)

    def attend(self, x: Tensor, shift: int) -> Tensor:
        """Attention (N, 4, 4, width) within windows of 2 x 2 places, rolled by `shift`."""
        count, size, _, width = x.shape
        x = torch.roll(x, shifts=(-shift, -shift), dims=(1, 2))
        x = x.view(count, 2, 2, 2, 2, width).permute(0, 1, 3, 2, 4, 5).reshape(count * 4, 4, width)
        q, k, v = self.qkv(x).reshape(x.size(0), 4, 3, _HEADS, width // _HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q * (width // _HEADS) ** -0.5).matmul(k.transpose(-2, -1))
        bias = self.relative_position_bias_table[self.relative_position_index].view(4, 4, -1)
        weights = weights + bias.permute(2, 0, 1).contiguous().unsqueeze(0)
        if shift:
            region = x.new_zeros((size, size))
            for number, (rows, columns) in enumerate(((0, 0), (0, 3), (3, 0), (3, 3))):
                region[rows:, columns:] = number
            region = region.view(2, 2, 2, 2).permute(0, 2, 1, 3).reshape(4, 4)
            mask = region.unsqueeze(1) - region.unsqueeze(2)
            mask = mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)
            weights = weights.view(x.size(0) // 4, 4, _HEADS, 4, 4) + mask.unsqueeze(1).unsqueeze(0)
            weights = weights.view(-1, _HEADS, 4, 4)
        inner = functional.softmax(weights, dim=-1).matmul(v).transpose(1, 2).reshape(x.size(0), 4, width)
        inner = self.proj(inner).view(count, 2, 2, 2, 2, width).permute(0, 1, 3, 2, 4, 5)
        return torch.roll(inner.reshape(count, size, size, width), shifts=(shift, shift), dims=(1, 2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).permute(0, 2, 3, 1)
        x = x + self.attend(self.norm(x), 0)
        x = x + self.attend(self.norm(x), 1)
        x = torch.cat([x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)], -1)
        return self.head(self.last(self.merge(self.merge_norm(x))).flatten(1, 2).mean(1))


class ExplicitAttention(nn.Module):
    """Attention between places of a map, written with products of matrices; keys on a coarser map."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, _WIDTH, 4, stride=4)
        self.query, self.value = nn.Conv2d(_WIDTH, _WIDTH, 1), nn.Conv2d(_WIDTH, _WIDTH, 2, stride=2)
        self.key = nn.Conv2d(_WIDTH, _WIDTH, 2, stride=2)
        self.out, self.norm, self.head = (
            nn.Conv2d(_WIDTH, _WIDTH, 1),
            nn.BatchNorm2d(_WIDTH),
            nn.Linear(_WIDTH, CLASSES),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        count = x.size(0)
        q = self.query(x).view(count * _HEADS, _WIDTH // _HEADS, 16)
        k, v = (layer(x).view(count * _HEADS, _WIDTH // _HEADS, 4) for layer in (self.key, self.value))
        weights = torch.bmm(q.transpose(1, 2), k).div(2.0).softmax(2)
        inner = torch.einsum("bqk,bck->bcq", weights, v).reshape(count, _WIDTH, 4, 4)
        return self.head(functional.silu(self.norm(x + self.out(inner))).mean((2, 3)))


class RootMeanSquareNorm(nn.Module):
    """Root-mean-square norm as language models write it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(width) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


class GroupedQueryAttention(nn.Module):
    """Rotary positions, two query heads for each key head, a gated MLP, root-mean-square norms."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(_VOCABULARY, 16)
        self.norm1, self.norm2 = RootMeanSquareNorm(16), nn.RMSNorm(16, eps=1e-6)
        self.q_proj, self.o_proj = nn.Linear(16, 16, bias=False), nn.Linear(16, 16, bias=False)
        self.k_proj, self.v_proj = nn.Linear(16, 8, bias=False), nn.Linear(16, 8, bias=False)
        self.gate, self.up, self.down = nn.Linear(16, 24), nn.Linear(16, 24), nn.Linear(24, 16)
        angles = torch.outer(torch.arange(7.0), torch.tensor([1.0, 0.1]))
        self.register_buffer("angles", torch.cat([angles, angles], -1), persistent=False)
        self.head = nn.Linear(16, CLASSES)

    def rotate(self, x: Tensor) -> Tensor:
        """Rotate pairs of channels of (N, heads, length, 4) by the angle of their position."""
        left, right = x.chunk(2, dim=-1)
        return x * self.angles.cos() + torch.cat((-right, left), -1) * self.angles.sin()

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids)
        count, length, _ = x.shape
        inner = self.norm1(x)
        q = self.rotate(self.q_proj(inner).view(count, length, 4, 4).transpose(1, 2))
        k = self.rotate(self.k_proj(inner).view(count, length, 2, 4).transpose(1, 2))
        v = self.v_proj(inner).view(count, length, 2, 4).transpose(1, 2)
        k, v = (part[:, :, None].expand(count, 2, 2, length, 4).reshape(count, 4, length, 4) for part in (k, v))
        inner = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o_proj(inner.transpose(1, 2).contiguous().view(count, length, -1))
        inner = self.norm2(x)
        x = x + self.down(functional.silu(self.gate(inner)) * self.up(inner))
        return self.head(x[:, -1, :])


class Encoder(nn.Module):
    """Word, position and segment embeddings, attention written out with an additive mask, a pooler."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(_VOCABULARY, _WIDTH, padding_idx=0), nn.Embedding(9, _WIDTH)
        self.segments, self.norm = nn.Embedding(2, _WIDTH), nn.LayerNorm(_WIDTH, eps=1e-12)
        self.register_buffer("position_ids", torch.arange(9).expand((1, -1)))
        self.query, self.key, self.value = (nn.Linear(_WIDTH, _WIDTH) for _ in range(3))
        self.dense, self.pooler = nn.Linear(_WIDTH, _WIDTH), nn.Linear(_WIDTH, _WIDTH)
        self.drop, self.head = nn.Dropout(0.1), nn.Linear(_WIDTH, CLASSES)

    def _heads(self, x: Tensor) -> Tensor:
        return x.view((*x.shape[:-1], _HEADS, _WIDTH // _HEADS)).permute(0, 2, 1, 3)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x = self.words(ids) + self.positions(self.position_ids[:, : ids.shape[1]])
        x = self.drop(self.norm(x + self.segments(torch.zeros_like(ids))))
        hidden = (1.0 - mask[:, None, None, :].to(x.dtype)) * -10000.0
        scores = torch.matmul(self._heads(self.query(x)), self._heads(self.key(x)).transpose(-1, -2)) / 2.0
        weights = self.drop(functional.softmax(scores + hidden, dim=-1))
        inner = torch.matmul(weights, self._heads(self.value(x))).permute(0, 2, 1, 3).contiguous()
        x = self.norm(self.dense(inner.view((*inner.shape[:-2], _WIDTH))) + x)
        return self.head(self.drop(torch.tanh(self.pooler(x[:, 0]))))


class Causal(nn.Module):
    """A causal mask kept as a buffer, projections stored input first, as in GPT-2."""

    def __init__(self) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(_VOCABULARY, _WIDTH), nn.Embedding(7, _WIDTH)
        self.c_attn = nn.ParameterDict({"weight": torch.randn(_WIDTH, 3 * _WIDTH) / 4, "bias": torch.randn(3 * _WIDTH)})
        self.c_proj = nn.ParameterDict({"weight": torch.randn(_WIDTH, _WIDTH) / 4, "bias": torch.randn(_WIDTH)})
        self.register_buffer("mask", torch.tril(torch.ones(7, 7, dtype=torch.bool)).view(1, 1, 7, 7))
        self.norm, self.fc = nn.LayerNorm(_WIDTH), nn.Linear(_WIDTH, CLASSES, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(0, ids.size(-1), dtype=torch.long).unsqueeze(0))
        flat = torch.addmm(self.c_attn["bias"], x.view(-1, x.size(-1)), self.c_attn["weight"])
        query, key, value = flat.view((*x.size()[:-1], 3 * _WIDTH)).split(_WIDTH, dim=2)
        query, key, value = (part.view(*part.shape[:2], _HEADS, -1).transpose(1, 2) for part in (query, key, value))
        weights = torch.matmul(query, key.transpose(-1, -2)) / (value.size(-1) ** 0.5)
        weights = torch.where(
            self.mask[:, :, :7, :7], weights, torch.full([], torch.finfo(weights.dtype).min, dtype=weights.dtype)
        )
        inner = torch.matmul(weights.softmax(-1), value).transpose(1, 2).flatten(2)
        x = x + torch.addmm(self.c_proj["bias"], inner.view(-1, _WIDTH), self.c_proj["weight"]).view(x.size())
        return self.fc(self.norm(x))[:, -1]


class Masked(nn.Module):
    """Attention under a causal mask, a window and padding, joined by all of Python's and torch's ways for booleans."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norm = nn.Embedding(_VOCABULARY, _WIDTH), nn.LayerNorm(_WIDTH)
        self.query, self.key, self.value = (nn.Linear(_WIDTH, _WIDTH) for _ in range(3))
        self.proj, self.up, self.down = nn.Linear(_WIDTH, _WIDTH), nn.Linear(_WIDTH, 20), nn.Linear(20, _WIDTH)
        self.register_buffer("causal", torch.tril(torch.ones(7, 7, dtype=torch.bool)))
        self.head = nn.Linear(_WIDTH, CLASSES)

    def _mask(self, ids: Tensor) -> Tensor:
        """Which key every query sees (N, 1, 7, 7): itself, and what is no padding, not later, and not a separator."""
        far = (torch.arange(7)[:, None] - torch.arange(7) > 4) ^ (self.causal ^ True)
        seen = self.causal & (ids != 0)[:, None, None, :] & ~far
        seen &= ((ids == 1) ^ (ids > 0))[:, None, None, :]
        seen |= torch.logical_and(seen, torch.logical_not(ids > 9)[:, None, :, None])
        seen = torch.logical_xor(seen, torch.bitwise_and(far & False, ids[:, None, None, :] > 5))
        return torch.logical_or(torch.bitwise_or(seen, torch.bitwise_not(~seen)), ~(self.causal ^ self.causal.t()))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids)
        inner = self.norm(x)
        q, k, v = (
            layer(inner).unflatten(-1, (_HEADS, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        scores = (q @ k.transpose(-2, -1) / 2.0).masked_fill(~self._mask(ids), float("-inf"))
        x = x + self.proj((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        x = x + self.down(functional.gelu(self.up(x)))
        return self.head(x.mean(1))


class Mixer(nn.Module):
    """Linear layers over places and over channels in turn; a gate in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, _WIDTH, 4, stride=4)
        self.norm1, self.norm2 = nn.LayerNorm(_WIDTH), nn.LayerNorm(_WIDTH)
        self.places1, self.places2 = nn.Linear(16, 10), nn.Linear(10, 16)
        self.channels1, self.channels2 = nn.Linear(_WIDTH, 20), nn.Linear(10, _WIDTH)
        self.head = nn.Linear(_WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).flatten(2).transpose(1, 2)
        x = x + self.places2(functional.gelu(self.places1(self.norm1(x).transpose(1, 2)))).transpose(1, 2)
        x = x + self.channels2(functional.glu(self.channels1(self.norm2(x)), -1))
        return self.head(x.mean(dim=1))
