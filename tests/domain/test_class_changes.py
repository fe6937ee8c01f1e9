from backend.domain.class_changes import worst_changes
from backend.domain.reports import OperatingPoint


def point(index: int, classes: tuple[float | None, ...] | None) -> OperatingPoint:
    sizes = {"step": 0, "sparsity": 0.0, "macs": 1, "parameters": 1, "widths": ()}
    accuracies = dict.fromkeys(("dense_accuracy", "pruned_accuracy", "retrained_accuracy", "test_accuracy"), 0.5)
    losses = {"retrained_loss": 1.0, "test_loss": 1.0}
    return OperatingPoint.model_validate(
        {"index": index, "test_class_accuracies": classes} | sizes | accuracies | losses
    )


def test_the_classes_that_lost_most_come_first_and_none_that_gained() -> None:
    dense = point(0, (0.9, 0.9, None, 0.5, 0.8))
    changes = worst_changes(dense, point(1, (0.8, 0.3, None, 0.6, 0.8)))
    assert [(item.label, item.dense_accuracy, item.accuracy) for item in changes] == [(1, 0.9, 0.3), (0, 0.9, 0.8)]
    assert abs(changes[0].change + 0.6) < 1e-12


def test_at_most_five_classes_are_named() -> None:
    assert len(worst_changes(point(0, (1.0,) * 9), point(1, (0.5,) * 9))) == 5


def test_nothing_is_said_of_the_dense_network_and_of_points_without_records() -> None:
    recorded = point(0, (0.9,))
    assert not worst_changes(recorded, recorded)
    assert not worst_changes(recorded, point(1, None))
    assert not worst_changes(None, point(1, (0.5,)))
