"""Small convolutional networks, each around one construct."""

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 5


def _block(width_in: int, width: int, kernel: int = 3, **options: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width_in, width, kernel, padding=kernel // 2, bias=False, **options),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )


class Plain(nn.Module):
    """Convolutions with biases, pooling, flatten, dropout, linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1),
            nn.ReLU(True),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3, padding="same"),
            nn.PReLU(8),
            nn.AdaptiveAvgPool2d((2, 2)),
        )
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(32, 12), nn.ReLU(True), nn.Linear(12, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


class Residual(nn.Module):
    """A stem, a block with identity shortcut, one with a projection."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _block(3, 6)
        self.first = nn.Sequential(_block(6, 4), nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6))
        self.second = nn.Sequential(_block(6, 8, stride=2), nn.Conv2d(8, 10, 3, padding=1), nn.BatchNorm2d(10))
        self.downsample = nn.Sequential(nn.Conv2d(6, 10, 1, stride=2, bias=False), nn.BatchNorm2d(10))
        self.fc = nn.Linear(10, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        shortcut = x
        x = self.first(x)
        x += shortcut
        x = functional.relu(x)
        x = functional.relu(self.second(x) + self.downsample(x))
        return self.fc(x.mean((2, 3)))


class PaddedShortcut(nn.Module):
    """A residual shortcut that is strided and padded with zero channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _block(3, 4)
        self.inner = nn.Sequential(_block(4, 6, stride=2), nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = functional.relu(self.inner(x) + functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2)))
        return self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))


class DenseBlock(nn.Module):
    """Concatenations that grow, with norms before convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(6 + 4 * number) for number in range(3))
        self.layers = nn.ModuleList(nn.Conv2d(6 + 4 * number, 4, 3, padding=1, bias=False) for number in range(3))
        self.last = nn.BatchNorm2d(18)
        self.transition = nn.Conv2d(18, 9, 1, bias=False)
        self.fc = nn.Linear(9, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        features = [self.stem(x)]
        for norm, layer in zip(self.norms, self.layers, strict=True):
            features.append(layer(functional.relu(norm(torch.cat(features, 1)))))
        x = self.transition(functional.relu(self.last(torch.cat(features, 1))))
        return self.fc(functional.avg_pool2d(x, 16).flatten(1))


class Grouped(nn.Module):
    """A residual block around a grouped convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _block(3, 8)
        self.reduce, self.group, self.expand = _block(8, 12, 1), _block(12, 12, groups=3), nn.Conv2d(12, 8, 1)
        self.norm = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = functional.relu(x + self.norm(self.expand(self.group(self.reduce(x)))))
        return self.fc(x.mean((2, 3)))


class Shuffle(nn.Module):
    """Channel split, depthwise convolution, concatenation and channel shuffle."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _block(3, 8)
        self.branch = nn.Sequential(_block(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1, groups=4), _block(4, 4, 1))
        self.last = _block(8, 10, 1)
        self.fc = nn.Linear(10, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for _ in range(2):
            left, right = x.chunk(2, dim=1)
            x = torch.cat((left, self.branch(right)), dim=1)
            count, width, height, length = x.size()
            x = x.view(count, 2, width // 2, height, length)
            x = torch.transpose(x, 1, 2).contiguous().view(count, width, height, length)
        return self.fc(self.last(x).mean([2, 3]))


class SqueezeExcitation(nn.Module):
    """Channels scaled by a gate that is computed from them, with convolutions and with linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _block(3, 8)
        self.squeeze, self.excite = nn.Conv2d(8, 3, 1), nn.Conv2d(3, 8, 1)
        self.fc1, self.fc2 = nn.Linear(8, 4), nn.Linear(4, 8)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        scale = self.excite(functional.silu(self.squeeze(functional.adaptive_avg_pool2d(x, 1))))
        x = x * torch.sigmoid(scale)
        scale = self.fc2(functional.relu(self.fc1(x.mean((2, 3)))))
        x = x * functional.hardsigmoid(scale).view(x.size(0), x.size(1), 1, 1).expand_as(x)
        return self.fc(x.mean((2, 3)))


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution and linear bottleneck, with a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6), nn.Hardswish())
        self.conv = nn.Sequential(
            nn.Conv2d(6, 18, 1, bias=False),
            nn.BatchNorm2d(18),
            nn.ReLU6(True),
            nn.Conv2d(18, 18, 5, 1, 2, groups=18, bias=False),
            nn.BatchNorm2d(18),
            nn.ReLU6(True),
            nn.Conv2d(18, 6, 1, bias=False),
            nn.BatchNorm2d(6),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(6, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.classifier((x + self.conv(x)).mean([2, 3]))


class OtherNorms(nn.Module):
    """Group norm, instance norm (with and without statistics) and local response norm."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8)
        self.conv2, self.norm2 = nn.Conv2d(8, 6, 3), nn.InstanceNorm2d(6, affine=True)
        self.conv3, self.norm3 = nn.Conv2d(6, 6, 3), nn.InstanceNorm2d(6, affine=True, track_running_stats=True)
        self.last = nn.LocalResponseNorm(3)
        self.fc = nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.mish(self.norm1(self.conv1(x)))
        x = functional.leaky_relu(self.norm2(self.conv2(x)), 0.1)
        x = functional.elu(self.norm3(self.conv3(x)))
        return self.fc(self.last(x).amax((2, 3)))


class PixelShuffle(nn.Module):
    """Space to channels and back, then a linear layer over all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(12, 16, 3, padding=1), nn.Conv2d(4, 3, 3, stride=2)
        self.fc = nn.Linear(3 * 7 * 7, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.gelu(self.conv1(functional.pixel_unshuffle(x, 2)))
        x = functional.gelu(self.conv2(functional.pixel_shuffle(x, 2)))
        return self.fc(x.reshape(x.shape[0], -1))


class Transposed(nn.Module):
    """Down with convolutions, up with transposed ones and interpolation, joined by concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = _block(3, 6), _block(6, 8, stride=2)
        self.up = nn.ConvTranspose2d(8, 6, 2, stride=2)
        self.norm = nn.BatchNorm2d(6)
        self.join = _block(12, 6)
        self.last = nn.ConvTranspose2d(6, 4, 3, padding=1, groups=2, bias=False)
        self.fc = nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        wide = self.down1(x)
        deep = self.down2(wide)
        x = self.join(torch.cat([wide, functional.relu(self.norm(self.up(deep)))], 1))
        deep = functional.interpolate(deep, scale_factor=2, mode="bilinear", align_corners=False)
        x = x + functional.interpolate(deep, x.shape[-2:], mode="nearest")[:, :6]
        return self.fc(self.last(x).mean((-2, -1)))


class Volume(nn.Module):
    """Three spatial axes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm = nn.Conv3d(2, 6, (1, 3, 3), padding=(0, 1, 1), bias=False), nn.BatchNorm3d(6)
        self.conv2, self.fc = nn.Conv3d(6, 4, 3), nn.Linear(4, CLASSES)
        self.drop = nn.Dropout3d(0.3)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool3d(functional.relu(self.norm(self.conv1(x))), (1, 2, 2))
        x = functional.avg_pool3d(self.drop(functional.relu(self.conv2(x))), 2)
        return self.fc(functional.adaptive_avg_pool3d(x, 1).flatten(1))


class Signal(nn.Module):
    """One spatial axis, weight-normed by hand, with a transposed convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm = nn.Conv1d(2, 6, 5, stride=2, padding=2), nn.BatchNorm1d(6)
        self.conv2 = nn.ConvTranspose1d(6, 4, 4, stride=2, padding=1)
        self.fc1, self.norm2, self.fc = nn.Linear(16, 10), nn.BatchNorm1d(10, affine=False), nn.Linear(10, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.softplus(self.norm(self.conv1(x)))
        x = functional.lp_pool1d(torch.abs(self.conv2(x)), 2, 8)
        return self.fc(torch.tanh(self.norm2(self.fc1(x.flatten(1)))))


class Auxiliary(nn.Module):
    """A second output in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.deep = _block(3, 6), _block(6, 8)
        self.auxiliary, self.fc = nn.Linear(6, CLASSES), nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(x)
        return self.fc(self.deep(x).mean((2, 3))), self.auxiliary(x.mean((2, 3)))


class TwoInputs(nn.Module):
    """An image and a vector that joins it late."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.vector = _block(3, 6), nn.Linear(5, 4)
        self.hidden, self.fc = nn.Linear(10, 8), nn.Linear(8, CLASSES)

    def forward(self, image: Tensor, vector: Tensor) -> Tensor:
        both = torch.cat([self.image(image).mean((2, 3)), functional.relu(self.vector(vector))], 1)
        return self.fc(functional.relu(self.hidden(both)))


class ConvolutionBlocks(nn.Module):
    """Depthwise convolution, channels-last layer norm and linear layers, a layer scale, a 2d layer norm."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, stride=4)
        self.depthwise, self.norm = nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.LayerNorm(8, eps=1e-6)
        self.wide, self.narrow = nn.Linear(8, 16), nn.Linear(16, 8)
        self.gamma = nn.Parameter(torch.rand(8))
        self.last, self.fc = nn.LayerNorm((8, 1, 1)), nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        inner = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        inner = self.gamma * self.narrow(functional.gelu(self.wide(inner)))
        x = x + inner.permute(0, 3, 1, 2)
        return self.fc(self.last(functional.adaptive_avg_pool2d(x, 1)).flatten(1))
