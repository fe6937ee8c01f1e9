"""Datasets: built-in ones by name, and one neutral form (safetensors and a summary) for all of them."""

from worker.data.builtin import load_builtin
from worker.data.labeled import LabeledExamples
from worker.data.neutral import NeutralDataset, from_neutral, to_neutral
from worker.data.picture import draw_examples

__all__ = ["LabeledExamples", "NeutralDataset", "draw_examples", "from_neutral", "load_builtin", "to_neutral"]
