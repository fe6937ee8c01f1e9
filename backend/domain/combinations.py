"""Which settings of a recipe contradict each other: one rule a function."""

from collections.abc import Callable

from backend.domain.granularities import granularities_of
from backend.domain.idle_settings import RULES as _IDLE_SETTINGS
from backend.domain.pruning import Prune
from backend.domain.regularizers import (
    GroupLassoRegularizer,
    L0HardConcreteRegularizer,
    Regularizer,
    criterion_that_reads,
    makes_single_weights_zero,
)
from backend.domain.retraining import Sparsify
from backend.domain.sections import Sections
from backend.domain.verdicts import overlooked

_EPOCHS_OF_TURNS = 2
"""For one epoch of each part."""


def contradiction(sections: Sections) -> str | None:
    """The first contradiction, as a sentence that names both fields and says what to choose; None if there is none."""
    return next((sentence for rule in _RULES if (sentence := rule(sections))), None)


def _cost_needs_fisher(sections: Sections) -> str | None:
    cost, criterion = sections.prune.cost.kind, sections.prune.criterion.kind
    if cost == "none" or criterion in ("fisher", "obd") or (cost, criterion) == ("fixed", "taylor"):
        return None
    return (
        f"prune.cost: `{cost}` weighs saved compute against a rise of the loss, which the criterion `{criterion}` does "
        "not estimate; choose `fisher` or the cost `none`"
    )


def _cost_needs_global(sections: Sections) -> str | None:
    if sections.prune.cost.kind == "none" or sections.prune.allocation.kind == "global":
        return None
    return (
        f"prune.cost: a cost decides between layers, but `{sections.prune.allocation.kind}` says itself "
        "how much each gives; choose the allocation `global` or the cost `none`"
    )


def _learned_needs_scores(sections: Sections) -> str | None:
    sparsify = sections.sparsify
    if sections.prune.criterion.kind != "learned" or (sparsify is not None and sparsify.regularizer.leaves_scores):
        return None
    if sparsify is None:
        return (
            "prune.criterion: `learned` reads what a regularizer learned of each channel, and there is no section "
            "sparsify; add it or choose a criterion such as `magnitude`"
        )
    reader = criterion_that_reads(sparsify.regularizer)
    return (
        f"prune.criterion: `learned` reads what a regularizer learned of each channel, but sparsify.regularizer "
        f"`{sparsify.regularizer.kind}` leaves its verdict in the weights; choose the criterion `{reader}`, or a "
        "regularizer that learns gates"
    )


def _dense_needs_epochs(sections: Sections) -> str | None:
    if sections.dense is None or sections.dense.epochs:
        return None
    return (
        "dense.epochs: 0 leaves the fresh weights as they are, and pruning them tells nothing; give it epochs, or "
        "leave the section dense out"
    )


def _teacher_needs_retraining(sections: Sections) -> str | None:
    distill = sections.distill
    if distill is None or not distill.teaches_retraining or sections.retrain.epochs:
        return None
    other = ", or distill.during to `sparsifying`" if sections.sparsify is not None else ""
    return (
        f"distill: there is no retraining to distill in, because retrain.epochs is 0; set retrain.epochs{other}, or "
        "leave distill out"
    )


def _teacher_needs_sparsifying(sections: Sections) -> str | None:
    distill = sections.distill
    if distill is None or not distill.teaches_sparsifying or sections.sparsify is not None:
        return None
    return (
        f"distill.during: `{distill.during}` asks the teacher while a regularizer makes the network sparse, and there "
        "is no section sparsify; add it, or choose `retraining`"
    )


def _start_needs_dense(sections: Sections) -> str | None:
    start = sections.retrain.start
    is_early = start.kind == "rewind" or (start.kind == "sign_kept" and start.of == "initialization")
    if not is_early or sections.dense is not None:
        return None
    return (
        f"retrain.start: `{start.kind}` takes weights from the dense network's first steps, which no upload holds; "
        "add the section dense, which trains that network and keeps them, or choose the start `continue`"
    )


def _rates_need_dense(sections: Sections) -> str | None:
    if sections.retrain.learning_rate_decay != "rewind" or sections.dense is not None:
        return None
    return (
        "retrain.learning_rate_decay: `rewind` takes the learning rates of the section dense, which is missing; "
        "add it or choose `cosine`"
    )


def _rates_need_one_optimizer(sections: Sections) -> str | None:
    dense, retrain = sections.dense, sections.retrain
    if retrain.learning_rate_decay != "rewind" or dense is None or dense.optimizer.kind == retrain.optimizer.kind:
        return None
    return (
        f"retrain.optimizer: `rewind` takes the learning rates of dense.optimizer `{dense.optimizer.kind}`, which do "
        f"not suit `{retrain.optimizer.kind}`; choose `{dense.optimizer.kind}` or the learning_rate_decay `cosine`"
    )


def _start_needs_retraining(sections: Sections) -> str | None:
    if sections.retrain.start.kind == "continue" or sections.retrain.epochs:
        return None
    return (
        f"retrain.start: `{sections.retrain.start.kind}` throws away what was learned, and retrain.epochs 0 learns "
        "nothing anew; set retrain.epochs or choose the start `continue`"
    )


def _methods_need_granularity(sections: Sections) -> str | None:
    prune = sections.prune
    for field, method in (("criterion", prune.criterion), ("allocation", prune.allocation)):
        known = granularities_of(method)
        if prune.granularity.kind not in known:
            return (
                f"prune.{field}: `{method.kind}` does not exist for prune.granularity `{prune.granularity.kind}`; "
                f"choose the granularity `{min(known)}` or another {field}"
            )
    return None


