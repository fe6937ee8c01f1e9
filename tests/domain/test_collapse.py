"""Networks that only guess are told of, with what to change."""

import pytest

from backend.domain.collapse import Accuracies, tell_collapse

EVEN = (0.1,) * 10
CONSTANT = (0.0,) * 9 + (1.0,)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Accuracies(0.97, 0.97, 0.9, 0.098, EVEN), "retrain.optimizer.learning_rate"),
        (Accuracies(0.97, 0.97, 0.1, 0.105, EVEN), "prune.optimizer.learning_rate"),
        (Accuracies(0.97, None, 0.1, 0.105, EVEN), "prune.optimizer.learning_rate"),
        (Accuracies(0.97, 0.1, 0.1, 0.105, EVEN), "at the point before"),
        (Accuracies(0.97, 0.97, 0.9, 0.3, CONSTANT), "retrain.gradient_norm"),  # most examples are of the class it says
        (Accuracies(0.9, 0.9, 0.8, 0.5, (0.0, 1.0)), "retrain.gradient_norm"),
        (Accuracies(0.97, 0.97, 0.3, 0.3, CONSTANT), "already after the removals"),  # retraining changed nothing
        (Accuracies(0.97, 0.3, 0.3, 0.3, CONSTANT), "at the point before"),
        (Accuracies(0.97, 0.97, 0.9, 0.098, (None, *EVEN[1:])), "50"),
    ],
)
def test_a_network_at_chance_is_told_of(found: Accuracies, words: str) -> None:
    sentence = tell_collapse(50, found)
    assert sentence is not None
    what = "does no better than guessing" if max(filter(None, found.by_class)) < 1 else "always gives the same answer"
    assert sentence.startswith(f"Operating point 50 {what}: validation accuracy is ")
    assert words in sentence


@pytest.mark.parametrize(
    "found",
    [
        Accuracies(0.97, 0.97, 0.3, 0.96, (0.96,) * 10),
        Accuracies(0.97, 0.97, 0.1, 0.2, (0.0,) * 8 + (1.0, 1.0)),  # bad, but it tells two classes apart
        Accuracies(0.15, 0.15, 0.1, 0.1, EVEN),  # the dense network only guessed as well
        Accuracies(0.55, 0.55, 0.5, 0.5, (0.5, 0.5)),
        Accuracies(0.9, 0.9, 0.8, 0.7, (0.7, 0.7)),
    ],
)
def test_any_other_network_is_not(found: Accuracies) -> None:
    assert tell_collapse(1, found) is None


@pytest.mark.parametrize("before", [0.1, 0.3])
def test_a_network_that_sparsifying_has_spoiled_is_told_of_that(before: float) -> None:
    sentence = tell_collapse(1, Accuracies(0.97, before, 0.1, 0.105, EVEN))
    assert sentence is not None
    assert f"was {before:.1%} when it had been made sparse" in sentence
    assert "sparsify.regularizer" in sentence
    assert "prune.optimizer" not in sentence
