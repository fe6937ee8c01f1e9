"""The network in training: a module with gates, its optimizer, and the channels that are still on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import torch
from torch import Tensor, fx, nn

from worker.engine.batch_norms import batch_norm_scales, untracked
from worker.engine.checkpoint import Checkpoint
from worker.engine.coupling import ChannelGroup, find_groups
from worker.engine.dead_channels import Thinned
from worker.engine.gates import Gates
from worker.engine.inputs import Inputs
from worker.engine.masks import Masks
from worker.engine.network import Network, build, with_weights
from worker.engine.placement import on_device
from worker.engine.recollection import Recollection
from worker.engine.regularizers.regularizer import Regularizer
from worker.engine.retraining.losses import Loss, cross_entropy
from worker.engine.retraining.optimizers import MakeOptimizer, OptimizerState, fill_momentum, read_state, write_state
from worker.engine.signal import INFORMATION, Signal
from worker.engine.substitution import Substitution
from worker.engine.surgery import put_back, remove, remove_from_tensors, thin_groups
from worker.engine.weight_bits import significands
from worker.engine.weights.masks import WeightMasks

_REGULARIZER = "regularizer"
"""Prefix of a regularizer's own parameters among the network's."""
_SPEED = "speed"
"""Learning rate of a group of parameters, in units of the network's."""


