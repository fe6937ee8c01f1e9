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
    failure = refusal(tmp_path, saved({name: value.long() for name, value in state.items()}))
    assert "recognized as `vit_tiny_patch16_224` of timm for 37 classes" in failure.detail


def test_a_network_with_one_tensor_more_is_no_library_network(tmp_path):
    state = {**state_of("timm-vit_tiny_patch16_224-37"), "extra": torch.zeros(3)}
    assert "recognized" not in refusal(tmp_path, saved(state)).detail


def test_a_network_without_class_scores_is_told_that_it_cannot_be_pruned(tmp_path):
    failure = refusal(tmp_path, saved(state_of("torchvision-deeplabv3_mobilenet_v3_large-21")))
    assert "recognized as `deeplabv3_mobilenet_v3_large` of torchvision, a network for segmentation" in failure.detail
    assert "torch.export" not in failure.hint
