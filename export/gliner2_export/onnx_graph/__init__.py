"""ONNX graphs: traced from torch, edited by passes, optimised, and run in sessions during an export."""
