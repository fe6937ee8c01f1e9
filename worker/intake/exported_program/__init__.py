"""Exported programs: read without PyTorch's loader, which runs what it finds."""
