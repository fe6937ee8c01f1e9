"""Recognizing torchvision and timm architectures from tensor names and shapes, without those libraries."""

from worker.recognition.recognition import Recognition, recognize

__all__ = ["Recognition", "recognize"]
