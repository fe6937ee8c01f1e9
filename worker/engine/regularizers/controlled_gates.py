"""Binary gates whose gradient is made less noisy by the slopes of relaxed gates: REBAR and RELAX."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from worker.engine.estimators.controls import small_network
from worker.engine.estimators.gates import draw_noise
from worker.engine.estimators.gradients import draw_again, reinforce_term
from worker.engine.regularizers.gate_laws import BinaryGates, GateLaw, Start
from worker.engine.retraining.optimizers import read_state, write_state

_TEMPERATURE = 0.5
"""Of relaxed gates, `sigmoid(draw / temperature)`. Learning it would take second derivatives of the network's loss."""
_KEPT = 0.99
"""Share of the running means that stays when a step comes in."""
_LEARNING_RATE = 0.01
"""Of RELAX's network."""


class RebarGates(BinaryGates):
    """REBAR (Tucker et al. 2017, arXiv:1703.07370), by three forward passes, two of them on some of the examples.

    `[f(b) - c(z~)] d log p(b) + d c(z) - d c(z~)` with `c = scale * f(sigmoid(draw / temperature))`: z~ is a draw
    whose threshold gives the gates b; z is one by the noise that gave them, mirrored, where the authors' is that very
    draw, which leaves the mean alone. So does the scale: the one that would have given the least variance in the steps
    before.
    """

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._products = torch.zeros(2, device=start.device)
        """Running means of `rest * control` and `control^2`, summed over gates."""

    def draw(self) -> Tensor:
        """Binary gates; and the draws behind them, as functions of the logits."""
        gates = super().draw()
        self._free = self._logits().detach().requires_grad_()
        noise = draw_noise((self._start.count,), self._start.generator).to(self._start.device, non_blocking=True)
        draws = self._free + torch.logit(self._noise), draw_again(self._free, gates, noise)
        self._draws = draws
        self._relaxed = tuple(torch.sigmoid(values / _TEMPERATURE) for values in draws)
        self._leaves = tuple(values.detach().requires_grad_() for values in self._relaxed)
        return gates

    def relaxed(self) -> Sequence[Tensor]:
        """Of both draws."""
        return self._leaves

    def observe(self, loss: Tensor, second: Tensor | None, relaxed: Sequence[Tensor] = ()) -> None:  # noqa: ARG002
        """Estimate the gradient by the logits."""
        if len(relaxed) != len(self._leaves):
            raise RuntimeError("the estimate needs the losses of both relaxed gates")
        slopes = torch.autograd.grad([*relaxed], self._leaves)
        first, again = ((gates * slope).sum() for gates, slope in zip(self._relaxed, slopes, strict=True))
        (slope,) = torch.autograd.grad(first - again, self._free, retain_graph=True)
        control = slope - reinforce_term(relaxed[1].detach(), 0.0, self._gates, self._free.detach())
        rest = reinforce_term(loss, 0.0, self._gates, self._free.detach()) + self._learned()
        self._estimate = rest + self._scale() * control
        products = torch.stack([(rest * control).sum(), control.square().sum()])
        self._products.lerp_(products, 1 - _KEPT)
        self._learn(self._estimate)

    def state(self) -> dict[str, Tensor]:
        """The running means."""
        return {"products": self._products.to("cpu", copy=True)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from them."""
        self._products.copy_(state["products"])

    def _scale(self) -> Tensor:
        """Least squares: `-E[rest * control] / E[control^2]`; 1 before the first step."""
        mixed, squares = self._products
        return torch.where(squares > 0, -mixed / squares.clamp_min(torch.finfo(squares.dtype).tiny), 1.0)

    def _learned(self) -> Tensor:
        """A further control's part in the estimate (G,)."""
        return torch.zeros_like(self._free)

    def _learn(self, estimate: Tensor) -> None:
        """Improve the further control after an estimate."""


class RelaxGates(RebarGates):
    """RELAX (Grathwohl et al. 2018, arXiv:1711.00123): REBAR's control and a small network of the draws.

    The network starts at zero and learns, by Adam, to lower the square of the estimates.
    """

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._network = small_network(start.count, start.generator).to(start.device)
        self._optimizer = torch.optim.Adam(self._network.parameters(), _LEARNING_RATE, fused=True)

    def _learned(self) -> Tensor:
        """`d r(z) - d r(z~) - r(z~) d log p(b)`, by the network r before this step."""
        self._part = self._part_of_network()
        return self._part.detach()

    def _part_of_network(self) -> Tensor:
        first, again = (self._network(values).squeeze(-1) for values in self._draws)
        (slope,) = torch.autograd.grad(first - again, self._free, create_graph=True)
        return slope - reinforce_term(again, 0.0, self._gates, self._free.detach())

    def _learn(self, estimate: Tensor) -> None:
        """One step down the slope of the estimate's square."""
        self._optimizer.zero_grad()
        (2 * estimate.detach() * self._part).sum().backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()

    def state(self) -> dict[str, Tensor]:
        """The running means, the network, and what its optimizer remembers."""
        own = {f"network/{name}": value.to("cpu", copy=True) for name, value in self._network.state_dict().items()}
        kinds = read_state(self._optimizer, self._parameters)
        moments = {f"{kind}/{name}": value for kind, named in kinds.items() for name, value in named.items()}
        return super().state() | own | moments

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from them."""
        super().restore(state)
        kinds: dict[str, dict[str, Tensor]] = {}
        for path, value in state.items():
            kind, _, name = path.partition("/")
            if name:
                kinds.setdefault(kind, {})[name] = value
        self._network.load_state_dict(kinds.pop("network"))
        write_state(self._optimizer, self._parameters, kinds)

    @property
    def _parameters(self) -> dict[str, nn.Parameter]:
        return dict(self._network.named_parameters())


CONTROLLED_LAWS: Mapping[str, Callable[[Start], GateLaw]] = {"rebar": RebarGates, "relax": RelaxGates}
"""By the setting `estimator`."""
