"""From an untrusted upload to a network or a dataset; files are opened only inside the sandbox.

The modules named `*_child`, and what they import, run in the locked-down process.
"""

from worker.intake.datasets import inspect_dataset
from worker.intake.models import inspect_model
from worker.intake.outcome import Choice, ModelIntake, Ready

__all__ = ["Choice", "ModelIntake", "Ready", "inspect_dataset", "inspect_model"]