def _magnitudes_needed(sections: Sections) -> str | None:
    criterion, allocation = sections.prune.criterion.kind, sections.prune.allocation.kind
    if allocation not in ("lamp", "layer_threshold") or criterion == "magnitude":
        return None
    return (
        f"prune.allocation: `{allocation}` compares magnitudes of weights, which prune.criterion `{criterion}` does "
        "not tell; choose the criterion `magnitude` or the allocation `global`"
    )


def _weights_go_in_bulk(sections: Sections) -> str | None:
    prune = sections.prune
    if prune.granularity.kind == "channel" or prune.schedule.kind != "greedy":
        return None
    return (
        "prune.schedule: `greedy` takes a few channels at a time, but prune.granularity `unstructured` takes single "
        "weights, of which there are too many; choose the schedule `one_shot` or `cubic`"
    )


def _weights_leave_shapes(sections: Sections) -> str | None:
    prune = sections.prune
    if prune.granularity.kind == "channel":
        return None
    if prune.cost.kind != "none":
        return (
            f"prune.cost: `{prune.cost.kind}` weighs what a channel saves, but prune.granularity `unstructured` saves "
            "no time; choose the cost `none`"
        )
    if prune.width_multiple > 1:
        return (
            f"prune.width_multiple: {prune.width_multiple} rounds widths, but prune.granularity `unstructured` leaves "
            "all widths as they are; choose 1"
        )
    return None


def _noise_is_of_single_weights(sections: Sections) -> str | None:
    sparsify, granularity = sections.sparsify, sections.prune.granularity.kind
    if sparsify is None or granularity == "unstructured" or not makes_single_weights_zero(sparsify.regularizer):
        return None
    return (
        f"sparsify.regularizer: `{sparsify.regularizer.kind}` makes single weights zero, which leaves whole channels "
        f"in place for prune.granularity `{granularity}`; choose the granularity `unstructured`, or a regularizer such "
        "as `l0_hard_concrete` with gated `channels`"
    )


def _passes_need_channels(sections: Sections) -> str | None:
    sparsify, granularity = sections.sparsify, sections.prune.granularity.kind
    if sparsify is None or sparsify.passes == "once" or granularity == "channel":
        return None
    return (
        "sparsify.passes: `each_point` trains with the regularizer again once something is gone, but with "
        f"prune.granularity `{granularity}` weights that went are still there, and it would stir them; choose `once`, "
        "or the granularity `channel`"
    )


def _lasso_needs_a_strength(sections: Sections) -> str | None:
    regularizer = None if sections.sparsify is None else sections.sparsify.regularizer
    if not isinstance(regularizer, GroupLassoRegularizer) or not regularizer.shrinks_nothing:
        return None
    return (
        "sparsify.regularizer: `group_lasso` shrinks nothing while strength, channel_strength, shape_strength and "
        "layer_strength are 0; set one of them, or leave the section sparsify out"
    )


def _turns_need_epochs(sections: Sections) -> str | None:
    epochs = sections.retrain.epochs
    if sections.retrain.parts == "together" or epochs >= _EPOCHS_OF_TURNS:
        return None
    return (
        "retrain.parts: `in_turn` trains fully connected layers and convolutions in an epoch each, and retrain.epochs "
        f"is {epochs}; set retrain.epochs to {_EPOCHS_OF_TURNS} or more, or choose `together`"
    )


def counts_latency(prune: Prune, sparsify: Sparsify | None) -> bool:
    """Whether any setting of a recipe needs the times of the layers."""
    regularizer = None if sparsify is None else sparsify.regularizer
    return (prune.cost.kind != "none" and prune.cost.counted == "latency") or _gates_count_latency(regularizer)


def _gates_count_latency(regularizer: Regularizer | None) -> bool:
    return isinstance(regularizer, L0HardConcreteRegularizer) and regularizer.counted == "latency"


def _zeros_save_no_time(sections: Sections) -> str | None:
    granularity = sections.prune.granularity.kind
    regularizer = None if sections.sparsify is None else sections.sparsify.regularizer
    if granularity == "channel" or not _gates_count_latency(regularizer):
        return None
    return (
        "sparsify.regularizer.counted: `latency` is the time that leaves with a channel, but prune.granularity "
        f"`{granularity}` leaves all channels in place, and zeros save no time; choose the granularity `channel`, or "
        "counted `parameters`"
    )


def _times_need_a_reader(sections: Sections) -> str | None:
    if sections.latency is None or counts_latency(sections.prune, sections.sparsify):
        return None
    return (
        "latency: neither prune.cost nor sparsify.regularizer counts latency; set prune.cost.counted or "
        "sparsify.regularizer.counted to `latency`, or leave the section latency out"
    )


_RULES: tuple[Callable[[Sections], str | None], ...] = (
    _noise_is_of_single_weights,
    _passes_need_channels,
    _lasso_needs_a_strength,
    _cost_needs_fisher,
    _cost_needs_global,
    _learned_needs_scores,
    overlooked,
    _dense_needs_epochs,
    _teacher_needs_sparsifying,
    _teacher_needs_retraining,
    _start_needs_dense,
    _rates_need_dense,
    _rates_need_one_optimizer,
    _start_needs_retraining,
    _methods_need_granularity,
    _magnitudes_needed,
    _weights_go_in_bulk,
    _weights_leave_shapes,
    _turns_need_epochs,
    _zeros_save_no_time,
    _times_need_a_reader,
    *_IDLE_SETTINGS,
)
