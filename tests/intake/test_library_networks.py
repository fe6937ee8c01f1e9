"""State dicts of torchvision and timm networks: recognized, and told how to come back."""

import json
from pathlib import Path

import pytest
import torch

from backend.domain.errors import FailureCode
from tests.intake.checkpoints import saved
from tests.intake.test_state_dicts import refusal

FIXTURES = Path(__file__).parents[1] / "recognition" / "fixtures"


def state_of(fixture, prefix=""):
    shapes = json.loads((FIXTURES / f"{fixture}.json").read_text())
    return {
        prefix + name: torch.zeros(shape, dtype=torch.int64 if name.endswith("tracked") else torch.float32)
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_timm_network_is_named_with_the_lines_that_export_it(tmp_path, prefix):
    failure = refusal(tmp_path, saved(state_of("timm-convnext_atto-1000", prefix)))
    assert failure.code is FailureCode.UNKNOWN_ARCHITECTURE
    assert "recognized as `convnext_atto` of timm for 1000 classes" in failure.detail
    assert len(failure.hint.splitlines()) == 4
    assert 'torch.load("upload.pt", weights_only=True)' in failure.hint
    assert ('removeprefix("module.")' in failure.hint) == bool(prefix)


def test_buffers_of_whole_numbers_do_not_hide_the_network(tmp_path):
    state = state_of("timm-vit_tiny_patch16_224-37")
    learned = {name for name in state if name.endswith((".weight", ".bias"))}
    mixed = {name: value if name in learned else value.long() for name, value in state.items()}
    failure = refusal(tmp_path, saved(mixed))
    assert "recognized as `vit_tiny_patch16_224` of timm for 37 classes" in failure.detail


def test_weights_of_whole_numbers_are_named_before_the_network_is(tmp_path):
    state = state_of("timm-vit_tiny_patch16_224-37")
    failure = refusal(tmp_path, saved(state | {"head.weight": state["head.weight"].to(torch.int8)}))
    assert "holds `head.weight` as int8; weights must be floating-point" in failure.detail


def test_a_network_with_one_tensor_more_is_no_library_network(tmp_path):
    state = {**state_of("timm-vit_tiny_patch16_224-37"), "extra": torch.zeros(3)}
    detail = refusal(tmp_path, saved(state)).detail
    assert "recognized" not in detail
    assert "All names and shapes must be those of" in detail
    assert "nearest" not in detail  # nothing of the zoo is near


def test_a_network_without_class_scores_is_told_that_it_cannot_be_pruned(tmp_path):
    failure = refusal(tmp_path, saved(state_of("torchvision-deeplabv3_mobilenet_v3_large-21")))
    assert "recognized as `deeplabv3_mobilenet_v3_large` of torchvision, a network for segmentation" in failure.detail
    assert "torch.export" not in failure.hint
