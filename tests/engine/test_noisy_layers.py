"""Noise of what layers add up: its variance, and that examples do not share it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from worker.engine.regularizers.noise import disturbed, squared, standard_noise, variance_of
from worker.engine.regularizers.noisy_layers import NoisyLayers, layers_of_weights

DRAWS = 1500
LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(5, 3), (5,)),
    "tokens": (lambda: nn.Linear(5, 3), (4, 5)),
    "conv": (lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), (4, 7, 7)),
    "conv same": (lambda: nn.Conv1d(2, 3, 3, padding="same"), (2, 5)),
    "transposed": (lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1, groups=2), (4, 3, 3)),
}


class OneLayer(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layer(inputs)


def noisy(layer: nn.Module, log_variance: Tensor) -> fx.GraphModule:
    module = fx.symbolic_trace(OneLayer(layer).train())
    layers = layers_of_weights(module, ["layer.weight"])
    NoisyLayers(layers, {"layer.weight": log_variance}.__getitem__)
    return module


@pytest.mark.parametrize("name", LAYERS)
def test_outputs_have_the_mean_and_the_variance_of_a_sum_of_random_weights(name):
    """The variance of `sum x_i w_i` is `sum x_i^2 sigma_i^2`: that is quadratic in a basis of the weights, by hand."""
    torch.manual_seed(0)
    make, shape = LAYERS[name]
    layer = make()
    example = torch.randn(1, *shape)
    plain = layer(example).detach()[0]
    log_variance = torch.randn(layer.weight.shape) - 2
    outputs = noisy(layer, log_variance)(example.expand(DRAWS, *shape)).detach()
    variance = torch.zeros_like(plain, dtype=torch.float64)
    for place in range(layer.weight.numel()):
        basis = torch.zeros(layer.weight.numel())
        basis[place] = 1
        tensors = {"weight": basis.view_as(layer.weight), "bias": torch.zeros_like(layer.bias)}
        clean = make()
        share = torch.func.functional_call(clean, tensors, example).detach()[0].double()
        variance += share.square() * log_variance.flatten()[place].double().exp()
    assert bool(((outputs.mean(0) - plain).abs() <= 5 * (variance / DRAWS).sqrt() + 1e-5).all())
    ratio = outputs.double().var(0)[variance > 0] / variance[variance > 0]
    torch.testing.assert_close(ratio, torch.ones_like(ratio), atol=6 * (2 / DRAWS) ** 0.5, rtol=0)


def test_examples_do_not_share_noise():
    torch.manual_seed(1)
    module = noisy(nn.Linear(5, 3), torch.zeros(3, 5))
    pairs = torch.stack([module(torch.ones(2, 5)).detach() for _ in range(DRAWS)])
    for unit in range(3):
        correlation = torch.corrcoef(pairs[:, :, unit].T)[0, 1]
        assert abs(float(correlation)) < 5 / DRAWS**0.5


def test_the_noise_is_learned():
    """With outputs `y = mean + s * e` the slope of the mean of y^2 by log sigma^2 is `x^2 sigma^2`."""
    torch.manual_seed(2)
    log_variance = torch.full((1, 1), -1.0, requires_grad=True)
    module = noisy(nn.Linear(1, 1), log_variance)
    module(torch.full((50_000, 1), 2.0)).square().mean().backward()
    assert float(log_variance.grad) == pytest.approx(4 * torch.tensor(-1.0).exp().item(), rel=0.05)


def test_inputs_of_nothing_but_zeros_leave_gradients_finite():
    log_variance = torch.zeros(3, 5, requires_grad=True)
    module = noisy(nn.Linear(5, 3), log_variance)
    inputs = torch.zeros(2, 5, requires_grad=True)
    module(inputs).sum().backward()
    assert bool(torch.isfinite(inputs.grad).all())
    assert bool((log_variance.grad == 0).all())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_noise_is_drawn_in_the_layout_of_the_memory(layout):
    like = torch.empty(2, 3, 4, 5).to(memory_format=layout)
    noise = standard_noise(like, torch.Generator().manual_seed(3))
    flat = torch.randn(120, generator=torch.Generator().manual_seed(3))
    assert noise.stride() == like.stride()
    assert torch.equal(noise.permute(0, 2, 3, 1).flatten() if layout == torch.channels_last else noise.flatten(), flat)


@pytest.mark.parametrize("function", [squared, variance_of])
def test_gradients_in_closed_form_are_those_of_torch(function):
    values = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(function, (values,))
    plain = {squared: torch.square, variance_of: torch.exp}[function]
    torch.testing.assert_close(function(values), plain(values))


def test_the_noise_of_sums_carries_gradients_to_means_and_variances():
    mean, variance = torch.randn(3, 4), torch.rand(3, 4) + 0.1

    def disturb(mean: Tensor, variance: Tensor) -> Tensor:
        torch.manual_seed(0)
        return disturbed(mean, variance)

    inputs = tuple(tensor.double().requires_grad_() for tensor in (mean, variance))
    assert torch.autograd.gradcheck(disturb, inputs)


def test_layers_answer_an_image_of_one_channel_and_its_squares_in_one_layout():
    image = torch.randn(2, 1, 6, 6).as_strided((2, 1, 6, 6), (36, 1, 6, 1))
    conv = nn.Conv2d(1, 3, 3, bias=False).to(memory_format=torch.channels_last)
    other = variance_of(conv.weight.detach())
    assert functional.conv2d(squared(image), other).stride() == conv(image).stride()


def test_evaluation_and_a_regularizer_that_stopped_have_no_noise():
    layer = nn.Linear(5, 3)
    module = fx.symbolic_trace(OneLayer(layer).train())
    layers = layers_of_weights(module, ["layer.weight"])
    noise = NoisyLayers(layers, {"layer.weight": torch.zeros(3, 5)}.__getitem__)
    inputs = torch.randn(2, 5)
    plain = functional.linear(inputs, layer.weight, layer.bias)
    assert not torch.equal(module(inputs), plain)
    assert torch.equal(module.eval()(inputs), plain)
    noise.stop()
    assert torch.equal(module.train()(inputs), plain)


def test_weights_that_something_else_reads_have_no_layers_of_their_own():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(6, 4)
            self.free = nn.Linear(4, 4)
            self.read = nn.Linear(4, 4)

        def forward(self, places: Tensor) -> Tensor:
            hidden = self.free(self.table(places)) @ self.read.weight
            return self.read(hidden)

    module = fx.symbolic_trace(Tied())
    found = layers_of_weights(module, ["table.weight", "free.weight", "read.weight"])
    assert set(found) == {"free.weight"}
