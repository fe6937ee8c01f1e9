"""Rows, one noun a file; importing this package makes the metadata complete."""

from backend.db.models.api_token import ApiTokenRow
from backend.db.models.artifact import ArtifactRow
from backend.db.models.dataset import DatasetRow
from backend.db.models.delivery import DeliveryRow
from backend.db.models.dropped_blob import DroppedBlobRow
from backend.db.models.job import JobRow
from backend.db.models.login_code import LoginCodeRow
from backend.db.models.model import ModelRow
from backend.db.models.operating_point import PointRow
from backend.db.models.run_step import StepRow
from backend.db.models.session import SessionRow

__all__ = [
    "ApiTokenRow",
    "ArtifactRow",
    "DatasetRow",
    "DeliveryRow",
    "DroppedBlobRow",
    "JobRow",
    "LoginCodeRow",
    "ModelRow",
    "PointRow",
    "SessionRow",
    "StepRow",
]
