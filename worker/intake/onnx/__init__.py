"""Our own reader of ONNX files: a table of operators, each made of allow-listed aten operations."""

from worker.intake.onnx.reader import OnnxReading, read_onnx

__all__ = ["OnnxReading", "read_onnx"]
