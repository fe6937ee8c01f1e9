"""Which settings of a recipe would do nothing, or undo what others do: one rule a function."""

from collections.abc import Callable

from backend.domain.pruning import Prune
from backend.domain.regularizers import criterion_that_reads, makes_single_weights_zero
from backend.domain.retraining import Retrain
from backend.domain.sections import Sections


def _widths_that_stay(sections: Sections) -> str | None:
    prune = sections.prune
    if prune.granularity.kind == "channel":
        return None
    for field, value in (("minimum_width", prune.minimum_width), ("removal_macs", prune.removal_macs)):
        usual = Prune.model_fields[field].default
        if value != usual:
            return (
                f"prune.{field}: {value:g} says how layers become thinner, but prune.granularity "
                f"`{prune.granularity.kind}` leaves all widths as they are; leave it at {usual:g}, or choose the "
                "granularity `channel`"
            )
    return None


def _teacher_without_weight(sections: Sections) -> str | None:
    if sections.distill is None or sections.distill.weight:
        return None
    return (
        "distill.weight: 0 leaves the teacher out of the loss, so the section distill does nothing; set distill.weight "
        "above 0, or leave distill out"
    )


def _regularizer_without_epochs(sections: Sections) -> str | None:
    sparsify = sections.sparsify
    if sparsify is None or sparsify.epochs:
        return None
    reads = ", and prune.criterion `learned` has nothing to read" if sections.prune.criterion.kind == "learned" else ""
    return (
        f"sparsify.epochs: in 0 epochs sparsify.regularizer `{sparsify.regularizer.kind}` makes nothing sparse{reads}; "
        "set sparsify.epochs, or leave the section sparsify out"
    )


def _sparsity_that_nobody_reads(sections: Sections) -> str | None:
    sparsify = sections.sparsify
    if sparsify is None or sections.prune.criterion.kind != "random":
        return None
    what = "weights" if makes_single_weights_zero(sparsify.regularizer) else "channels"
    return (
        f"prune.criterion: `random` draws {what} by lot, so that what sparsify.regularizer "
        f"`{sparsify.regularizer.kind}` has made of them is lost; choose the criterion "
        f"`{criterion_that_reads(sparsify.regularizer)}`, or leave the section sparsify out"
    )


def _distances_of_unlike_layers(sections: Sections) -> str | None:
    prune = sections.prune
    if prune.criterion.kind != "geometric_median" or prune.allocation.kind != "global":
        return None
    return (
        "prune.allocation: `global` ranks the channels of all layers together, but the distances that prune.criterion "
        "`geometric_median` adds up cannot be compared between unlike layers; choose the allocation `uniform` or `erk`"
    )


def _step_that_nobody_rewinds_to(sections: Sections) -> str | None:
    dense, start = sections.dense, sections.retrain.start
    if dense is None or not dense.keep_step or goes_back_to_kept_step(sections.retrain):
        return None
    return (
        f"dense.keep_step: nothing goes back to step {dense.keep_step:,}, because retrain.start is `{start.kind}` and "
        "no learning rates are rewound; set dense.keep_step to 0, or choose the start `rewind` to `keep_step`, or the "
        "learning_rate_decay `rewind`"
    )


def _warm_up_of_rewound_rates(sections: Sections) -> str | None:
    retrain = sections.retrain
    if not retrain.learning_rate_warm_up or retrain.learning_rate_decay != "rewind":
        return None
    return (
        "retrain.learning_rate_warm_up: the learning_rate_decay `rewind` takes the learning rates of the section "
        "dense, with the warm-up that they have there; set retrain.learning_rate_warm_up to 0, or choose another decay"
    )


def goes_back_to_kept_step(retrain: Retrain) -> bool:
    """Whether retraining takes weights or learning rates of `dense.keep_step`."""
    start = retrain.start
    if start.kind == "rewind" and start.to == "initialization":
        return False
    return retrain.learning_rate_decay == "rewind" or start.kind == "rewind"


def _update_thrown_away(sections: Sections) -> str | None:
    start = sections.retrain.start.kind
    if sections.prune.criterion.kind != "obs" or start == "continue":
        return None
    return (
        f"retrain.start: `{start}` throws away the weights that prune.criterion `obs` changed to make up for those "
        "that went; choose the start `continue`, or the criterion `obd`, which changes none"
    )


RULES: tuple[Callable[[Sections], str | None], ...] = (
    _widths_that_stay,
    _teacher_without_weight,
    _regularizer_without_epochs,
    _sparsity_that_nobody_reads,
    _distances_of_unlike_layers,
    _step_that_nobody_rewinds_to,
    _warm_up_of_rewound_rates,
    _update_thrown_away,
)