class Trainee:
    """A trainable network whose channels can be turned off at once and removed physically later.

    Single weights can be masked too; they are zero, and stay zero.
    """

    def __init__(self, network: Network, device: torch.device) -> None:
        self._device = device
        self._signal = Signal()
        self._make_optimizer: MakeOptimizer | None = None
        self.regularizer: Regularizer | None = None
        self.gradient_norm: float | None = None
        """Longer gradients, of what is not masked, are scaled down to this L2 norm; None: none is."""
        self.significands: dict[str, Tensor] = {}
        """Bits after the point that the dense network's weights are worth, by name, where a regularizer learned it."""
        self._dense = network
        self.batch_norm_scales = batch_norm_scales(network)
        groups = find_groups(network)
        self._dense_widths = {group.name: group.width for group in groups}
        self.recollection = Recollection(self._dense_widths)
        self.masks = Masks.full(groups)
        self.weight_masks = WeightMasks()
        self._closed = WeightMasks()
        """Layers that a regularizer made zero; their masks keep nothing."""
        self._install(network, groups)

    def _install(self, network: Network, groups: Sequence[ChannelGroup]) -> None:
        self._network, self.groups = network, groups
        self.module: fx.GraphModule = on_device(build(network), self._device)
        self._substituted = Substitution(self.module)
        self.gates = Gates(self.module, self.groups, self._signal)
        self.gates.apply(self.masks.on)
        self._optimizer: torch.optim.Optimizer | None = None
        if self._make_optimizer is not None:
            self.start_training(self._make_optimizer)

    def start_training(self, make: MakeOptimizer) -> None:
        """Begin with a fresh optimizer; a regularizer's own parameters have no weight decay, and their own speed."""
        self._make_optimizer = make
        self._optimizer = make(self.module.parameters())
        if self.regularizer is not None and self.regularizer.parameters:
            own = {"params": list(self.regularizer.parameters.values()), "weight_decay": 0.0}
            self._optimizer.add_param_group(own | {_SPEED: self.regularizer.speed})

    def finish_regularizer(self) -> None:
        """Go on with plain weights and the scores that were learned."""
        if self.regularizer is not None:
            variances = self.regularizer.variances()
            zero = {name: self.tensors[name] != 0 for name in self.regularizer.zero_layers()}
            self._closed = WeightMasks(zero)
            bits = {name: significands(value).cpu() for name, value in variances.items()}
            present = self.masks.present(self._dense_widths)
            self.significands = put_back(bits, self._dense.tensors, find_groups(self._dense), present)
            self.recollection.learn(self.regularizer.finish(), self.masks)
            self.regularizer = None

    def scores(self, inputs: Inputs) -> Tensor:
        """Class scores (N, classes) of a batch in training, by the weights that a regularizer has for this step."""
        weights = {} if self.regularizer is None else dict(self.regularizer.weights())
        scores: Tensor = self._substituted(weights, *inputs) if weights else self.module(*inputs)
        return scores

    def second_scores(self, inputs: Inputs) -> Tensor | None:
        """Class scores by the weights that a regularizer compares these with; None where it compares none."""
        weights = {} if self.regularizer is None else dict(self.regularizer.second_weights())
        return self._substituted(weights, *inputs) if weights else None

    def relaxed_scores(self, inputs: Inputs) -> list[Tensor]:
        """Class scores by the relaxed weights that a regularizer wants slopes by.

        Norms do not learn from them: gates between 0 and 1 spread less than those that the network will have.
        """
        relaxed = () if self.regularizer is None else self.regularizer.relaxed_weights()
        with untracked(self.module):
            return [self._substituted(weights, *inputs) for weights in relaxed]

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the optimizer's step size."""
        for group in self._trained_by.param_groups:
            group["lr"] = learning_rate * group.get(_SPEED, 1.0)

    def learn(
        self, loss: Tensor, batch_size: int, second: Tensor | None = None, relaxed: Sequence[Tensor] = ()
    ) -> None:
        """One optimizer step on a mean loss over `batch_size` examples; the gates' signal is read on the way.

        `second` is the mean loss by the weights of `second_scores`, `relaxed` are those by `relaxed_scores`.
        """
        self._trained_by.zero_grad(set_to_none=True)
        if self.regularizer is not None:
            with self.gates.signal.paused():
                self.regularizer.observe(loss.detach(), second, relaxed)
            loss = loss + self.regularizer.penalty()
        loss.backward()  # type: ignore[no-untyped-call]
        if self.regularizer is not None:
            self.regularizer.add_gradients()
        if self.gates.signal.is_reading:
            self.gates.signal.finish_batch(batch_size)
        if self.gradient_norm is not None:
            self.weight_masks.drop_gradients(self.module)
            self._closed.drop_gradients(self.module)
            nn.utils.clip_grad_norm_(self.parameters.values(), self.gradient_norm)
        self._trained_by.step()
        if self.regularizer is not None:
            self.regularizer.finish_step(self._trained_by.param_groups[0]["lr"])
        self.weight_masks.apply(self.module)
        self._closed.apply(self.module)

    @contextmanager
    def observed(self) -> Iterator[None]:
        """In the steps within, read the Fisher information of every layer, unless a criterion reads anyway."""
        if self._signal.is_reading:
            yield
            return
        self._signal.start(INFORMATION)
        yield
        self._signal.stop()

    def informed(self, taught: Loss) -> Loss:
        """The same loss with a teacher; what is observed is of the labels alone, in a backward pass of its own."""

        def loss(logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor:
            if self._signal.awaits_batch and torch.is_grad_enabled():
                trained = [parameter for parameter in self.parameters.values() if parameter.requires_grad]
                by_labels = cross_entropy(logits, labels, inputs)
                torch.autograd.grad(by_labels, trained, retain_graph=True, allow_unused=True)
                self._signal.finish_batch(len(labels))
            return taught(logits, labels, inputs)

        return loss

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """Trainable tensors by name, a regularizer's own included."""
        own = {} if self.regularizer is None else self.regularizer.parameters
        return dict(self.module.named_parameters()) | {f"{_REGULARIZER}.{name}": own[name] for name in own}

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The module's tensors by name, where they are, as they are."""
        return {name: tensor.detach() for name, tensor in self.module.state_dict().items()}

    def network(self) -> Network:
        """The network as it is now, on the CPU; channels that are off but present are in it."""
        return with_weights(self._network, self.module)

    def as_thinned(self) -> Thinned:
        """The network as it is now, on the CPU, and which of the dense network's channels it has."""
        return Thinned(self._dense, self.masks.present(self._dense_widths), self.network())

    def thinned(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Tensors of the dense network as they would be in the network as it is now."""
        return remove_from_tensors(tensors, find_groups(self._dense), self.masks.present(self._dense_widths))

    def thinned_significands(self, present: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """`significands` of a network with the dense network's channels that are present, bool (width,) by group."""
        return remove_from_tensors(self.significands, find_groups(self._dense), present) if self.significands else {}

    @torch.no_grad()
    def set_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Write values into parameters and buffers, by name; what is off or masked stays so."""
        own = self.module.state_dict()
        for name, tensor in tensors.items():
            if tensor.is_floating_point():  # positions along an axis follow from the channels that are present
                own[name].copy_(tensor)
        self.weight_masks.apply(self.module)
        self._closed.apply(self.module)

    def freeze(self, names: frozenset[str]) -> None:
        """Train all parameters but these from now on; the optimizer leaves them, and what it knows of them, alone."""
        for name, parameter in self.module.named_parameters():
            parameter.requires_grad_(parameter.is_floating_point() and name not in names)
        fill_momentum(self._trained_by)

    def mask_weights(self, kept: Mapping[str, Tensor]) -> None:
        """Set single weights to zero, for good: bool masks by tensor, True = keep, in place of those before."""
        self.weight_masks = WeightMasks(kept)
        self.weight_masks.apply(self.module)

    def turn_off(self, channels: Sequence[tuple[str, int]]) -> None:
        """Mask channels given as (group, position); hidden units, which feed back, go physically at once."""
        self.masks = self.masks.off(channels)
        self.gates.apply(self.masks.on)
        touched = {name for name, _ in channels}
        if any(group.unit == "hidden" for group in self.groups if group.name in touched):
            self.compact()

    def compact(self) -> None:
        """Remove all channels that are off, from weights and optimizer state alike."""
        if self.masks.is_compact:
            return
        state = self._optimizer_state()
        keep, groups = self.masks.on, self.groups
        tensors = remove_from_tensors(self.network().tensors, groups, keep)
        self.masks = self.masks.compacted()
        self._closed = WeightMasks(remove_from_tensors(self._closed.kept, groups, keep))
        self._install_thin(tensors)
        self._restore_optimizer({kind: remove_from_tensors(tensors, groups, keep) for kind, tensors in state.items()})

    def _install_thin(self, tensors: Mapping[str, Tensor]) -> None:
        """Go to the network with the channels that the masks say are present, and these weights.

        The graph and the groups are always made from the dense ones, so that a group stays what it was.
        """
        present = self.masks.present(self._dense_widths)
        thin = remove(self._dense, present)
        weights = {
            name: tensors[name] if tensor.is_floating_point() else tensor for name, tensor in thin.tensors.items()
        }
        self._install(Network(thin.graph, weights), thin_groups(self._dense, present))

    def checkpoint_tensors(self) -> dict[str, Tensor]:
        """Weights, optimizer state and masks, copied to the CPU."""
        tensors = {f"weights/{name}": tensor for name, tensor in self.network().tensors.items()}
        for kind, named in self._optimizer_state().items():
            tensors |= {f"optimizer/{kind}/{name}": tensor for name, tensor in named.items()}
        tensors |= {f"masks/{name}": tensor for name, tensor in self.masks.tensors().items()}
        tensors |= {f"weight_masks/{name}": tensor for name, tensor in self.weight_masks.tensors().items()}
        tensors |= {f"closed/{name}": tensor for name, tensor in self._closed.tensors().items()}
        tensors |= self.recollection.checkpoint_tensors()
        tensors |= {f"significands/{name}": bits for name, bits in self.significands.items()}
        if self.regularizer is not None:
            tensors |= {f"regularizer/state/{name}": value for name, value in self.regularizer.state().items()}
            own = self.regularizer.parameters
            tensors |= {f"regularizer/own/{name}": own[name].detach().to("cpu", copy=True) for name in own}
        return tensors

    def restore(self, checkpoint: Checkpoint, make: MakeOptimizer, prepare: "PrepareRegularizer | None" = None) -> None:
        """From the dense network this trainee was made of, go to a checkpoint's state.

        `prepare` makes the regularizer anew when the checkpoint lies in a stretch that has one.
        """
        self.recollection.restore(checkpoint)
        self.significands = checkpoint.part("significands")
        self.masks = Masks.from_tensors(checkpoint.part("masks"), list(self._dense_widths))
        self.weight_masks = WeightMasks.from_tensors(checkpoint.part("weight_masks"), self._device)
        self._closed = WeightMasks.from_tensors(checkpoint.part("closed"), self._device)
        self._install_thin(checkpoint.part("weights"))
        if prepare is not None:
            self.regularizer = prepare(self)
            self.regularizer.restore(checkpoint.part("regularizer/state"))
            for name, tensor in checkpoint.part("regularizer/own").items():
                self.regularizer.parameters[name].data.copy_(tensor)
        self.start_training(make)
        kinds: OptimizerState = {}
        for name, tensor in checkpoint.part("optimizer").items():
            kind, _, parameter = name.partition("/")
            kinds.setdefault(kind, {})[parameter] = tensor
        self._restore_optimizer(kinds)

    @property
    def _trained_by(self) -> torch.optim.Optimizer:
        if self._optimizer is None:
            raise RuntimeError("start_training comes before the first step")
        return self._optimizer

    def _optimizer_state(self) -> OptimizerState:
        return {} if self._optimizer is None else read_state(self._optimizer, self.parameters)

    def _restore_optimizer(self, kinds: OptimizerState) -> None:
        if self._optimizer is not None:
            write_state(self._optimizer, self.parameters, kinds)


PrepareRegularizer: TypeAlias = Callable[[Trainee], Regularizer]
