"""Token ids → arrays: texts are encoded and padded, planned into runs, and run through the ONNX graph."""
