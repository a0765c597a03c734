"""ONNX graphs: traced from torch, edited by passes, optimised, and the sessions that run them meanwhile."""
