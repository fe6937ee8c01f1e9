"""Small recurrent networks and language models."""

import torch
from torch import Tensor, nn

CLASSES = 5
_VOCABULARY = 11


class LongShortTermMemory(nn.Module):
    """An embedding, two layers of LSTM with dropout between them, a classifier on the last state."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(_VOCABULARY, 6)
        self.lstm = nn.LSTM(6, 8, num_layers=2, batch_first=True, dropout=0.2)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, ids: Tensor) -> Tensor:
        answers, (_hidden, _cell) = self.lstm(self.embed(ids))
        return self.head(answers[:, -1])


class GatedRecurrent(nn.Module):
    """A GRU that reads both ways, time first, without biases; the final hidden states are read."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(_VOCABULARY, 6)
        self.gru = nn.GRU(6, 7, bidirectional=True, bias=False)
        self.head = nn.Linear(14, CLASSES)

    def forward(self, ids: Tensor) -> Tensor:
        _answers, hidden = self.gru(self.embed(ids).transpose(0, 1))
        return self.head(torch.cat([hidden[-2], hidden[-1]], 1))


class TiedWeights(nn.Module):
    """A language model whose classifier is its embedding, and whose block is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(_VOCABULARY, 8)
        self.wide, self.narrow = nn.Linear(8, 12), nn.Linear(12, 8)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, _VOCABULARY, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids)
        for _ in range(2):
            x = self.norm(x + self.narrow(torch.relu(self.wide(x))))
        return self.head(x.sum(1))
