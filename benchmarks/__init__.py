"""Benchmarks of gliner2_lite beside the reference and a plain ONNX export: ``python -m benchmarks --help``.

The package is no part of the wheel. README.md in this folder says what is measured and how.
"""
