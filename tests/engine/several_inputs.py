"""Networks with several inputs, some of them tokens, and data that they can learn."""

import torch
from torch import Tensor, nn

from worker.engine.examples import Dataset, Examples
from worker.engine.inputs import Inputs
from worker.engine.network import Network, capture

CLASSES = 4
ROWS = 20
TOKENS = 6


class TwoImages(nn.Module):
    """Two pictures of different sizes, joined after a convolution each."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(1, 8, 3, stride=2), nn.Conv2d(2, 6, 3)
        self.norm = nn.BatchNorm2d(8)
        self.hidden, self.fc = nn.Linear(14, 12), nn.Linear(12, CLASSES)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        left, right = torch.relu(self.norm(self.left(left))), torch.relu(self.right(right))
        both = torch.cat([left.amax((2, 3)), right.amax((2, 3))], 1)
        return self.fc(torch.relu(self.hidden(both)))


class Words(nn.Module):
    """Tokens that are looked up and averaged, and a vector of numbers; called `input`, as no graph can call it."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.reader = nn.Embedding(ROWS, 8), nn.Linear(8, 10)
        self.vector = nn.Linear(3, 6)
        self.hidden, self.fc = nn.Linear(16, 12), nn.Linear(12, CLASSES)

    def forward(self, tokens: Tensor, input: Tensor) -> Tensor:  # noqa: A002  (a name that authors do use)
        words = torch.relu(self.reader(self.table(tokens))).amax(1)
        return self.fc(torch.relu(self.hidden(torch.cat([words, torch.relu(self.vector(input))], 1))))


def two_images() -> Network:
    """With inputs `left` (1, 8, 8) and `right` (2, 6, 6)."""
    torch.manual_seed(0)
    return capture(TwoImages(), (torch.zeros(2, 1, 8, 8), torch.zeros(2, 2, 6, 6)), "two_images")


def words() -> Network:
    """With inputs `tokens` (6,), rows of a table of 20, and `input_1` (3,)."""
    torch.manual_seed(0)
    return capture(Words(), (torch.zeros(2, TOKENS, dtype=torch.int64), torch.zeros(2, 3)), "words")


def pictures(count: int = 160, test_count: int = 40) -> Dataset:
    """Each half of the class decides in which half of one of the pictures a spot is bright."""
    generator, total = torch.Generator().manual_seed(3), count + test_count
    labels = torch.arange(total) % CLASSES
    left = torch.randint(0, 100, (total, 1, 8, 8), generator=generator)
    right = torch.rand((total, 2, 6, 6), generator=generator)
    for index, label in enumerate(labels.tolist()):
        left[index, 0, 1:4, 1:4] += 150 * (label % 2)
        right[index, label // 2] += 1.0
    return _split(Inputs.of(left.to(torch.uint8), right), labels, count, ("left", "right"))


def sentences(count: int = 160, test_count: int = 40) -> Dataset:
    """Half of the class is told by a token, half by the vector; held in the other order than the network's."""
    generator, total = torch.Generator().manual_seed(4), count + test_count
    labels = torch.arange(total) % CLASSES
    tokens = torch.randint(2, ROWS, (total, TOKENS), generator=generator, dtype=torch.int32)
    tokens[torch.arange(total), labels % TOKENS] = (labels % 2).to(torch.int32)
    vector = torch.randn((total, 3), generator=generator) + 2.0 * (labels // 2)[:, None]
    return _split(Inputs.of(vector, tokens), labels, count, ("input_1", "tokens"))


def _split(inputs: Inputs, labels: Tensor, count: int, names: tuple[str, ...]) -> Dataset:
    whole = Examples(inputs, labels)
    return Dataset(whole.at(slice(count)), whole.at(slice(count, None)), CLASSES, "several", names)
